"""Ids are UUIDv7: random enough not to be guessed, ordered enough to be kind to an index (RFC 9562, 5.7)."""

from typing import Protocol
from uuid import UUID

from cranny.core.clock import Clock, millis
from cranny.core.rng import Rng


class Ids(Protocol):
    def new(self) -> UUID:
        """A new id, never given before."""
        ...


class TimeIds:
    """Makes UUIDv7 from an injected clock and generator."""

    def __init__(self, clock: Clock, rng: Rng) -> None:
        self._clock = clock
        self._rng = rng

    def new(self) -> UUID:
        stamp = millis(self._clock.now()) & 0xFFFF_FFFF_FFFF
        noise = int.from_bytes(self._rng.bytes(10), "big")
        high = (stamp << 16) | 0x7000 | (noise >> 68 & 0x0FFF)
        low = (0b10 << 62) | (noise & 0x3FFF_FFFF_FFFF_FFFF)
        return UUID(int=(high << 64) | low)
