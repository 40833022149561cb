"""Ids are UUIDv7: random enough not to be guessed, ordered enough to be kind to an index (RFC 9562, 5.7), and those of
one process in the order in which they were made, also within a millisecond and over a clock that jumps back (6.2)."""

from typing import Protocol
from uuid import UUID

from cranny.core.clock import Clock, millis
from cranny.core.rng import Rng


class Ids(Protocol):
    def new(self) -> UUID:
        """A new id, never given before."""
        ...


class TimeIds:
    """Makes UUIDv7 from an injected clock and generator. 62 bits are random, 12 count within a millisecond."""

    def __init__(self, clock: Clock, rng: Rng) -> None:
        self._clock = clock
        self._rng = rng
        self._last = 0

    def new(self) -> UUID:
        noise = int.from_bytes(self._rng.bytes(10), "big")
        # The count begins in the lower half, at random, so that it tells nobody how much is going on.
        fresh = (millis(self._clock.now()) & 0xFFFF_FFFF_FFFF) << 12 | noise >> 69
        self._last = max(fresh, self._last + 1)
        high = (self._last >> 12) << 16 | 0x7000 | self._last & 0x0FFF
        low = (0b10 << 62) | (noise & 0x3FFF_FFFF_FFFF_FFFF)
        return UUID(int=(high << 64) | low)
