"""The operator's addresses. Everything here is for a session, which the gate asks for."""

from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import Final
from uuid import UUID

import msgspec
from litestar import Response, get
from litestar.params import FromPath, FromQuery
from litestar.response import Stream
from litestar.types import ControllerRouterHandler

from cranny.pages.operator import reading, sorry
from cranny.pages.operator.commands import command_routes
from cranny.pages.operator.desk import Desk, Told
from cranny.pages.operator.groups import group_routes
from cranny.pages.operator.imports import import_routes
from cranny.pages.operator.link import link_routes
from cranny.pages.operator.organisations import organisation_routes
from cranny.pages.operator.own import own_routes
from cranny.pages.operator.persons import people_routes
from cranny.pages.operator.privacy import privacy_routes
from cranny.pages.operator.proving import prove_routes
from cranny.pages.operator.reference import reference_routes
from cranny.pages.operator.settling import settling_routes
from cranny.pages.operator.shown import HOME
from cranny.pages.operator.sight import Sight
from cranny.pages.operator.signing_in import sign_in_routes
from cranny.pages.operator.vouching import vouching_routes
from cranny.pages.operator.watching import Seen
from cranny.platform.auth import Principal
from cranny.platform.feature import Parts
from cranny.platform.permissions import Action
from cranny.ui import sheet
from cranny.ui.routes import YEAR, static_route
from cranny.ui.words import choose
from cranny.web.openapi import PUBLIC
from cranny.web.sse import BEAT, stream

_OPEN: Final = {PUBLIC: True}


def routes(parts: Parts) -> Sequence[ControllerRouterHandler]:
    """Raises Unavailable, code `assets-missing`."""
    desk = Desk(parts, sorry.pages())
    return [
        *sign_in_routes(desk),
        *organisation_routes(desk),
        *prove_routes(desk),
        *own_routes(desk),
        *people_routes(desk),
        *import_routes(desk),
        *vouching_routes(desk),
        *group_routes(desk),
        *privacy_routes(desk),
        *link_routes(desk),
        *_wall_routes(desk),
        *command_routes(desk),
        *settling_routes(desk),
        *reference_routes(desk),
        static_route(desk.pages.shelf, _OPEN),
    ]


def _wall_routes(desk: Desk) -> list[ControllerRouterHandler]:
    see = desk.page(Action.BANKS_READ)

    @get(HOME, **desk.page(Action.BANKS_READ, narrows=True))
    async def banks(request: Told) -> Response[str]:
        who = desk.who(request)
        async with desk.db.transaction(who.tenant) as tx:
            cards = await reading.cards(tx, who.rights.may(Action.BANKS_READ).where)
        return desk.draw(request, "banks.html", banks=cards)

    @get(f"{HOME}/{{bank:uuid}}", **see)
    async def wall(request: Told, bank: FromPath[UUID], door: FromQuery[str | None] = None) -> Response[str]:
        who = desk.who(request)
        async with desk.db.transaction(who.tenant) as tx:
            whole, zone = await reading.wall(tx, bank, door), await reading.zone(tx, bank)
            view = (await reading.seen_by(tx, who, bank)).wall(whole)
        template = "details.html" if request.headers.get("hx-request") else "wall_page.html"
        return desk.draw(request, template, zone, v=view, sheet_name=sheet.name(view.front), me=str(who.id))

    @get(f"{HOME}/{{bank:uuid}}/{{name:str}}", **see)
    async def front(request: Told, bank: FromPath[UUID], name: FromPath[str]) -> Response[str]:
        """The style sheet of the front; its name is its hash, so it may be kept for ever."""
        who = desk.who(request)
        async with desk.db.transaction(who.tenant) as tx:
            drawn = await reading.front(tx, bank)
        cache = YEAR.replace("public", "private") if name == f"{sheet.name(drawn)}.css" else "no-cache"
        return Response(sheet.css(drawn), media_type="text/css; charset=utf-8", headers={"Cache-Control": cache})

    @get(f"{HOME}/{{bank:uuid}}/live", **see)
    async def live(request: Told, bank: FromPath[UUID]) -> Stream:
        who = desk.who(request)
        async with desk.db.transaction(who.tenant) as tx:
            zone, sight = await reading.zone(tx, bank), await reading.seen_by(tx, who, bank)
        language = choose(request.headers.get("accept-language", ""), desk.pages.words)
        return stream(_frames(desk, who, bank, Way(language, zone, sight)))

    return [banks, wall, live, front]


class Way(msgspec.Struct, frozen=True):
    """In which somebody looks at a wall."""

    language: str
    zone: str
    sight: Sight


async def _frames(desk: Desk, who: Principal, bank: UUID, way: Way) -> AsyncIterator[bytes]:
    """The wall's changes, for as long as the session lasts."""
    async for seen in desk.walls.follow(who.tenant, bank):
        if who.until is not None and desk.clock.now() > who.until:
            return
        if seen is None and not await _still_welcome(desk, who):
            return
        yield (BEAT if seen is None else seen.draw((way, who.id), partial(_drawn, desk, who, seen, way)))


def _drawn(desk: Desk, who: Principal, seen: Seen, way: Way) -> str:
    values = {"v": way.sight.wall(seen.view), "changed": way.sight.doors(seen.changed), "me": str(who.id)}
    return desk.pages.render("wall_live.html", language=way.language, zone=way.zone, **values)


async def _still_welcome(desk: Desk, who: Principal) -> bool:
    """Asked at each heartbeat: a session that was ended ends what is open, too."""
    async with desk.db.transaction(who.tenant) as tx:
        return await desk.visitors.good(tx, who)
