"""What is one's own: the browsers that are signed in, and what one shows oneself with."""

from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
import segno
from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from cranny import people
from cranny.core.errors import CrannyError, Forbidden
from cranny.pages.operator.desk import Desk, Told
from cranny.pages.operator.signing_in import Led, site
from cranny.platform.auth import Principal
from cranny.platform.db import Tx
from cranny.platform.permissions import Action
from cranny.ui.people import OwnView, PasskeyLine, SessionLine

HOME: Final = "/me"
QR_SCALE: Final = 4


class Typed(msgspec.Struct, frozen=True):
    code: Annotated[str, msgspec.Meta(max_length=20)]


def own_routes(desk: Desk) -> list[ControllerRouterHandler]:
    return [*_sessions(desk), *_passkeys(desk), *_app(desk)]


def _sessions(desk: Desk) -> list[ControllerRouterHandler]:
    @get(HOME, **desk.page(Action.SELF, narrows=True))
    async def mine(request: Told) -> Response[str]:
        who = desk.who(request)
        async with desk.db.transaction(who.tenant) as tx:
            view = await _view(tx, who)
        return desk.draw(request, "me.html", v=view)

    @post(f"{HOME}/sessions/{{session:uuid}}/end", status_code=200, **desk.page(Action.SESSIONS_END))
    async def end(request: Told, session: FromPath[UUID]) -> Redirect:
        who = desk.who(request)
        async with desk.db.transaction(who.tenant) as tx:
            await people.end_session(tx, session, by=who.who)
        return Redirect(HOME, status_code=303)

    @post(f"{HOME}/sessions/end-others", status_code=200, **desk.page(Action.SELF, narrows=True))
    async def end_others(request: Told) -> Redirect:
        who = desk.who(request)
        async with desk.db.transaction(who.tenant) as tx:
            await people.end_sessions(tx, (who.kind, who.id), by=who.who, but=who.session)
        return Redirect(HOME, status_code=303)

    return [mine, end, end_others]


def _passkeys(desk: Desk) -> list[ControllerRouterHandler]:
    page = desk.page(Action.SELF_PROOFS, narrows=True)

    @post(f"{HOME}/passkeys/begin", status_code=200, **page)
    async def begin(request: Told) -> people.PasskeyBegun:
        who = person(desk, request)
        async with desk.db.transaction(who.tenant) as tx:
            known = await people.contact(tx, who.id)
            return await people.begin_making(tx, desk.keyring, site(desk, request), who.id, known)

    @post(f"{HOME}/passkeys", status_code=200, **page)
    async def make(request: Told, data: Annotated[people.PasskeyAnswer, Body()]) -> Led:
        who = person(desk, request)
        async with desk.db.transaction(who.tenant) as tx:
            await people.make_passkey(tx, desk.keyring, site(desk, request), who.id, data)
        return Led(HOME)

    @post(f"{HOME}/passkeys/{{passkey:uuid}}/forget", status_code=200, **page)
    async def forget(request: Told, passkey: FromPath[UUID]) -> Redirect:
        who = person(desk, request)
        async with desk.db.transaction(who.tenant) as tx:
            await people.forget_passkey(tx, who.id, passkey)
        return Redirect(HOME, status_code=303)

    return [begin, make, forget]


def _app(desk: Desk) -> list[ControllerRouterHandler]:
    page = desk.page(Action.SELF_PROOFS, narrows=True)

    @post(f"{HOME}/code/begin", status_code=200, **page)
    async def begin(request: Told) -> Response[str]:
        """The secret, as a QR code, this once."""
        who = person(desk, request)
        async with desk.db.transaction(who.tenant) as tx:
            secret = await people.begin_code(tx, desk.keyring, who.id)
            known = await people.contact(tx, who.id)
        picture = segno.make_qr(people.code_address(secret, known.email or ""), error="m")
        return desk.draw(request, "code_app.html", secret=secret, picture=picture.png_data_uri(scale=QR_SCALE))

    @post(f"{HOME}/code", status_code=200, **page)
    async def first(
        request: Told, data: Annotated[Typed, Body(media_type=RequestEncodingType.URL_ENCODED)]
    ) -> Response[Any]:
        who = person(desk, request)
        try:
            async with desk.db.transaction(who.tenant) as tx:
                good = await people.take_code(tx, desk.keyring, who.id, data.code)
        except CrannyError:
            good = False
        if good:
            return Redirect(HOME, status_code=303)
        async with desk.db.transaction(who.tenant) as tx:
            view = await _view(tx, who)
        return desk.draw(request, "me.html", v=msgspec.structs.replace(view, wrong=True))

    @post(f"{HOME}/code/forget", status_code=200, **page)
    async def forget(request: Told) -> Redirect:
        who = person(desk, request)
        async with desk.db.transaction(who.tenant) as tx:
            await people.forget_code(tx, who.id)
        return Redirect(HOME, status_code=303)

    return [begin, first, forget]


def person(desk: Desk, request: Told) -> Principal:
    """Who asks, who must be a person. Raises Forbidden, code `not-allowed`, for a session of an API key."""
    who = desk.who(request)
    if who.kind != "person":
        raise Forbidden("A session of an API key shows itself with nothing but the key.", code="not-allowed")
    return who


async def _view(tx: Tx, who: Principal) -> OwnView:
    sessions = await people.live_sessions(tx, who.id)
    lines = tuple(
        SessionLine(str(row.id), row.browser, row.how, row.seen, row.created, own=row.id == who.session)
        for row in sessions
    )
    if who.kind != "person":
        return OwnView(sessions=lines)
    known = await people.contact(tx, who.id)
    return OwnView(
        sessions=lines,
        person=known.name or known.email or "",
        id=str(who.id),
        email=known.email or "",
        roles=tuple(sorted(who.rights.roles)),
        passkeys=tuple(
            PasskeyLine(str(row.id), row.label, row.created, row.last_used, synced=row.synced)
            for row in await people.passkeys(tx, who.id)
        ),
        app=await people.has_code(tx, who.id),
        admin=bool(who.rights.may(Action.PEOPLE_EDIT)),
    )
