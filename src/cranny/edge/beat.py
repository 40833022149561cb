"""A sign of life every 15 seconds, and at once whenever the bank is connected anew: who comes back is seen to be back.
It also makes good whatever poke was lost, in both directions."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cranny.core.clock import Clock, millis
from cranny.core.errors import Unavailable
from cranny.edge.journal import Journal, quality
from cranny.edge.link import Line
from cranny.edge.tokens import Tokens
from cranny.wire import subjects
from cranny.wire.messages import Beat, pack
from cranny.wire.signing import sign

EVERY_S: Final = 15.0


class Heart:
    def __init__(
        self,
        journal: Journal,
        line: Line,
        key: Ed25519PrivateKey,
        tokens: Tokens,
        *,
        version: str,
        free: Callable[[], int],
        readings: Callable[[], dict[str, int | None]],
        clock: Clock,
        every_s: float = EVERY_S,
    ) -> None:
        self._journal = journal
        self._line = line
        self._key = key
        self._version = version
        self._free = free
        self._readings = readings
        self._clock = clock
        self._every_s = every_s
        self._tokens = tokens

    async def run(self) -> None:
        while True:
            self._line.joined.clear()
            await self._beat()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._every_s):
                    await self._line.joined.wait()

    async def _beat(self) -> None:
        mark, wall = self._journal.state.mark, millis(self._clock.now())
        beat = Beat(
            boot=self._journal.boot,
            epoch=mark.epoch,
            head=mark.seq,
            acked=mark.acked,
            applied=mark.applied,
            token=self._tokens.issue(),
            wall_ms=wall,
            clock_quality=quality(wall, mark.wall_ms),
            version=self._version,
            free=self._free(),
            mono_ms=self._journal.mono_ms,
            readings=self._readings(),
        )
        signed = sign(self._key, "beat", pack(beat))
        try:
            await self._line.broker.publish(subjects.beat(self._line.tenant, self._line.bank), signed)
        except Unavailable:
            self._line.reached = False
            return
        await self._line.wake()
