"""The one place where it is decided whether a request may do what it asks for: deny by default.

Every handler says with `needs=Action.…` what it does. What `permissions.TABLE` gives the asker for the whole tenant is
settled there; a role for one site, or one that reaches only what is its own, is held against the thing that the address
names, which its feature finds (`Feature.things`).
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, cast
from urllib.parse import urlsplit
from uuid import UUID

from litestar import Litestar, Request
from litestar.connection import ASGIConnection
from litestar.enums import RequestEncodingType
from litestar.exceptions import SerializationException
from litestar.handlers import BaseRouteHandler
from litestar.handlers.http_handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute

from cranny.core.clock import ago
from cranny.core.errors import Forbidden, Unauthenticated
from cranny.platform import trail
from cranny.platform.auth import Principal, Visitors
from cranny.platform.db import WITNESS, Database, Tx
from cranny.platform.permissions import STEP_UP, Action, Allowed
from cranny.web.openapi import PUBLIC

NEEDS: Final = "needs"
PAGE: Final = "page"
"""Of a page that is for those who signed in: no API key opens it, a session does."""
NARROWS: Final = "narrows"
"""True: the handler itself shows each asker only what they may see: lists, and what is about oneself. BY_SITE: it does
so for whoever has a role for a site; who reaches only their own goes through the gate."""
BY_SITE: Final = "sites"
PLACES: Final = frozenset({"bank", "site"})
"""By what a question or a body says where it is about."""
FRESH: Final = timedelta(minutes=5)
"""For so long it counts that somebody has shown who they are."""

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_FORMS: Final = frozenset({RequestEncodingType.URL_ENCODED, RequestEncodingType.MULTI_PART})


@dataclass(frozen=True, slots=True)
class Thing:
    """Where something belongs: to a bank, or straight to a site; and the person whose own it is."""

    bank: UUID | None = None
    site: UUID | None = None
    person: UUID | None = None


Finder = Callable[[Tx, UUID], Awaitable[Thing | None]]
"""None where the tenant has no such thing."""


def found_by(sql: str) -> Finder:
    """A finder by a statement with the tenant and the id, whose one row has `bank`, `site` or `person`."""

    async def find(tx: Tx, id_: UUID) -> Thing | None:
        row = await tx.one(sql, tx.tenant, id_)
        return None if row is None else Thing(row.get("bank"), row.get("site"), row.get("person"))

    return find


class Undeclared(Exception):
    """A route that does not say who may use it."""


class Gate:
    """The guard of the whole application. `things` by the name they have in addresses (`bank`, `delivery`)."""

    def __init__(self, db: Database, visitors: Visitors | None, things: Mapping[str, Finder]) -> None:
        self._db = db
        self._visitors = visitors
        self._things = things

    async def __call__(self, connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
        """Raises Unauthenticated, code `session-missing`; Forbidden, codes `not-allowed`, `not-yours`,
        `name-the-place`, `step-up-needed`, `foreign-origin`."""
        method = connection.scope.get("method", "")
        if is_open(handler) or method == "OPTIONS":
            return
        who = await self._page_visitor(connection) if handler.opt.get(PAGE) else connection.user
        if who.session is not None and method not in _SAFE:
            refuse_foreign(connection)
        action: Action = handler.opt[NEEDS]
        allowed = who.rights.may(action)
        if not allowed:
            raise Forbidden(f"None of your roles allows {action}.", code="not-allowed")
        narrows = handler.opt.get(NARROWS)
        if not (allowed.tenant or narrows is True or (narrows == BY_SITE and allowed.sites)):
            witness = WITNESS.set(None)  # that somebody was looked up is no deed of theirs
            try:
                await self._narrow(cast("Request[Any, Any, Any]", connection), handler, who, allowed)
            finally:
                WITNESS.reset(witness)
        if (
            action in STEP_UP
            and who.session is not None  # a program shows its key with each request
            and (who.proven is None or who.proven < ago(self._db.clock, FRESH))
        ):
            raise Forbidden("Show once more that it is you, then do it again.", code="step-up-needed")
        if handler.opt.get(PAGE):
            trail.attend(connection.scope)

    async def _page_visitor(self, connection: ASGIConnection[Any, Any, Any, Any]) -> Principal:
        who = None if self._visitors is None else await self._visitors.who(connection)
        if who is None:
            raise Unauthenticated("Sign in first.", code="session-missing")
        connection.scope["user"] = who
        return who

    async def _narrow(
        self, request: Request[Any, Any, Any], handler: BaseRouteHandler, who: Principal, allowed: Allowed
    ) -> None:
        named = [(name, id_) for name, id_ in await _named(request, handler) if name in self._things]
        if not named:
            raise Forbidden(
                "Your roles are not for everything here: name a bank that they are for.", code="name-the-place"
            )
        async with self._db.transaction(who.tenant) as tx:
            for name, id_ in named:
                if not await self._within(tx, await self._things[name](tx, id_), who, allowed):
                    raise Forbidden("Your roles are not for this one.", code="not-yours")

    async def _within(self, tx: Tx, thing: Thing | None, who: Principal, allowed: Allowed) -> bool:
        if thing is None:
            return False
        if allowed.own and who.kind == "person" and thing.person == who.id:
            return True
        if not allowed.sites:
            return False
        site = thing.site
        if site is None and thing.bank is not None:
            bank = await self._things["bank"](tx, thing.bank)
            site = bank.site if bank else None
        return site in allowed.sites


async def _named(request: Request[Any, Any, Any], handler: BaseRouteHandler) -> list[tuple[str, UUID]]:
    """What the address names, and the bank or site that the question or the body does, where the handler goes by it:
    a word that it does not take would narrow nothing."""
    found = [(name, id_) for name, id_ in request.path_params.items() if isinstance(id_, UUID)]
    asked = [(name, text) for name in PLACES & _taken(handler) for text in request.query_params.getall(name, [])]
    if request.method not in _SAFE and (told := PLACES & _told(handler)):
        body = await _body(request)
        asked += [(name, body[name]) for name in told & body.keys()]
    return found + [(name, id_) for name, text in asked if (id_ := _uuid(text)) is not None]


def _taken(handler: BaseRouteHandler) -> frozenset[str]:
    """The words of the question that a handler goes by."""
    return frozenset(handler.parsed_fn_signature.parameters)


def _told(handler: BaseRouteHandler) -> frozenset[str]:
    """The fields of the body that it goes by. It reads JSON whatever the request calls it, and so does the gate. A
    form says where something is to be, never where it is: it names nothing."""
    data = handler.parsed_fn_signature.parameters.get("data")
    if data is None or getattr(data.kwarg_definition, "media_type", None) in _FORMS:
        return frozenset()
    return frozenset(getattr(data.annotation, "__struct_fields__", ()))


async def _body(request: Request[Any, Any, Any]) -> dict[str, Any]:
    """The very object that the handler gets: of a name that stands twice, both see the last one. What can't be read
    names nothing; the handler will say so."""
    try:
        body = await request.json()
    except (ValueError, SerializationException):
        return {}
    return body if isinstance(body, dict) else {}


def _uuid(text: object) -> UUID | None:
    try:
        return UUID(text) if isinstance(text, str) else None
    except ValueError:
        return None


def refuse_foreign(connection: ASGIConnection[Any, Any, Any, Any]) -> None:
    """Another site's page must not act with somebody's session. Raises Forbidden, code `foreign-origin`."""
    site, origin = connection.headers.get("sec-fetch-site"), connection.headers.get("origin")
    elsewhere = origin is not None and urlsplit(origin).netloc != connection.headers.get("host")
    if site not in (None, "same-origin", "none") or (site is None and elsewhere):
        raise Forbidden("Do this on this site's own page.", code="foreign-origin")


def is_open(handler: BaseRouteHandler) -> bool:
    """Whether it is for everybody."""
    return bool(handler.opt.get(PUBLIC)) and not handler.opt.get(PAGE)


def require_declared(app: Litestar) -> None:
    """The start-up check. Raises Undeclared for a route that is neither open nor says what it needs, or says both."""
    for method, path, handler in handlers(app):
        needs = handler.opt.get(NEEDS)
        if is_open(handler) == (needs is not None) or not isinstance(needs, Action | None):
            raise Undeclared(f"{method} {path} must say `needs=Action.…`, or that it is public.")


def handlers(app: Litestar) -> list[tuple[str, str, HTTPRouteHandler]]:
    """(method, path, handler) of everything that the application answers. Raises Undeclared for what is no HTTP."""
    found = []
    for route in app.routes:
        if not isinstance(route, HTTPRoute):
            raise Undeclared(f"{route.path} speaks no HTTP: nothing would ask who uses it.")
        for method, (handler, _) in route.route_handler_map.items():
            if method != "OPTIONS":
                found.append((str(method), route.path_format, handler))
    return found
