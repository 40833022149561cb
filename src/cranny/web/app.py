"""The one way to make a web application here: problem documents, security headers, limits, OpenAPI 3.1."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Any, Final

from litestar import Litestar, Router
from litestar.datastructures import State
from litestar.openapi.plugins import JsonRenderPlugin, YamlRenderPlugin
from litestar.openapi.spec import Components, OpenAPI, SecurityScheme, Tag
from litestar.plugins import PluginProtocol
from litestar.plugins.core import MsgspecDIPlugin
from litestar.types import ControllerRouterHandler, Guard, Message, Middleware, Scope

from cranny.core.clock import Clock
from cranny.core.ids import Ids
from cranny.web import deprecation, headers, openapi, problems
from cranny.web.description import Described
from cranny.web.openapi import KEY, PUBLIC, SESSION

BODY_LIMIT: Final = 1024 * 1024
"""Bytes a request's body may have."""

Lifespan = Callable[[Litestar], AbstractAsyncContextManager[None]]
Describe = Callable[[Litestar, OpenAPI], None]


class _Application(Litestar):
    """Without what Litestar takes in because it is installed: pydantic is there for the job queue, and would be a tenth
    of what a bank's controller holds in memory. Our models are msgspec's."""

    @staticmethod
    def _get_default_plugins(plugins: list[PluginProtocol]) -> list[PluginProtocol]:
        return [*plugins, MsgspecDIPlugin()]


def create_app(
    routes: Sequence[ControllerRouterHandler],
    *,
    clock: Clock,
    ids: Ids,
    title: str,
    version: str,
    state: Mapping[str, Any] | None = None,
    middleware: Sequence[Middleware] = (),
    guards: Sequence[Guard] = (),
    before_send: Sequence[Callable[[Message, Scope], Awaitable[None]]] = (),
    lifespan: Sequence[Lifespan] = (),
    https: bool = False,
    bearer: bool = False,
    body_limit: int = BODY_LIMIT,
    sorry: problems.Sorry | None = None,
    after_exception: Sequence[Callable[[Exception, Scope], Awaitable[None]]] = (),
    describe: Sequence[Describe] = (),
) -> Litestar:
    """`middleware` runs in this order, after the request has got its id, then the `guards`. `https`: it is reached by
    TLS. `bearer`: the OpenAPI page says that an API key is needed. The description is at `/schema` (JSON) and
    `/schema/openapi.yaml`; no page there loads anything from elsewhere.
    `sorry` tells what went wrong, instead of problem documents;
    `after_exception` hears of it. `describe` adds to the description, when it is asked for."""
    description = _openapi(title, version, bearer=bearer)
    app = _Application(
        route_handlers=list(routes),
        exception_handlers=problems.handlers(sorry),
        middleware=list(middleware),
        guards=list(guards),
        before_send=[headers.add_headers(https=https), deprecation.tell, *before_send],
        after_exception=list(after_exception),
        request_max_body_size=body_limit,
        openapi_config=description,
        logging_config=None,
        lifespan=list(lifespan),
        state=State(dict(state or {})),
        debug=False,
    )
    adds: Sequence[Describe] = (partial(openapi.complete, bearer=bearer), *describe)
    description.finishes = [partial(add, app) for add in adds]
    # Around the router too, so that requests for unknown addresses have an id as well.
    app.asgi_handler = headers.RequestLog(app.asgi_handler, clock=clock, ids=ids)
    return app


def _openapi(title: str, version: str, *, bearer: bool) -> Described:
    key = SecurityScheme(type="http", scheme="bearer", description="An API key: `crn_…`.")
    session = SecurityScheme(
        type="apiKey",
        name="cranny-session",
        security_scheme_in="cookie",
        description="A person's session, as a browser gets it at the sign-in. By TLS: `__Host-cranny-session`.",
    )
    return Described(
        title=title,
        version=version,
        description=openapi.ABOUT if bearer else None,
        tags=[Tag(name=name, description=about) for name, about in openapi.TAGS.items()] if bearer else None,
        openapi_router=Router("/schema", route_handlers=[], include_in_schema=False, opt={PUBLIC: True}),
        render_plugins=[JsonRenderPlugin(path=["/openapi.json", "/"]), YamlRenderPlugin()],
        components=Components(security_schemes={KEY: key, SESSION: session}) if bearer else Components(),
        security=[{KEY: []}] if bearer else None,
        use_handler_docstrings=True,
        operation_id_creator=openapi.operation_id,
    )
