"""People over HTTP: who is what, and whose browsers are signed in."""

from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from litestar import Request, Response, delete, get, post, put
from litestar.openapi.spec import Example
from litestar.params import Body, FromPath, FromQuery, QueryParameter
from litestar.types import ControllerRouterHandler

from cranny.people import roles, sessions
from cranny.people.contacts import Contact
from cranny.people.inviting import invite
from cranny.people.remember import contact
from cranny.people.shapes import (
    PersonAsked,
    PersonShown,
    RoleAt,
    RolesAsked,
    Self,
    SessionShown,
    as_memberships,
    show_person,
    show_session,
)
from cranny.people.within import Sites, insist_known, insist_on, shown
from cranny.platform import etags, paging
from cranny.platform.auth import Principal
from cranny.platform.db import Database, Tx
from cranny.platform.gate import BY_SITE
from cranny.platform.idempotency import Reply, once
from cranny.platform.keys import Keyring
from cranny.platform.permissions import Action
from cranny.web.responses import answer

LISTING: Final = "people"
FIRST: Final = UUID(int=0)
"""Before every id there is."""
_SITE: Final = "019cadc6-9a80-7e34-8a5c-0c8a3c8b1d11"
ASKED: Final = {"email": "ada@example.org", "name": "Ada Example", "roles": [{"role": "operator", "site": _SITE}]}
PERSON: Final = {
    "id": "019cadc6-9a80-7f00-9d0e-2f5f6b1c5a10",
    "name": "Ada Example",
    "email": "ada@example.org",
    "phone": None,
    "language": "en",
    "roles": [{"role": "operator", "site": _SITE}],
}
SESSION: Final = {
    "id": "019cadc6-9a80-7a01-8d0e-2f5f6b1c5a11",
    "person": PERSON["id"],
    "key": None,
    "how": "passkey",
    "browser": "Firefox, Linux",
    "created": "2026-03-02T09:00:00Z",
    "seen": "2026-03-02T09:12:00Z",
    "until": "2026-03-02T21:00:00Z",
    "own": True,
}
SELF: Final = {"person": PERSON["id"], "key": None, "roles": PERSON["roles"]}

Asking = Request[Principal, None, Any]
Limit = Annotated[int, QueryParameter(ge=1, le=paging.MOST, description="How many at most.")]

Sort = Annotated[
    Literal["known", "name"], QueryParameter(description="By when they became known, or by name, whatever its case.")
]


def routes(db: Database, keyring: Keyring, cursors: paging.Cursors) -> Sequence[ControllerRouterHandler]:
    return [_invite(db, keyring), *_read(db, cursors), _set_roles(db, keyring), *_sessions(db), _self()]


def _invite(db: Database, keyring: Keyring) -> ControllerRouterHandler:
    @post(
        "/v1/people",
        needs=Action.PEOPLE_EDIT,
        narrows=BY_SITE,
        tags=["people"],
        responses={201: answer(PersonShown, "The person, invited.", PERSON)},
    )
    async def invite_person(
        request: Asking, data: Annotated[PersonAsked, Body(examples=[Example(summary="Staff of a site", value=ASKED)])]
    ) -> Response[bytes]:
        """Give somebody roles and send them a link to sign in, which works once within seven days. A person who is
        known by this address gets the roles in addition. Nobody but the mailbox's owner sees the link. An admin of
        a site gives roles at that site.

        Problems: `email-invalid`, `name-invalid`, `language-invalid`, `site-not-found`, `not-yours`,
        `step-up-needed`."""

        async def deed(tx: Tx) -> Reply:
            insist_on(as_memberships(data.roles), _at(request, Action.PEOPLE_EDIT))
            given = Contact(data.name, data.email, None, data.language)
            id_ = await invite(tx, keyring, given, as_memberships(data.roles), by=request.user.who)
            return Reply(201, await _show(tx, id_), location=f"/v1/people/{id_}")

        return await once(db, request, deed)

    return invite_person


