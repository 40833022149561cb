"""Who works here: everybody with a role, invitations, and what each may do."""

from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from cranny import people, sites
from cranny.core.errors import CrannyError, NotFound
from cranny.pages.operator.desk import Desk, Told
from cranny.platform.auth import Principal
from cranny.platform.db import Tx
from cranny.platform.gate import BY_SITE
from cranny.platform.permissions import Action, Membership, Role
from cranny.ui.people import PeopleView, PersonLine, RoleLine

HOME: Final = "/people"
MOST: Final = 500
FIRST: Final = UUID(int=0)


class Invited(msgspec.Struct, frozen=True):
    email: Annotated[str, msgspec.Meta(max_length=300)]
    role: Role
    name: Annotated[str, msgspec.Meta(max_length=300)] = ""
    site: str = ""


class Changed(msgspec.Struct, frozen=True):
    """`deed` is done to (`role`, `site`) of a person; no site is the whole tenant."""

    deed: str
    role: Role
    site: str = ""


def people_routes(desk: Desk) -> list[ControllerRouterHandler]:
    edit = desk.page(Action.PEOPLE_EDIT, narrows=BY_SITE)

    @get(HOME, **desk.page(Action.PEOPLE_READ, narrows=BY_SITE))
    async def everybody(request: Told) -> Response[str]:
        return await _drawn(desk, request)

    @post(HOME, status_code=200, **edit)
    async def invite(
        request: Told, data: Annotated[Invited, Body(media_type=RequestEncodingType.URL_ENCODED)]
    ) -> Response[Any]:
        who = desk.who(request)
        try:
            async with desk.db.transaction(who.tenant) as tx:
                contact = people.Contact(data.name or None, data.email)
                role = Membership(data.role, site_of(data.site))
                people.insist_on([role], who.rights.may(Action.PEOPLE_EDIT).where)
                await people.invite(tx, desk.keyring, contact, [role], by=who.who)
        except CrannyError as error:
            return await _drawn(desk, request, wrong=error.code, given=data)
        return Redirect(HOME, status_code=303)

    @post(f"{HOME}/{{person:uuid}}/roles", status_code=200, **edit)
    async def change(
        request: Told,
        person: FromPath[UUID],
        data: Annotated[Changed, Body(media_type=RequestEncodingType.URL_ENCODED)],
    ) -> Response[Any]:
        who = desk.who(request)
        try:
            at = who.rights.may(Action.PEOPLE_EDIT).where
            async with desk.db.transaction(who.tenant) as tx:
                people.insist_on([Membership(data.role, site_of(data.site))], at)
                await people.insist_known(tx, person, at)
                if data.deed == "take":
                    await people.take(tx, person, data.role, site=site_of(data.site), by=who.who)
                else:
                    await people.give(tx, desk.keyring, person, data.role, site=site_of(data.site), by=who.who)
        except CrannyError as error:
            return await _drawn(desk, request, wrong=error.code)
        return Redirect(HOME, status_code=303)

    return [everybody, invite, change]


async def _drawn(desk: Desk, request: Told, *, wrong: str = "", given: Invited | None = None) -> Response[str]:
    who = desk.who(request)
    async with desk.db.transaction(who.tenant) as tx:
        view = await _view(tx, who)
    return desk.draw(request, "people.html", v=view, wrong=wrong, given=given, rooms=desk.rooms(who))


async def _view(tx: Tx, who: Principal) -> PeopleView:
    at = who.rights.may(Action.PEOPLE_READ).where
    has = await people.memberships(tx)
    seen: dict[UUID, datetime] = {}
    for row in await people.live_sessions(tx):
        seen.setdefault(row.holder, row.seen)
    places = await named(tx, at)
    lines = tuple(
        PersonLine(
            id=str(id_),
            name=known.name or "",
            email=known.email or "",
            roles=tuple(
                RoleLine(row.role, str(row.site or ""), places.get(row.site, "") if row.site else "")
                for row in people.roles_shown(has.get(id_, ()), at)
            ),
            seen=seen.get(id_),
            own=id_ == who.id,
        )
        for id_, known in await people.members(tx, after=FIRST, limit=MOST, at=at)
    )
    edits = who.rights.may(Action.PEOPLE_EDIT)
    return PeopleView(lines, in_order(places), tuple(Role), may_edit=bool(edits), everywhere=edits.tenant)


async def named(tx: Tx, at: frozenset[UUID] | None = None) -> dict[UUID, str]:
    """The names of the sites where banks stand."""
    return {bank.site: bank.site_name for bank in await sites.list_banks(tx, limit=MOST, at=at)}


def in_order(places: dict[UUID, str]) -> tuple[tuple[str, str], ...]:
    """(id, name), by name."""
    return tuple(sorted(((str(id_), name) for id_, name in places.items()), key=lambda place: place[1]))


def site_of(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError as error:
        raise NotFound("There is no such site.", code="site-not-found") from error
