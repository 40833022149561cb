"""Personal data: for how long it is kept, and one person's handed out or erased.

Whom somebody looks for goes in the body of a form and never in an address: addresses stand in logs and histories.
"""

from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath, FromQuery
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from cranny import people
from cranny.core.errors import Conflict, CrannyError
from cranny.pages.operator.desk import Desk, Told
from cranny.platform.db import Tx
from cranny.platform.permissions import Action
from cranny.ui.admin import KindLine, PersonalView, PrivacyView
from cranny.usecases import privacy

HOME: Final = "/privacy"


class Sought(msgspec.Struct, frozen=True):
    """An e-mail address or a telephone number."""

    address: Annotated[str, msgspec.Meta(max_length=300)]


class Erased(msgspec.Struct, frozen=True):
    why: privacy.Why


def privacy_routes(desk: Desk) -> list[ControllerRouterHandler]:
    return [*_kept(desk), _find(desk), *_one(desk)]


def _kept(desk: Desk) -> list[ControllerRouterHandler]:
    @get(HOME, **desk.page(Action.PRIVACY_READ))
    async def shown(request: Told, said: FromQuery[str] = "") -> Response[str]:
        return await _drawn(desk, request, said=said if said in ("erased", "saved") else "")

    @post(HOME, status_code=200, **desk.page(Action.PRIVACY_EDIT))
    async def set_privacy(
        request: Told, data: Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]
    ) -> Response[Any]:
        """`ask`, and the days of each kind by its name; a kind that is empty is kept as proposed."""
        who, kept = desk.who(request), desk.keepers.kept
        wanted = {one.kind: data[one.kind].strip() for one in kept if data.get(one.kind, "").strip()}
        if not all(text.isdecimal() and len(text) <= len("3650") for text in wanted.values()):
            return await _drawn(desk, request, wrong="retention-invalid")
        try:
            async with desk.db.transaction(who.tenant) as tx:
                days = {kind: int(text) for kind, text in wanted.items()}
                await privacy.write(tx, kept, days, ask=bool(data.get("ask")), by=who.who)
        except CrannyError as error:
            return await _drawn(desk, request, wrong=error.code)
        return Redirect(HOME, query_params={"said": "saved"}, status_code=303)

    return [shown, set_privacy]


def _find(desk: Desk) -> ControllerRouterHandler:
    @post(f"{HOME}/find", status_code=200, **desk.page(Action.PERSONAL_ERASE))
    async def find_person(
        request: Told, data: Annotated[Sought, Body(media_type=RequestEncodingType.URL_ENCODED)]
    ) -> Response[Any]:
        who = desk.who(request)
        try:
            async with desk.db.transaction(who.tenant) as tx:
                person = await people.known_by(tx, data.address.strip())
        except CrannyError as error:
            return await _drawn(desk, request, wrong=error.code)
        if person is None:
            return await _drawn(desk, request, wrong="person-not-found")
        return Redirect(f"{HOME}/people/{person}", status_code=303)

    return find_person


def _one(desk: Desk) -> list[ControllerRouterHandler]:
    @get(f"{HOME}/people/{{person:uuid}}", **desk.page(Action.PERSONAL_EXPORT))
    async def show_person(request: Told, person: FromPath[UUID]) -> Response[str]:
        return await _person(desk, request, person)

    @post(f"{HOME}/people/{{person:uuid}}/export", status_code=200, **desk.page(Action.PERSONAL_EXPORT))
    async def export_person(request: Told, person: FromPath[UUID]) -> Response[bytes]:
        """A file to keep, or to take elsewhere."""
        who = desk.who(request)
        async with desk.db.transaction(who.tenant) as tx:
            found = await privacy.export(tx, desk.keepers.personal, person, by=who.who)
            raw = msgspec.json.format(msgspec.json.encode({"person": person, "made": tx.now(), "sections": found}))
        name = f'attachment; filename="person-{person}.json"'
        return Response(raw, media_type="application/json", headers={"Content-Disposition": name})

    @post(f"{HOME}/people/{{person:uuid}}/erase", status_code=200, **desk.page(Action.PERSONAL_ERASE))
    async def erase_person(
        request: Told,
        person: FromPath[UUID],
        data: Annotated[Erased, Body(media_type=RequestEncodingType.URL_ENCODED)],
    ) -> Response[Any]:
        who = desk.who(request)
        try:
            async with desk.db.transaction(who.tenant) as tx:
                await privacy.erase(tx, desk.keyring, desk.keepers.personal, person, why=data.why, by=who.who)
        except Conflict as error:
            holds = error.extra.get("holds")
            said = tuple(str(one) for one in holds) if isinstance(holds, list) else (error.detail,)
            return await _person(desk, request, person, holds=said)
        return Redirect(HOME, query_params={"said": "erased"}, status_code=303)

    return [show_person, export_person, erase_person]


async def _person(desk: Desk, request: Told, person: UUID, holds: tuple[str, ...] = ()) -> Response[str]:
    who = desk.who(request)
    async with desk.db.transaction(who.tenant) as tx:
        known = await people.contact(tx, person)
        has = (await people.memberships(tx)).get(person, ())
    view = PersonalView(
        str(person),
        known.name or "",
        known.email or "",
        known.phone or "",
        tuple(sorted({row.role for row in has})),
        own=person == who.id,
        may_erase=who.rights.may(Action.PERSONAL_ERASE).tenant,
        holds=holds,
    )
    return desk.draw(request, "personal.html", v=view, rooms=desk.rooms(who))


async def _drawn(desk: Desk, request: Told, *, wrong: str = "", said: str = "") -> Response[str]:
    who = desk.who(request)
    async with desk.db.transaction(who.tenant) as tx:
        view = await _view(tx, desk)
    view = msgspec.structs.replace(
        view,
        may_edit=who.rights.may(Action.PRIVACY_EDIT).tenant,
        may_find=who.rights.may(Action.PERSONAL_ERASE).tenant,
    )
    return desk.draw(request, "privacy.html", v=view, wrong=wrong, said=said, rooms=desk.rooms(who))


async def _view(tx: Tx, desk: Desk) -> PrivacyView:
    kept, settled = desk.keepers.kept, await privacy.read(tx)
    days = privacy.days(kept, settled)
    kinds = [KindLine(one.kind, one.about, days[one.kind], one.days, one.least, one.most) for one in kept]
    return PrivacyView(
        tuple(sorted(kinds, key=lambda one: one.kind)), ask=settled is not None and settled.ask_since is not None
    )
