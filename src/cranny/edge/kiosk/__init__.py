"""What the bank's own screen talks to: on this machine only, and only for its own pages."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import msgspec
from litestar import Litestar
from litestar.middleware import DefineMiddleware

from cranny.core.clock import Clock
from cranny.core.ids import Ids
from cranny.edge.desk import Desk
from cranny.edge.drivers.simulated import SimulatedBoard
from cranny.edge.kiosk.api import kiosk_routes
from cranny.edge.kiosk.counting_pages import counting_routes
from cranny.edge.kiosk.hands import hands_routes
from cranny.edge.kiosk.hands_page import hands_pages
from cranny.edge.kiosk.meters import metric_routes
from cranny.edge.kiosk.pages import TEMPLATES, page_routes
from cranny.edge.kiosk.screens import Look, Screens
from cranny.ui.pages import Pages
from cranny.ui.shelf import Shelf
from cranny.web.app import create_app
from cranny.web.origin import OriginGuard

__all__ = ["Look", "kiosk_app"]


def kiosk_app(
    desk: Desk,
    *,
    port: int,
    version: str,
    clock: Clock,
    ids: Ids,
    look: Look | None = None,
) -> Litestar:
    """The application for 127.0.0.1:`port`. Without a `look` the kiosk offers every language there is."""
    hosts = [f"{name}:{port}" for name in ("127.0.0.1", "localhost")]
    pages = Pages([TEMPLATES], Shelf())
    simulated = isinstance(desk.driver, SimulatedBoard)
    look = msgspec.structs.replace(look or Look(languages=tuple(pages.words)), hands=simulated)
    screens = Screens(desk, clock=clock, boot=ids.new(), look=look)
    routes = [
        *kiosk_routes(desk),
        *metric_routes(desk),
        *page_routes(desk, screens, pages),
        *counting_routes(desk, screens, pages),
    ]
    if isinstance(desk.driver, SimulatedBoard):
        routes += [*hands_routes(desk, desk.driver), *hands_pages(desk, desk.driver, pages)]

    @asynccontextmanager
    async def awake(_: Litestar) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(desk.hub.keep_alive()), asyncio.create_task(screens.follow())]
        yield
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    return create_app(
        routes,
        clock=clock,
        ids=ids,
        title="Cranny kiosk",
        version=version,
        middleware=[DefineMiddleware(OriginGuard, hosts=hosts)],
        lifespan=[awake],
    )