def _read(db: Database, cursors: paging.Cursors) -> Sequence[ControllerRouterHandler]:
    @get(
        "/v1/people",
        needs=Action.PEOPLE_READ,
        narrows=BY_SITE,
        tags=["people"],
        responses={200: answer(paging.Page[PersonShown], "A page.", {"items": [PERSON], "next": None})},
    )
    async def list_people(
        request: Asking, sort: Sort = "known", after: FromQuery[str | None] = None, limit: Limit = paging.LIMIT
    ) -> Response[paging.Page[PersonShown]]:
        """Those who have a role, in the order in which they became known, or by name. Recipients without one are not
        among them. With a role for some sites only: those who have one there, and what they are there."""
        tenant, at = request.user.tenant, _at(request, Action.PEOPLE_READ)
        listing = LISTING if sort == "known" else f"{LISTING} {sort}"
        *name, id_ = [str(FIRST)] if after is None else cursors.read(tenant, listing, after)
        async with db.transaction(tenant) as tx:
            has = await roles.memberships(tx)
            if sort == "known":
                members = await roles.members(tx, after=UUID(id_), limit=limit + 1, at=at)
            else:
                members = await roles.members_by_name(tx, after=("".join(name), UUID(id_)), limit=limit + 1, at=at)
            found = [show_person(one, known, shown(has.get(one, ()), at)) for one, known in members]

        def place(row: PersonShown) -> list[str]:
            return [str(row.id)] if sort == "known" else [row.name or "", str(row.id)]

        return paging.respond(request, paging.page(found, limit, lambda row: cursors.make(tenant, listing, place(row))))

    @get(
        "/v1/people/{person:uuid}",
        needs=Action.PEOPLE_READ,
        narrows=BY_SITE,
        tags=["people"],
        responses={200: answer(PersonShown, "The person.", PERSON)},
    )
    async def get_person(request: Asking, person: FromPath[UUID]) -> Response[PersonShown]:
        """One person; everybody may read their own. Problem `person-not-found`."""
        at = None if person == request.user.id else _at(request, Action.PEOPLE_READ)
        async with db.transaction(request.user.tenant) as tx:
            await insist_known(tx, person, at)
            return etags.respond(await _show(tx, person, at))

    return [list_people, get_person]


def _set_roles(db: Database, keyring: Keyring) -> ControllerRouterHandler:
    @put(
        "/v1/people/{person:uuid}/roles",
        needs=Action.PEOPLE_EDIT,
        narrows=BY_SITE,
        tags=["people"],
        matched=True,
        responses={200: answer(PersonShown, "The person with these roles, and no others.", PERSON)},
    )
    async def set_roles(
        request: Asking,
        person: FromPath[UUID],
        data: Annotated[RolesAsked, Body(examples=[Example(summary="One role", value={"roles": ASKED["roles"]})])],
    ) -> Response[PersonShown]:
        """All that a person is, from now on. Without any role their sessions are over. An admin of a site says what
        they are at that site, and it stays what they are elsewhere. The `ETag` is that of the person.

        Problems: `person-not-found`, `site-not-found`, `no-address`, `last-admin`, `not-yours`, `step-up-needed`."""
        at = _at(request, Action.PEOPLE_EDIT)
        given = as_memberships(data.roles)
        return await etags.edit(
            db,
            request,
            lambda tx: _show(tx, person, at),
            lambda tx: roles.set_all(tx, keyring, person, given, by=request.user.who, at=at),
        )

    return set_roles


def _sessions(db: Database) -> Sequence[ControllerRouterHandler]:
    @get(
        "/v1/sessions",
        needs=Action.SESSIONS_READ,
        narrows=True,
        tags=["people"],
        responses={200: answer(paging.Page[SessionShown], "All, on one page.", {"items": [SESSION], "next": None})},
    )
    async def list_sessions(request: Asking) -> Response[paging.Page[SessionShown]]:
        """The browsers that are signed in now, last used first, 500 at most: one's own, or for admins and auditors
        everybody's."""
        who = request.user
        async with db.transaction(who.tenant) as tx:
            found = await sessions.live(tx, None if who.rights.may(Action.SESSIONS_READ).tenant else who.id)
        return paging.respond(request, paging.Page([show_session(row, who.session) for row in found], None))

    @delete("/v1/sessions/{session:uuid}", needs=Action.SESSIONS_END, tags=["people"])
    async def end_session(request: Asking, session: FromPath[UUID]) -> None:
        """Sign a browser out: one's own, or for admins anybody's. Problem `session-not-found`."""
        async with db.transaction(request.user.tenant) as tx:
            await sessions.end(tx, session, by=request.user.who)

    return [list_sessions, end_session]


def _self() -> ControllerRouterHandler:
    @get(
        "/v1/self",
        needs=Action.SELF,
        narrows=True,
        tags=["people"],
        sync_to_thread=False,
        responses={200: answer(Self, "Who you are here.", SELF)},
    )
    def get_self(request: Asking) -> Self:
        """Who asks, and as what."""
        who = request.user
        has = sorted(
            (RoleAt(one.role, one.site) for one in who.rights.memberships), key=lambda at: (at.role, str(at.site))
        )
        person, key = (who.id, None) if who.kind == "person" else (None, who.id)
        return Self(person, key, has)

    return get_self


async def _show(tx: Tx, person: UUID, at: Sites = None) -> PersonShown:
    known = await contact(tx, person)
    return show_person(person, known, shown((await roles.memberships(tx)).get(person, ()), at))


def _at(request: Asking, action: Action) -> Sites:
    return request.user.rights.may(action).where
