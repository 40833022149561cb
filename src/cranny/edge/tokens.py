"""Freshness by challenge, not by clock: each heartbeat carries a random token, and a command has to quote one that was
handed out a moment ago. How long ago, this controller's own monotonic clock says; a restart forgets them all."""

from typing import Final

from cranny.core.clock import Clock
from cranny.core.rng import Rng
from cranny.wire.commands import LONGEST_MS

BYTES: Final = 16
REMEMBER_S: Final = LONGEST_MS / 1000


class Tokens:
    def __init__(self, *, clock: Clock, rng: Rng) -> None:
        self._clock = clock
        self._rng = rng
        self._issued: dict[bytes, float] = {}

    def issue(self) -> bytes:
        """A new one."""
        now = self._clock.monotonic()
        self._issued = {token: at for token, at in self._issued.items() if now - at <= REMEMBER_S}
        token = self._rng.bytes(BYTES)
        self._issued[token] = now
        return token

    def until(self, token: bytes, ttl_ms: int) -> float | None:
        """The moment (monotonic) until which a command with this token is good; None for a token that was never
        handed out, or is forgotten."""
        at = self._issued.get(token)
        return None if at is None else at + min(ttl_ms, LONGEST_MS) / 1000
