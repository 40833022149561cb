"""How often one key may ask: a bucket for each, told in the headers of the IETF's draft (draft-ietf-httpapi-ratelimit-
headers-08). A bucket is this process's own: several servers allow as many times more."""

import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from litestar.datastructures import MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from cranny.core.clock import Clock
from cranny.core.errors import CrannyError

AT_MOST: Final = 10_000
"""Buckets that are remembered; whose is forgotten begins with a full one."""
_LEFT: Final = "rate"


class TooMany(CrannyError):
    """Asked too often. `extra` has `retry_after_s`."""

    code = "too-many-requests"
    status = 429
    retry = True


@dataclass(frozen=True, slots=True)
class Quota:
    """So many requests in so many seconds, at any pace."""

    requests: int
    window_s: int = 60

    @property
    def policy(self) -> str:
        return f'"default";q={self.requests};w={self.window_s}'

    @property
    def each_s(self) -> float:
        return self.window_s / self.requests


@dataclass(frozen=True, slots=True)
class Left:
    """What a bucket holds: `requests` at once, and it is full in `full_s`; while it is empty, there is one more in
    `next_s`."""

    requests: int
    full_s: int
    next_s: int
    allowed: bool


class Rates:
    def __init__(self, quota: Quota, clock: Clock) -> None:
        self.quota = quota
        self._clock = clock
        self._buckets: dict[UUID, tuple[float, float]] = {}

    def take(self, who: UUID) -> Left:
        """One request of `who`."""
        now = self._clock.monotonic()
        held, since = self._buckets.get(who, (float(self.quota.requests), now))
        held = min(float(self.quota.requests), held + (now - since) / self.quota.each_s)
        allowed = held >= 1
        held -= allowed
        if len(self._buckets) >= AT_MOST:
            self._buckets.clear()
        self._buckets[who] = (held, now)
        full_s = math.ceil((self.quota.requests - held) * self.quota.each_s)
        return Left(int(held), full_s, max(1, math.ceil((1 - held) * self.quota.each_s)), allowed)


class RateLimit:
    """The middleware, behind the one that knows who asks: what asks for no key is not counted."""

    def __init__(self, app: ASGIApp, *, rates: Rates) -> None:
        self._app = app
        self._rates = rates

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Raises TooMany."""
        who: Any = scope.get("user")
        if scope["type"] == ScopeType.HTTP and who is not None:
            left = self._rates.take(who.id)
            scope.setdefault("state", {})[_LEFT] = left
            if not left.allowed:
                raise TooMany(
                    f"This key has asked {self._rates.quota.requests} times in {self._rates.quota.window_s} seconds. "
                    f"Go on in {left.next_s} s.",
                    extra={"retry_after_s": left.next_s},
                )
        await self._app(scope, receive, send)


def tell(quota: Quota) -> Callable[[Message, Scope], Awaitable[None]]:
    """A `before_send` hook: how much is left."""

    async def hook(message: Message, scope: Scope) -> None:
        left: Left | None = scope.get("state", {}).get(_LEFT)
        if message["type"] == "http.response.start" and left is not None:
            headers = MutableScopeHeaders.from_message(message)
            headers["RateLimit-Policy"] = quota.policy
            headers["RateLimit"] = f'"default";r={left.requests};t={left.full_s}'

    return hook
