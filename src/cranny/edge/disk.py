"""The disk, as an argument: one piece of work is one transaction, on the disk when it returns.

SQLite, WAL, `synchronous=FULL`: with NORMAL a power cut takes back commits that were told to be done.
"""

import asyncio
import shutil
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, Protocol, TypeVar

from cranny.core.errors import CrannyError

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]

PRAGMAS: Final = ("PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", "PRAGMA foreign_keys = ON")
RESERVE_BYTES = 4 * 1024 * 1024
"""Some thousand openings: what can still be journalled when everything else is full."""


SCARCE_BYTES = 64 * 1024
"""With less, whatever fails has failed for want of room."""


class DiskFull(CrannyError):
    """No room; nothing was written, nothing is broken."""

    code = "disk-full"
    status = 503


class DiskFailed(CrannyError):
    """Whether the transaction is on the disk is not known. Only a restart, which reads the journal, can tell."""

    code = "disk-failed"
    status = 503
    retry = True


class Disk(Protocol):
    @property
    def low(self) -> bool:
        """The reserve is used up: take on nothing new."""
        ...

    async def run(self, work: Work[T], *, essential: bool = False) -> T:
        """Run `work` in one transaction. `essential` work may use the reserve. An error of `work` itself rolls
        back and comes through. Raises DiskFull, DiskFailed."""
        ...

    async def mend(self) -> bool:
        """Keep the reserve again, where there is room. Whether it is kept."""
        ...

    async def close(self) -> None: ...


class Store:
    """One SQLite file with its reserve beside it. Not for the event loop: see ThreadDisk and InlineDisk."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._reserve = path.with_name(f"{path.name}.reserve")
        self._connection: sqlite3.Connection | None = None
        self.low = not self._set_aside()

    def run(self, work: Work[T], *, essential: bool) -> T:
        try:
            return self._attempt(work)
        except DiskFull:
            if not essential or self.low:
                raise
            self._reserve.unlink(missing_ok=True)
            self.low = True
            return self._attempt(work)

    def mend(self) -> bool:
        """See `Disk.mend`."""
        if self.low:
            self.low = not self._set_aside()
        return not self.low

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _attempt(self, work: Work[T]) -> T:
        try:
            connection = self._connection = self._connection or _connect(self._path)
            return _transaction(connection, work)
        except sqlite3.Error as error:
            if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_FULL:
                raise DiskFull("The bank's disk is full.") from error
            if self._no_room():
                self.close()  # a file that could not grow is opened anew
                raise DiskFull("The bank's disk is full.") from error
            self.close()  # whoever comes next reads what is really there
            raise DiskFailed(f"The bank's disk failed: {error}") from error

    def _no_room(self) -> bool:
        """SQLite tells a file beside its own that can't grow as an input or output error."""
        return shutil.disk_usage(self._path.parent).free < SCARCE_BYTES

    def _set_aside(self) -> bool:
        if self._reserve.exists() and self._reserve.stat().st_size == RESERVE_BYTES:
            return True
        try:
            self._reserve.write_bytes(bytes(RESERVE_BYTES))
        except OSError:
            self._reserve.unlink(missing_ok=True)
            return False
        return True


class ThreadDisk:
    """For the real bank: one thread of its own, so that a slow flash card never holds up the event loop."""

    def __init__(self, path: Path) -> None:
        self._store = Store(path)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="disk")

    @property
    def low(self) -> bool:
        return self._store.low

    async def run(self, work: Work[T], *, essential: bool = False) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, lambda: self._store.run(work, essential=essential))

    async def mend(self) -> bool:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._store.mend)

    async def close(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, self._store.close)
        self._thread.shutdown()


class InlineDisk:
    """Runs on the event loop itself: simulation and tests only. Without a path it is gone with the object."""

    low = False

    def __init__(self, path: Path | None = None) -> None:
        self._connection = _connect(path)

    async def run(self, work: Work[T], *, essential: bool = False) -> T:  # noqa: ARG002 - it has no reserve
        await asyncio.sleep(0)
        try:
            return _transaction(self._connection, work)
        except sqlite3.Error as error:
            raise DiskFailed(f"The bank's disk failed: {error}") from error

    async def mend(self) -> bool:
        return True

    async def close(self) -> None:
        self._connection.close()


def _connect(path: Path | None) -> sqlite3.Connection:
    connection = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False)
    for pragma in PRAGMAS:
        connection.execute(pragma)
    return connection


def _transaction(connection: sqlite3.Connection, work: Work[T]) -> T:
    connection.execute("BEGIN IMMEDIATE")
    try:
        result = work(connection)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return result
