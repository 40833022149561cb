"""A disk that fails when it is told to, and the power of one run of a controller."""

import asyncio
import sqlite3
from typing import Any

from cranny.edge.disk import DiskFailed, DiskFull, InlineDisk, Work
from cranny.edge.drivers.simulated import SimulatedBoard
from cranny.wire.kdf import CheapKdf


class FaultyDisk:
    """Fails when it is told to: `fail_at` counts the transactions to come, `after` decides whether the one that
    fails is on the disk. `full` refuses whatever is not essential, `stuffed` everything; each write takes `slow_s`."""

    def __init__(self) -> None:
        self.inner = InlineDisk()
        self.low = False
        self.full = False
        self.stuffed = False
        self.slow_s = 0.0
        self.fail_at = 0
        self.after = False

    async def run(self, work: Work[Any], *, essential: bool = False) -> Any:
        if self.stuffed or (self.full and not essential):
            raise DiskFull("The bank's disk is full.")
        await asyncio.sleep(self.slow_s)
        if self.fail_at:
            self.fail_at -= 1
            if not self.fail_at:
                if self.after:
                    await self.inner.run(work)
                raise DiskFailed("planned")
        return await self.inner.run(work, essential=essential)

    async def mend(self) -> bool:
        return not (self.low or self.full or self.stuffed)

    async def close(self) -> None:
        await self.inner.close()


class Mains:
    """The power of one run of the controller. Whoever reaches for the disk or a lock once it is gone stops there:
    what a dying program still does on its way out never gets anywhere."""

    def __init__(self) -> None:
        self.off = False

    async def feed(self) -> None:
        if self.off:
            await asyncio.get_running_loop().create_future()


class PoweredDisk:
    def __init__(self, disk: Any, mains: Mains) -> None:
        self.disk, self.mains = disk, mains

    @property
    def low(self) -> bool:
        return bool(self.disk.low)

    async def run(self, work: Work[Any], *, essential: bool = False) -> Any:
        await self.mains.feed()

        def powered(connection: sqlite3.Connection) -> Any:
            if self.mains.off:
                raise asyncio.CancelledError
            return work(connection)

        return await self.disk.run(powered, essential=essential)

    async def mend(self) -> bool:
        return bool(await self.disk.mend())

    async def close(self) -> None:
        await self.disk.close()


class PoweredBoard:
    def __init__(self, board: SimulatedBoard, mains: Mains) -> None:
        self.board, self.mains = board, mains

    def __getattr__(self, name: str) -> Any:
        return getattr(self.board, name)

    async def pulse(self, unit: int, channel: int) -> None:
        await self.mains.feed()
        await self.board.pulse(unit, channel)


class PatientKdf(CheapKdf):
    """Takes a moment, as the real one does."""

    async def derive(self, material: bytes, salt: bytes) -> bytes:
        await asyncio.sleep(0.02)
        return await super().derive(material, salt)


async def stop(bank: Any) -> None:
    """A disk that lost its power fails whoever still asks for it: that is no news."""
    await bank.stop()
    if not bank._crew._failed.cancelled():
        bank._crew._failed.exception()
