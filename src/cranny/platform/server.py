"""The server's web application: every feature's routes behind API keys, the event log, health."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final

from litestar import Litestar
from litestar.middleware import DefineMiddleware
from litestar.types import ControllerRouterHandler

import cranny
from cranny.platform import api, health
from cranny.platform.auth import ApiKeys, Keys
from cranny.platform.feature import Parts
from cranny.platform.feed import Feed
from cranny.platform.paging import Cursors
from cranny.web.app import create_app

SOURCE: Final = "urn:cranny:server"
"""The CloudEvents source where no public address is configured."""


def create_server(
    routes: Sequence[ControllerRouterHandler], parts: Parts, *, https: bool = False, source: str = SOURCE
) -> Litestar:
    """`routes` are the features'. `https`: clients reach it by TLS."""
    feed = Feed(parts.db, parts.broker, source=source)
    own = [
        *api.routes(parts.db, feed, Cursors(parts.keyring.cursor_key), source=source),
        *health.routes(parts.db, parts.broker),
    ]

    @asynccontextmanager
    async def live(_: Litestar) -> AsyncIterator[None]:
        task = asyncio.create_task(feed.run(), name="feed")
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    return create_app(
        [*own, *routes],
        clock=parts.clock,
        ids=parts.ids,
        title="Cranny",
        version=cranny.__version__,
        middleware=[DefineMiddleware(ApiKeys, keys=Keys(parts.db))],
        lifespan=[live],
        https=https,
        bearer=True,
    )
