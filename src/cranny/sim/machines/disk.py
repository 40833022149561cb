"""A bank's disk that survives its power cuts: what was committed stays, what was not is gone.

The journal itself is real SQLite, in memory or in a file.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

from cranny.edge.disk import DiskFailed, DiskFull, InlineDisk, Work
from cranny.sim.dice import Dice
from cranny.sim.machines.fates import Fates, Life, Section
from cranny.sim.machines.rot import Flipped, flip, mend

T = TypeVar("T")

FAST_S: Final = (0.001, 0.006)
SLOW_S: Final = (0.05, 1.5)
"""What a flash card takes when it has to tidy up first."""
SLOW_ODDS: Final = 0.02
STUCK_S: Final = (4.0, 9.0)
"""What one takes behind the commit that is about to break."""
STUCK_ODDS: Final = 0.002

INTENT: Final = b"opening.intended"
NEW_FACTS: Final = "SELECT rowid, stored FROM facts WHERE rowid > ? ORDER BY rowid"
MARK: Final = "SELECT acked, applied, (SELECT body FROM settings WHERE name = 'tag') FROM marks"

Marked = tuple[int, int, bytes | None]


@dataclass(frozen=True, slots=True)
class Written:
    """What one transaction put on the disk: facts in their stored bytes, and how far the bank's mark says it is;
    `tag` is that of the last downlink entry."""

    facts: Sequence[bytes]
    acked: int
    applied: int
    tag: int = 0


class _Lost(Exception):
    """The power went before the commit."""


class Platter:
    """What outlives the programs. `written` is told of every commit, at once."""

    def __init__(self, path: Path | None, written: Callable[[Written], None]) -> None:
        self.full = False
        self.stuck = False
        """It holds something that the controller does not know to be written yet."""
        self._path = path
        self._written = written
        self._disk = InlineDisk(path)
        self._seen = 0
        self._mark: Marked = (0, 0, None)

    async def commit(self, work: Work[T]) -> tuple[T, Sequence[bytes]]:
        """One transaction: its result, and the facts that it wrote."""
        result, fresh, mark = await self._disk.run(lambda connection: self._observed(connection, work))
        stored = [stored for _, stored in fresh]
        if fresh or mark != self._mark:
            self._seen = fresh[-1][0] if fresh else self._seen
            self._mark = mark
            acked, applied, tag = mark
            self._written(Written(stored, acked, applied, msgspec.msgpack.decode(tag, type=int) if tag else 0))
        return result, stored

    async def lose(self, work: Work[Any]) -> None:
        """A transaction in whose middle the power goes."""

        def doomed(connection: sqlite3.Connection) -> None:
            work(connection)
            raise _Lost

        try:
            await self._disk.run(doomed)
        except _Lost:
            await self.power_off()

    async def power_off(self) -> None:
        """Whoever comes next reads what is really there."""
        if self._path is not None:
            await self._disk.close()
            self._disk = InlineDisk(self._path)

    async def rot(self, dice: Dice) -> Flipped | None:
        """Flip a bit, past the program."""
        return await self._disk.run(lambda connection: flip(connection, dice))

    async def heal(self, flipped: Flipped) -> None:
        await self._disk.run(lambda connection: mend(connection, flipped))

    async def read(self, sql: str) -> list[tuple[Any, ...]]:
        """For oracles: past the program and its memory."""
        return await self._disk.run(lambda connection: connection.execute(sql).fetchall())

    async def close(self) -> None:
        await self._disk.close()

    def _observed(self, connection: sqlite3.Connection, work: Work[T]) -> tuple[T, list[tuple[int, bytes]], Marked]:
        result = work(connection)
        fresh = connection.execute(NEW_FACTS, (self._seen,)).fetchall()
        return result, fresh, connection.execute(MARK).fetchone()


class SimDisk:
    """The disk as one run of the controller sees it."""

    def __init__(self, platter: Platter, life: Life, fates: Fates, dice: Dice) -> None:
        self._platter = platter
        self._life = life
        self._fates = fates
        self._dice = dice

    @property
    def low(self) -> bool:
        return self._platter.full

    async def run(self, work: Work[T], *, essential: bool = False) -> T:
        await asyncio.sleep(self._takes())
        if self._life.over:
            await self._life.die()
        if self._platter.full and not essential:
            raise DiskFull("The bank's disk is full.")
        if self._fates.strikes(Section.ROLLBACK):
            await self._platter.lose(work)
            await self._life.die()
        if self._fates.strikes(Section.FAILED):
            raise DiskFailed("planned")
        result, facts = await self._platter.commit(work)
        if not self._fates.calm and self._dice.chance(STUCK_ODDS):
            self._platter.stuck = True
            try:
                await asyncio.sleep(self._dice.between(*STUCK_S))
            finally:
                self._platter.stuck = False
        await self._behind(facts)
        return result

    async def mend(self) -> bool:
        return not self._platter.full

    async def close(self) -> None:
        """The platter turns on."""

    async def _behind(self, facts: Sequence[bytes]) -> None:
        if any(INTENT in stored for stored in facts) and self._fates.strikes(Section.INTENT):
            await self._life.die()
        if self._fates.strikes(Section.WRITTEN):
            await self._life.die()
        if self._fates.strikes(Section.UNSURE):
            raise DiskFailed("planned")

    def _takes(self) -> float:
        if not self._fates.calm and self._dice.chance(SLOW_ODDS):
            return self._dice.between(*SLOW_S)
        return self._dice.between(*FAST_S)
