"""A bench for each board, and what its watch tells."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from cranny.core.clock import SystemClock
from cranny.core.rng import SeededRng
from cranny.edge import drivers
from cranny.edge.drivers import Address, Bench, Reading, modbus

BENCHES: dict[str, Any] = {name: drivers.load(name).bench for name in drivers.names()}
BENCHES["modbus over TCP"] = modbus.tcp_bench
WITHOUT_A_LINE = {"simulated", "gpio", "modbus over TCP"}
"""They have none, or one whose answers are numbered; all others must bear a bad one."""
ONE, TWO, THREE = (1, 1), (1, 2), (1, 3)
PATIENCE_S = 20.0


@asynccontextmanager
async def on_the_bench(name: str) -> AsyncIterator[Bench]:
    async with BENCHES[name](clock=SystemClock(), rng=SeededRng(1)) as found:
        found.driver.fit([ONE, TWO])
        yield found


class Seen:
    """What a watch tells, in order."""

    def __init__(self, bench: Bench) -> None:
        self.told: list[tuple[Address, Reading | None]] = []
        self._news = asyncio.Event()
        self.task = asyncio.create_task(bench.driver.watch(self._changed))

    def _changed(self, address: Address, reading: Reading | None) -> None:
        self.told.append((address, reading))
        self._news.set()

    async def until(self, address: Address, *, door_open: bool) -> Reading:
        """The last reading of `address` once it says so."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                last = self.last(address)
                if last and last.door_open is door_open:
                    return last
                await self._more()

    async def until_lost(self, address: Address) -> None:
        """Wait until it is told that this one can't be seen any more."""
        async with asyncio.timeout(PATIENCE_S):
            while not self.told or self.last(address) is not None:
                await self._more()

    def last(self, address: Address) -> Reading | None:
        return next((reading for found, reading in reversed(self.told) if found == address), None)

    async def end(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)

    async def _more(self) -> None:
        self._news.clear()
        news = asyncio.create_task(self._news.wait())
        try:
            await asyncio.wait({news, self.task}, return_when=asyncio.FIRST_COMPLETED)
            if not news.done():
                await self.task  # it has ended: say why
        finally:
            news.cancel()
