"""A guard for a server on localhost: only pages of its own may talk to it.

Without it any web page that is open on the same machine could send requests here, directly or by rebinding a
name of its own to 127.0.0.1.
"""

from collections.abc import Collection
from typing import Final

from litestar.datastructures import Headers
from litestar.types import ASGIApp, Receive, Scope, Send

from cranny.core.errors import CrannyError, Forbidden

FROM_ELSEWHERE: Final = frozenset({"cross-site", "same-site"})
"""What `Sec-Fetch-Site` says where another site's page has led here."""


class Misdirected(CrannyError):
    """The name in the request is not one of ours."""

    code = "misdirected"
    status = 421


class OriginGuard:
    def __init__(self, app: ASGIApp, *, hosts: Collection[str]) -> None:
        """`hosts` are the values of `Host` that are ours, with the port (`127.0.0.1:8100`)."""
        self._app = app
        self._hosts = frozenset(hosts)
        self._origins = frozenset(f"{scheme}://{host}" for host in hosts for scheme in ("http", "https"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Raises Misdirected for a foreign `Host`; Forbidden, code `foreign-origin`, for a foreign page."""
        if scope["type"] in ("http", "websocket"):
            headers = Headers.from_scope(scope)
            if headers.get("host", "") not in self._hosts:
                raise Misdirected("This name does not belong to this machine.")
            origin = headers.get("origin")
            if (origin is not None and origin not in self._origins) or (
                origin is None and headers.get("sec-fetch-site") in FROM_ELSEWHERE
            ):
                raise Forbidden("Only this machine's own pages may do this.", code="foreign-origin")
        await self._app(scope, receive, send)
