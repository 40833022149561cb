"""The server's web application: every feature's routes behind API keys, the event log, health."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

from litestar import Litestar
from litestar.middleware import DefineMiddleware
from litestar.routes import HTTPRoute
from litestar.types import ControllerRouterHandler, Middleware

import cranny
from cranny.platform import api, api_keys, health, rates, scopes
from cranny.platform.auth import ApiKeys, Keys
from cranny.platform.feature import SOURCE, Parts
from cranny.platform.feed import Feed
from cranny.platform.paging import Cursors
from cranny.platform.rates import Quota, RateLimit, Rates
from cranny.platform.trail import Trail
from cranny.web.app import create_app
from cranny.web.openapi import PUBLIC


def create_server(
    routes: Sequence[ControllerRouterHandler], parts: Parts, *, https: bool = False, source: str = SOURCE
) -> Litestar:
    """`routes` are the features'. `https`: clients reach it by TLS."""
    feed = Feed(parts.db, parts.broker, source=source)
    quota = Quota(parts.requests_a_minute) if parts.requests_a_minute else None
    cursors = Cursors(parts.keyring.cursor_key)
    own = [
        *api.routes(parts.db, feed, cursors, source=source),
        *api_keys.routes(parts.db, cursors),
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

    app = create_app(
        [*own, *routes],
        clock=parts.clock,
        ids=parts.ids,
        title="Cranny",
        version=cranny.__version__,
        middleware=[DefineMiddleware(ApiKeys, keys=Keys(parts.db)), DefineMiddleware(Trail), *_limits(quota, parts)],
        before_send=[] if quota is None else [rates.tell(quota)],
        lifespan=[live],
        https=https,
        bearer=True,
    )
    _insist_on_scopes(app)
    return app


def _limits(quota: Quota | None, parts: Parts) -> list[Middleware]:
    return [] if quota is None else [DefineMiddleware(RateLimit, rates=Rates(quota, parts.clock))]


def _insist_on_scopes(app: Litestar) -> None:
    """Raises UnknownArea for an operation that asks for a key and that no scope covers."""
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            for method, (handler, _) in route.route_handler_map.items():
                if method != "OPTIONS" and not handler.opt.get(PUBLIC):
                    scopes.needed(method, route.path_format)
