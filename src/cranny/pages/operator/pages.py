"""The operator's addresses. A browser signs in with an API key; everything here asks for that session itself."""

from collections.abc import AsyncIterator, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath, FromQuery
from litestar.response import Redirect, Stream
from litestar.types import ControllerRouterHandler

from cranny.core.clock import ahead
from cranny.pages.operator import reading
from cranny.pages.operator.commands import command_routes
from cranny.pages.operator.desk import SIGN_IN, Desk, Told
from cranny.pages.operator.link import link_routes
from cranny.pages.operator.reference import reference_routes
from cranny.pages.operator.session import LASTS, NAME, Session, still_good
from cranny.pages.operator.shown import HOME
from cranny.pages.operator.watching import Seen
from cranny.platform import scopes
from cranny.platform.feature import Parts
from cranny.ui import sheet
from cranny.ui.pages import Pages
from cranny.ui.routes import YEAR, static_route
from cranny.ui.shelf import Shelf
from cranny.ui.words import choose
from cranny.web.openapi import PUBLIC
from cranny.web.sse import BEAT, stream

TEMPLATES: Final = Path(__file__).parent / "templates"
_OPEN: Final = {PUBLIC: True}


class SignIn(msgspec.Struct, frozen=True):
    key: Annotated[str, msgspec.Meta(max_length=200)]
    next: Annotated[str, msgspec.Meta(max_length=500)] = HOME


Form = Annotated[SignIn, Body(media_type=RequestEncodingType.URL_ENCODED)]


def routes(parts: Parts) -> Sequence[ControllerRouterHandler]:
    """Raises Unavailable, code `assets-missing`."""
    pages = Pages([TEMPLATES], Shelf())
    desk = Desk(parts, pages)
    return [
        *_sign_in_routes(desk),
        *link_routes(desk),
        *_wall_routes(desk),
        *command_routes(desk),
        *reference_routes(desk),
        static_route(pages.shelf, _OPEN),
    ]


def _sign_in_routes(desk: Desk) -> list[ControllerRouterHandler]:
    @get("/", opt=_OPEN, include_in_schema=False, sync_to_thread=False)
    def front_door() -> Redirect:
        return Redirect(HOME)

    @get(SIGN_IN, opt=_OPEN, include_in_schema=False, sync_to_thread=False)
    def ask(request: Told, next: FromQuery[str] = HOME) -> Response[str]:  # noqa: A002 - the address says it
        return desk.draw(request, "sign_in.html", back=_inside(next), wrong=False)

    @post(SIGN_IN, opt=_OPEN, include_in_schema=False, status_code=200)
    async def sign_in(request: Told, data: Form) -> Response[Any]:
        desk.refuse_foreign(request)
        principal = await desk.keys.check(data.key.strip())
        # A program's key is no person, and who is signed in may do everything.
        if principal is None or not scopes.allows(principal.scopes, scopes.EVERYTHING[0]):
            return desk.draw(request, "sign_in.html", back=_inside(data.next), wrong=True)
        session = Session(principal.tenant, principal.key_id, ahead(desk.clock, LASTS))
        return Redirect(_inside(data.next), status_code=303, cookies=[desk.sign(request, session)])

    @post("/sign-out", opt=_OPEN, include_in_schema=False, sync_to_thread=False)
    def sign_out() -> Redirect:
        response = Redirect(SIGN_IN, status_code=303)
        response.delete_cookie(NAME)
        return response

    return [front_door, ask, sign_in, sign_out]


def _wall_routes(desk: Desk) -> list[ControllerRouterHandler]:
    common = desk.behind_the_sign_in

    @get(HOME, **common)
    async def banks(request: Told) -> Response[str]:
        session = desk.session(request)
        async with desk.db.transaction(session.tenant) as tx:
            await desk.enter(tx, session)
            cards = await reading.cards(tx)
        return desk.draw(request, "banks.html", banks=cards)

    @get(f"{HOME}/{{bank:uuid}}", **common)
    async def wall(request: Told, bank: FromPath[UUID], door: FromQuery[str | None] = None) -> Response[str]:
        session = desk.session(request)
        async with desk.db.transaction(session.tenant) as tx:
            await desk.enter(tx, session)
            view, zone = await reading.wall(tx, bank, door), await reading.zone(tx, bank)
        template = "details.html" if request.headers.get("hx-request") else "wall_page.html"
        return desk.draw(request, template, zone, v=view, sheet_name=sheet.name(view.front), me=str(session.key))

    @get(f"{HOME}/{{bank:uuid}}/{{name:str}}", **common)
    async def front(request: Told, bank: FromPath[UUID], name: FromPath[str]) -> Response[str]:
        """The style sheet of the front; its name is its hash, so it may be kept for ever."""
        session = desk.session(request)
        async with desk.db.transaction(session.tenant) as tx:
            await desk.enter(tx, session)
            drawn = await reading.front(tx, bank)
        cache = YEAR.replace("public", "private") if name == f"{sheet.name(drawn)}.css" else "no-cache"
        return Response(sheet.css(drawn), media_type="text/css; charset=utf-8", headers={"Cache-Control": cache})

    @get(f"{HOME}/{{bank:uuid}}/live", **common)
    async def live(request: Told, bank: FromPath[UUID]) -> Stream:
        session = desk.session(request)
        async with desk.db.transaction(session.tenant) as tx:
            await desk.enter(tx, session)
            zone = await reading.zone(tx, bank)
        language = choose(request.headers.get("accept-language", ""), desk.pages.words)
        return stream(_frames(desk, session, bank, language, zone))

    return [banks, wall, live, front]


async def _frames(desk: Desk, session: Session, bank: UUID, language: str, zone: str) -> AsyncIterator[bytes]:
    """The wall's changes, for as long as the session lasts."""
    async for seen in desk.walls.follow(session.tenant, bank):
        if desk.clock.now() > session.until:
            return
        if seen is None and not await _still_welcome(desk, session):
            return
        yield (
            BEAT
            if seen is None
            else seen.draw((language, session.key), partial(_drawn, desk, session, seen, language, zone))
        )


def _drawn(desk: Desk, session: Session, seen: Seen, language: str, zone: str) -> str:
    values = {"v": seen.view, "changed": seen.changed, "me": str(session.key)}
    return desk.pages.render("wall_live.html", language=language, zone=zone, **values)


async def _still_welcome(desk: Desk, session: Session) -> bool:
    """Asked at each heartbeat: a revoked key ends what is open, too."""
    async with desk.db.transaction(session.tenant) as tx:
        return await still_good(tx, session)


def _inside(path: str) -> str:
    """`path` when it is one of ours: nobody is led elsewhere by a link to the sign-in."""
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) else HOME
