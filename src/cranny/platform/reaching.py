"""A client of HTTP that goes only where `outside.py` lets it: to the address that was looked at, without following
redirects, not for long, and not for much."""

import asyncio
import ssl
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

import httpx2

import cranny
from cranny.platform.outside import Guard, NotOutside, Resolve, at

WITHIN_S: Final = 10.0
LARGEST: Final = 256 * 1024
"""Bytes of an answer."""


@cache
def system_trust() -> ssl.SSLContext:
    """Whose certificates are believed where nobody says otherwise. One for all who ask: to read them takes 30 ms."""
    return httpx2.create_ssl_context()


class TooLarge(httpx2.TransportError):
    """The answer has more bytes than anybody needs."""


class Refused(httpx2.TransportError):
    """The address is not for us to speak to."""


class Reaching(httpx2.AsyncBaseTransport):
    """`httpx2.AsyncClient(transport=Reaching(…))`. Raises Refused, TooLarge, and what httpx2 raises."""

    def __init__(
        self,
        guard: Guard,
        resolve: Resolve,
        *,
        trust: ssl.SSLContext | None = None,
        within: float = WITHIN_S,
        largest: int = LARGEST,
    ) -> None:
        """`trust` is whose certificates are believed; the system's when left out. `within` in seconds."""
        self._guard = guard
        self._resolve = resolve
        self._within = within
        self._largest = largest
        self._trust = trust or system_trust()

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        try:
            async with asyncio.timeout(self._within):
                return await self._handle(request)
        except TimeoutError as error:
            raise httpx2.ReadTimeout("it took too long", request=request) from error
        except NotOutside as error:
            raise Refused(error.detail) from error
        except OSError as error:
            raise httpx2.ConnectError("the name is not known", request=request) from error

    async def _handle(self, request: httpx2.Request) -> httpx2.Response:
        target = await self._guard.find(str(request.url), self._resolve)
        headers = httpx2.Headers(request.headers)
        headers |= {
            "Host": target.url.netloc.decode("ascii"),
            "User-Agent": f"Cranny/{cranny.__version__}",
            "Accept-Encoding": "identity",
        }
        extensions: Mapping[str, Any] = {"sni_hostname": target.url.raw_host.decode("ascii")}
        # Each request has its own connection: one that is kept could be taken for another name's.
        async with (
            httpx2.AsyncClient(verify=self._trust, trust_env=False, follow_redirects=False, timeout=None) as client,
            client.stream(
                request.method, at(target), content=await request.aread(), headers=headers, extensions=dict(extensions)
            ) as answer,
        ):
            body = bytearray()
            async for chunk in answer.aiter_raw():
                body += chunk
                if len(body) > self._largest:
                    raise TooLarge(f"the answer has more than {self._largest} bytes")
            return httpx2.Response(answer.status_code, headers=answer.headers, content=bytes(body), request=request)
