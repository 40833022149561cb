"""What the bank's own screen talks to: on this machine only, and only for its own pages."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

from litestar import Litestar
from litestar.middleware import DefineMiddleware
from litestar.types import ControllerRouterHandler

from cranny.core.clock import Clock
from cranny.core.ids import Ids
from cranny.edge.desk import Desk
from cranny.edge.drivers.simulated import SimulatedBoard
from cranny.edge.kiosk.api import kiosk_routes
from cranny.edge.kiosk.hands import hands_routes
from cranny.web.app import create_app
from cranny.web.origin import OriginGuard

__all__ = ["kiosk_app"]


def kiosk_app(
    desk: Desk,
    *,
    port: int,
    version: str,
    clock: Clock,
    ids: Ids,
    pages: Sequence[ControllerRouterHandler] = (),
) -> Litestar:
    """The application for 127.0.0.1:`port`; `pages` are the screens."""
    hosts = [f"{name}:{port}" for name in ("127.0.0.1", "localhost")]
    routes = [*kiosk_routes(desk), *pages]
    if isinstance(desk.driver, SimulatedBoard):
        routes += hands_routes(desk, desk.driver)

    @asynccontextmanager
    async def heartbeats(_: Litestar) -> AsyncIterator[None]:
        beating = asyncio.create_task(desk.hub.keep_alive())
        yield
        beating.cancel()
        with suppress(asyncio.CancelledError):
            await beating

    return create_app(
        routes,
        clock=clock,
        ids=ids,
        title="Cranny kiosk",
        version=version,
        middleware=[DefineMiddleware(OriginGuard, hosts=hosts)],
        lifespan=[heartbeats],
    )
