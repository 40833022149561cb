"""A disk that loses power: SQLite writes into memory, and what was not synced is lost, sector by sector.

Everything goes through a VFS of our own, so the journal's own code runs on real SQLite. When the power goes, of each
file stays what was synced, and of the rest any sectors at all: disks write them in their own order. Shared memory for
the WAL is not simulated, so the database is locked exclusively; that changes nothing about what is synced when.
"""

from collections.abc import Callable
from typing import Any, Final

import apsw

from cranny.core.rng import SeededRng

SECTOR: Final = 512
NAME: Final = "power"


class PowerLost(Exception):
    """The power went before the transaction was told to be done."""


class Platter:
    """The files. `left` counts writes and syncs down; at 0 the power goes: `after` is then what will be on the disk
    when it comes back, and whatever the dying connection still writes reaches nobody."""

    def __init__(self, rng: SeededRng) -> None:
        self.files: dict[str, File] = {}
        self.left = -1
        self.after: Platter | None = None
        self._rng = rng

    def spend(self) -> None:
        """Before one write or sync."""
        if self.left == 0:
            self.cut()
        self.left -= 1

    def cut(self) -> None:
        if self.after is None:
            self.after = Platter(self._rng)
            for name, file in self.files.items():
                self.after.files[name] = File(self.after, file.after_power_loss(self._rng))


class File:
    def __init__(self, platter: Platter, content: bytes = b"") -> None:
        self._platter = platter
        self._now = bytearray(content)
        self._safe = bytes(content)
        self._since: list[tuple[int, bytes | None]] = []
        """Since the last sync: (offset, data), or (length, None) for a truncation."""

    def after_power_loss(self, rng: SeededRng) -> bytes:
        kept = bytearray(self._safe)
        for offset, data in self._since:
            if data is None:
                if rng.below(2):
                    del kept[offset:]
                continue
            for start, part in _sectors(offset, data):
                if rng.below(2):
                    _put(kept, start, part)
        return bytes(kept)

    # What follows is called by SQLite, by these names.

    def xRead(self, amount: int, offset: int) -> bytes:
        return bytes(self._now[offset : offset + amount])

    def xWrite(self, data: bytes, offset: int) -> None:
        self._platter.spend()
        _put(self._now, offset, data)
        self._since.append((offset, bytes(data)))

    def xTruncate(self, size: int) -> None:
        self._platter.spend()
        del self._now[size:]
        self._since.append((size, None))

    def xSync(self, flags: int) -> None:
        self._platter.spend()
        self._safe, self._since = bytes(self._now), []

    def xFileSize(self) -> int:
        return len(self._now)

    def xLock(self, level: int) -> None:
        pass

    def xUnlock(self, level: int) -> None:
        pass

    def xCheckReservedLock(self) -> bool:
        return False

    def xFileControl(self, op: int, pointer: int) -> bool:
        return False

    def xSectorSize(self) -> int:
        return SECTOR

    def xDeviceCharacteristics(self) -> int:
        return 0

    def xClose(self) -> None:
        pass


class Drive(apsw.VFS):
    """All SQLite sees of the machine."""

    def __init__(self) -> None:
        self.platter = Platter(SeededRng(0))
        super().__init__(NAME, base="")

    def xOpen(self, name: Any, flags: list[int]) -> Any:
        path = name.filename() if isinstance(name, apsw.URIFilename) else name or "temp"
        flags[1] = flags[0]
        return self.platter.files.setdefault(path, File(self.platter))

    def xAccess(self, path: str, flags: int) -> bool:
        return path in self.platter.files

    def xFullPathname(self, name: str) -> str:
        return name

    def xDelete(self, path: str, sync_directory: bool) -> None:
        self.platter.spend()
        self.platter.files.pop(path, None)


DRIVE: Final = Drive()


class ShimDisk:
    """A `Disk` of the bank on the drive, set up by `pragmas`."""

    low = False

    def __init__(self, pragmas: tuple[str, ...]) -> None:
        self._pragmas = ("PRAGMA locking_mode = EXCLUSIVE", *pragmas)
        self._connection = apsw.Connection("journal.sqlite", vfs=NAME)

    async def run(self, work: Callable[[Any], Any], *, essential: bool = False) -> Any:
        connection = self._ready()
        connection.execute("BEGIN IMMEDIATE")
        result = work(connection)
        connection.execute("COMMIT")
        if DRIVE.platter.after is not None:
            raise PowerLost
        return result

    async def close(self) -> None:
        self.end()

    def end(self) -> None:
        """The power goes, if it has not gone before; and comes back."""
        DRIVE.platter.cut()
        self._connection.close()
        assert DRIVE.platter.after is not None
        DRIVE.platter = DRIVE.platter.after

    def check(self) -> None:
        """What SQLite itself says of its file."""
        assert self._ready().execute("PRAGMA integrity_check").fetchall() == [("ok",)]

    def _ready(self) -> Any:
        """Set up on first use: the power may go in the middle of that, too."""
        for pragma in self._pragmas:
            self._connection.execute(pragma)
        self._pragmas = ()
        return self._connection


def _put(content: bytearray, offset: int, data: bytes) -> None:
    if len(content) < offset:
        content.extend(bytes(offset - len(content)))
    content[offset : offset + len(data)] = data


def _sectors(offset: int, data: bytes) -> list[tuple[int, bytes]]:
    """`data` in the pieces that a disk writes at once."""
    pieces, end = [], offset + len(data)
    start = offset
    while start < end:
        stop = min(end, (start // SECTOR + 1) * SECTOR)
        pieces.append((start, data[start - offset : stop - offset]))
        start = stop
    return pieces
