"""The server's connection to PostgreSQL: one, so that one transaction is under way at a time, and each statement is
over in the same virtual moment in which it was sent. PostgreSQL's own `now()` is the simulation's, see `ground`."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final

import asyncpg

from cranny.platform.db import Row, close_pool, open_pool
from cranny.sim.whole.outside import Outside

BEGIN: Final = "BEGIN"
STAMPED: Final = "BEGIN; SET LOCAL cranny.now = '{now}'"
WRITES: Final = ("INSERT INTO", " SET ", "DELETE FROM")
GIVES: Final = "INSERT INTO downlink"
ASKS_THE_TIME: Final = "NOW()"
STAMP: Final = "SELECT set_config('cranny.now', $1, false)"


class Line:
    """What the product takes for a connection of its pool."""

    def __init__(self, outside: Outside, connection: asyncpg.Connection, now: Callable[[], datetime]) -> None:
        self.statements = 0
        self.wrote = False
        self.gave = False
        """A right to a bank. Both since it began its transaction."""
        self._outside = outside
        self._connection = connection
        self._now = now

    async def execute(self, sql: str, *args: object) -> str:
        self._count(sql)
        if sql.startswith(BEGIN):
            self.wrote = self.gave = False
            sql = STAMPED.format(now=self._now().isoformat()) + sql.removeprefix(BEGIN)
        tag: str = self._outside.wait(self._connection.execute(sql, *args))
        return tag

    async def fetch(self, sql: str, *args: object) -> Sequence[Row]:
        self._count(sql)
        rows: Sequence[Row] = self._outside.wait(self._connection.fetch(sql, *args))
        return rows

    async def fetchrow(self, sql: str, *args: object) -> Row | None:
        self._count(sql)
        row: Row | None = self._outside.wait(self._connection.fetchrow(sql, *args))
        return row

    async def fetchval(self, sql: str, *args: object) -> Any:
        self._count(sql)
        return self._outside.wait(self._connection.fetchval(sql, *args))

    def _count(self, sql: str) -> None:
        self.statements += 1
        self.wrote |= any(word in sql for word in WRITES)
        self.gave |= GIVES in sql

    def is_closed(self) -> bool:
        return bool(self._connection.is_closed())

    def terminate(self) -> None:
        self._connection.terminate()


class LinePool:
    """What the product takes for its pool. Whoever comes first is served first."""

    def __init__(self, outside: Outside, dsn: str, now: Callable[[], datetime]) -> None:
        self._outside = outside
        self._dsn = dsn
        self._now = now
        self._turn = asyncio.Lock()
        self._holder: asyncio.Task[Any] | None = None
        self._pool: asyncpg.Pool | None = None
        self._connection: asyncpg.Connection | None = None
        self._line: Line | None = None
        self._statements = 0

    @property
    def statements(self) -> int:
        """How many were sent."""
        return self._statements + (self._line.statements if self._line else 0)

    async def acquire(self) -> Line:
        if self._holder is asyncio.current_task() and self._turn.locked():
            raise RuntimeError(
                "a transaction inside a transaction: where all connections are in use, it waits for ever"
            )
        await self._turn.acquire()
        self._holder = asyncio.current_task()
        if self._line is None:
            self._line = self._outside.wait(self._open())
        return self._line

    async def release(self, _: Line) -> None:
        self._holder = None
        self._turn.release()

    async def execute(self, sql: str, *args: object) -> str:
        line = await self._stamped(sql)
        try:
            return await line.execute(sql, *args)
        finally:
            await self.release(line)

    async def fetch(self, sql: str, *args: object) -> Sequence[Row]:
        line = await self._stamped(sql)
        try:
            return await line.fetch(sql, *args)
        finally:
            await self.release(line)

    async def fetchrow(self, sql: str, *args: object) -> Row | None:
        line = await self._stamped(sql)
        try:
            return await line.fetchrow(sql, *args)
        finally:
            await self.release(line)

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Nobody is connected while the block runs."""
        await self._turn.acquire()
        try:
            self.hang_up()
            yield
        finally:
            self._turn.release()

    def hang_up(self) -> None:
        """Whoever comes next connects anew. Not while somebody holds the line."""
        if self._pool is not None:
            self._statements = self.statements
            self._outside.wait(self._close(self._pool))
        self._pool = self._line = None

    async def _stamped(self, sql: str) -> Line:
        line = await self.acquire()
        if ASKS_THE_TIME in sql:
            await line.execute(STAMP, self._now().isoformat())
        return line

    async def _open(self) -> Line:
        self._pool = await open_pool(self._dsn, size=1)
        self._connection = await self._pool.acquire()
        return Line(self._outside, self._connection, self._now)

    async def _close(self, pool: asyncpg.Pool) -> None:
        await pool.release(self._connection)
        await close_pool(pool)
