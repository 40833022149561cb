"""One POST to the outside: to the address that was looked at, no further, not for long, and not for much."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, Protocol

import httpx2

import cranny
from cranny.core.clock import Clock
from cranny.platform.outside import Guard, NotOutside, Resolve, Target, at
from cranny.platform.reaching import system_trust

ALL_WITHIN_S: Final = 10.0
"""From the question for its address to the status of its answer."""
BODY_WITHIN_S: Final = 1.0
"""For the beginning of the answer's body, which only people read: the status has said it all."""
KEPT: Final = 512
"""Bytes of the answer's body; more is never read."""


@dataclass(frozen=True, slots=True)
class Answer:
    """`status` is None when there was none: `error` says why. `ms` is how long it took."""

    status: int | None
    ms: int
    text: str = ""
    error: str = ""

    @property
    def well(self) -> bool:
        return self.status is not None and HTTPStatus(200) <= self.status < HTTPStatus(300)

    @property
    def gone(self) -> bool:
        return self.status == HTTPStatus.GONE


class Posts(Protocol):
    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Never raises: what went wrong is in the answer."""
        ...


class Poster:
    def __init__(
        self,
        guard: Guard,
        resolve: Resolve,
        clock: Clock,
        *,
        trust: ssl.SSLContext | None = None,
        all_within: float = ALL_WITHIN_S,
    ) -> None:
        """`trust` is whose certificates are believed; the system's when left out. `all_within` in seconds."""
        self._guard = guard
        self._resolve = resolve
        self._clock = clock
        self._all_within = all_within
        self._trust = trust or system_trust()

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        began = self._clock.monotonic()
        status, text, error = await self._try(url, body, headers)
        return Answer(status, round((self._clock.monotonic() - began) * 1000), text, error)

    async def _try(self, url: str, body: bytes, headers: Mapping[str, str]) -> tuple[int | None, str, str]:
        try:
            async with asyncio.timeout(self._all_within) as limit:
                target = await self._guard.find(url, self._resolve)
                async with self._asked(target, body, headers) as answer:
                    limit.reschedule(None)
                    return answer.status_code, await _beginning(answer), _fault(answer.status_code)
        except TimeoutError:
            return None, "", "timed-out"
        except NotOutside as refused:
            return None, "", f"address-refused: {refused.detail}"
        except OSError:
            return None, "", "name-unknown"
        except httpx2.HTTPError as error:
            return None, "", _unreachable(error)

    @asynccontextmanager
    async def _asked(self, target: Target, body: bytes, headers: Mapping[str, str]) -> AsyncIterator[httpx2.Response]:
        """The name goes where it has to be said: to the web server, and into the check of its certificate."""
        said = {
            "Host": target.url.netloc.decode("ascii"),
            "User-Agent": f"Cranny/{cranny.__version__}",
            "Accept-Encoding": "identity",
            **headers,
        }
        name = {"sni_hostname": target.url.raw_host.decode("ascii")}
        # Each post has its own connection: one that is kept could be taken for another name's.
        async with (
            httpx2.AsyncClient(verify=self._trust, trust_env=False, follow_redirects=False, timeout=None) as client,
            client.stream("POST", at(target), content=body, headers=said, extensions=name) as answer,
        ):
            yield answer


async def _beginning(answer: httpx2.Response) -> str:
    """Its first bytes, as far as they come in time."""
    found = bytearray()
    try:
        async with asyncio.timeout(BODY_WITHIN_S):
            async for chunk in answer.aiter_raw():
                found += chunk
                if len(found) >= KEPT:
                    break
    except (TimeoutError, httpx2.HTTPError):
        found += b"[cut off]"
    return bytes(found[:KEPT]).decode(errors="replace").replace("\x00", "\ufffd")


def _fault(status: int) -> str:
    if HTTPStatus(300) <= status < HTTPStatus(400):
        return "redirect-refused"
    return "" if HTTPStatus(200) <= status < HTTPStatus(300) else "not-accepted"


def _unreachable(error: httpx2.HTTPError) -> str:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return "tls-failed"
        cause = cause.__cause__ or cause.__context__
    return "answer-invalid" if isinstance(error, httpx2.RemoteProtocolError) else "unreachable"
