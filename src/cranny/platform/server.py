"""The server's web application: every feature's routes behind API keys, the event log, health."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial

from litestar import Litestar
from litestar.middleware import DefineMiddleware
from litestar.openapi.spec import OpenAPI, Operation
from litestar.types import ControllerRouterHandler, Middleware

import cranny
from cranny.platform import api, api_keys, health, rates, scopes
from cranny.platform.auth import PROVISIONING, Authentication, Keys, Visitors
from cranny.platform.feature import SOURCE, Parts
from cranny.platform.feed import Feed
from cranny.platform.gate import NARROWS, NEEDS, Finder, Gate, handlers, is_open, require_declared
from cranny.platform.meanings import MEANINGS
from cranny.platform.paging import Cursors
from cranny.platform.rates import Quota, RateLimit, Rates
from cranny.platform.refused import Refusals
from cranny.platform.trail import Trail
from cranny.web import said
from cranny.web.app import Lifespan, create_app
from cranny.web.openapi import KEY, PUBLIC, SESSION
from cranny.web.problems import Sorry


def create_server(
    routes: Sequence[ControllerRouterHandler],
    parts: Parts,
    *,
    visitors: Visitors | None = None,
    things: Mapping[str, Finder] | None = None,
    https: bool = False,
    source: str = SOURCE,
    sorry: Sorry | None = None,
) -> Litestar:
    """`routes` are the features', `things` what stands in their addresses, `visitors` those who come with a session.
    `https`: clients reach it by TLS; `sorry` tells people what went wrong.
    Raises Undeclared when a route does not say who may use it."""
    feed = Feed(parts.db, parts.broker, source=source)
    quota = Quota(parts.requests_a_minute) if parts.requests_a_minute else None
    cursors = Cursors(parts.keyring.cursor_key)
    own = [
        *api.routes(parts.db, feed, cursors, source=source, visitors=visitors),
        *api_keys.routes(parts.db, cursors),
        *health.routes(parts.db, parts.broker),
    ]

    app = create_app(
        [*own, *routes],
        clock=parts.clock,
        ids=parts.ids,
        title="Cranny",
        version=cranny.__version__,
        middleware=_middleware(parts, visitors, quota),
        guards=[Gate(parts.db, visitors, things or {})],
        before_send=[] if quota is None else [rates.tell(quota)],
        lifespan=[_live(feed)],
        https=https,
        bearer=True,
        sorry=sorry,
        after_exception=[Refusals(parts.db).hear],
        describe=[_say_who, partial(said.tell, meanings=MEANINGS)],
    )
    require_declared(app)
    _require_scoped(app)
    return app


def _live(feed: Feed) -> Lifespan:
    @asynccontextmanager
    async def live(_: Litestar) -> AsyncIterator[None]:
        task = asyncio.create_task(feed.run(), name="feed")
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    return live


def _middleware(parts: Parts, visitors: Visitors | None, quota: Quota | None) -> list[Middleware]:
    limits = [] if quota is None else [DefineMiddleware(RateLimit, rates=Rates(quota, parts.clock))]
    return [
        DefineMiddleware(Authentication, keys=Keys(parts.db), visitors=visitors),
        DefineMiddleware(Trail),
        *limits,
    ]


def _require_scoped(app: Litestar) -> None:
    """Raises UnknownArea for an operation that asks for a key and that no scope covers."""
    for method, path, handler in handlers(app):
        if not handler.opt.get(PUBLIC):
            scopes.needed(method, path)


def _say_who(app: Litestar, document: OpenAPI) -> None:
    """In the description: a key or a session, and only a session for what no key may do, whatever its scopes."""
    paths = document.paths or {}
    for method, path, handler in handlers(app):
        operation: Operation | None = getattr(paths.get(path), method.lower(), None)
        if operation is not None and not is_open(handler):
            may = PROVISIONING.may(handler.opt[NEEDS])  # the most that a key may
            by_key = may.tenant or (may.own and handler.opt.get(NARROWS))  # nothing is a key's own, but itself
            ways = [KEY, SESSION] if by_key else [SESSION]
            operation.security = [{way: []} for way in ways]
