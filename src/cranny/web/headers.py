"""Headers that every answer has: what a browser may do with it, and the id of the request."""

import re
from collections.abc import Awaitable, Callable
from typing import Any, Final

import structlog
from litestar.datastructures import MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from cranny.core.clock import Clock
from cranny.core.ids import Ids

REQUEST_ID: Final = "X-Request-Id"
_SANE_ID: Final = re.compile(r"[A-Za-z0-9._-]{8,64}")

CSP: Final = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
"""Everything from ourselves, nothing inline: what a page needs beyond this it asks for by its own header."""

SECURITY: Final = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), geolocation=(), microphone=(), payment=()",
    "Cache-Control": "no-store",
}
HSTS: Final = "max-age=63072000; includeSubDomains"

log = structlog.get_logger("cranny.request")


def add_headers(*, https: bool) -> Callable[[Message, Scope], Awaitable[None]]:
    """A `before_send` hook. Headers that the answer already has stay. `https` also pins the browser to TLS."""
    wanted = {**SECURITY, "Strict-Transport-Security": HSTS} if https else SECURITY

    async def hook(message: Message, scope: Scope) -> None:
        if message["type"] != "http.response.start":
            return
        headers = MutableScopeHeaders.from_message(message)
        for name, value in wanted.items():
            headers.setdefault(name, value)
        headers[REQUEST_ID] = scope.get("state", {}).get("request_id", "")

    return hook


class RequestLog:
    """Gives each request an id (the caller's, when it is a sane one), and one line in the log that names the
    route, never the address: an address may hold a secret."""

    def __init__(self, app: ASGIApp, *, clock: Clock, ids: Ids) -> None:
        self._app = app
        self._clock = clock
        self._ids = ids

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        given = MutableScopeHeaders(scope).get(REQUEST_ID, "")
        request_id = given if _SANE_ID.fullmatch(given) else str(self._ids.new())
        scope.setdefault("state", {})["request_id"] = request_id
        status = 0

        async def watch(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        began = self._clock.monotonic()
        with structlog.contextvars.bound_contextvars(request=request_id):
            await self._app(scope, receive, watch)
            ms = round((self._clock.monotonic() - began) * 1000, 1)
            route = scope.get("path_template") or "unknown"
            log.info("request", method=scope.get("method", ""), route=route, status=status, ms=ms)
