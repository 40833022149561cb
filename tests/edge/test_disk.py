"""The real disk: one thread, a reserve for pick-ups, errors with a name."""

import asyncio
import contextlib
import os
import shutil
import sqlite3
import subprocess
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from cranny.edge.disk import RESERVE_BYTES, DiskFailed, DiskFull, ThreadDisk

BIG = b"x" * 500_000


@pytest.fixture
async def disk(tmp_path: Path) -> AsyncIterator[ThreadDisk]:
    disk = ThreadDisk(tmp_path / "journal.sqlite")
    await disk.run(lambda c: c.execute("CREATE TABLE things (thing BLOB)"))
    yield disk
    await disk.close()


def put(thing: bytes) -> object:
    def work(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO things VALUES (?)", (thing,))

    return work


async def count(disk: ThreadDisk) -> int:
    return int(await disk.run(lambda c: c.execute("SELECT count(*) FROM things").fetchone()[0]))


async def test_it_is_durable_and_off_the_event_loop(disk: ThreadDisk, tmp_path: Path) -> None:
    assert await disk.run(lambda c: c.execute("PRAGMA synchronous").fetchone()) == (2,)
    assert await disk.run(lambda c: c.execute("PRAGMA journal_mode").fetchone()) == ("wal",)
    threads = {await disk.run(lambda _: threading.get_ident()) for _ in range(5)}
    assert len(threads) == 1
    assert threads != {threading.get_ident()}
    assert (tmp_path / "journal.sqlite.reserve").stat().st_size == RESERVE_BYTES


async def test_work_that_fails_leaves_nothing(disk: ThreadDisk) -> None:
    def work(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO things VALUES (x'00')")
        raise ValueError("changed my mind")

    with pytest.raises(ValueError, match="changed my mind"):
        await disk.run(work)
    assert await count(disk) == 0


async def test_work_comes_one_after_the_other(disk: ThreadDisk) -> None:
    await asyncio.gather(*(disk.run(put(bytes([n]))) for n in range(50)))
    found = await disk.run(lambda c: c.execute("SELECT thing FROM things ORDER BY rowid").fetchall())
    assert found == [(bytes([n]),) for n in range(50)]


async def test_full_is_told_and_the_reserve_is_for_what_is_essential(disk: ThreadDisk, tmp_path: Path) -> None:
    await disk.run(lambda c: c.execute("CREATE TABLE more (thing BLOB)"))
    pages = await disk.run(lambda c: c.execute("PRAGMA page_count").fetchone()[0])
    await disk.run(lambda c: c.execute(f"PRAGMA max_page_count = {pages}").fetchone())
    with pytest.raises(DiskFull):
        await disk.run(put(BIG))
    assert not disk.low
    with pytest.raises(DiskFull):  # the limit of this test is not the file system's, so the reserve does not help
        await disk.run(put(BIG), essential=True)
    assert disk.low
    assert not (tmp_path / "journal.sqlite.reserve").exists()
    await disk.run(lambda c: c.execute(f"PRAGMA max_page_count = {pages + 1000}").fetchone())
    await disk.run(put(BIG), essential=True)
    assert await count(disk) == 1


async def test_a_start_sets_the_reserve_aside_again(tmp_path: Path) -> None:
    reserve = tmp_path / "journal.sqlite.reserve"
    for _ in range(2):
        disk = ThreadDisk(tmp_path / "journal.sqlite")
        assert not disk.low
        await disk.close()
        reserve.unlink()


async def test_a_broken_disk_has_a_name(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    path.write_bytes(b"this is no database" * 1000)
    disk = ThreadDisk(path)
    with pytest.raises(DiskFailed):
        await count(disk)
    path.unlink()
    await disk.run(lambda c: c.execute("CREATE TABLE things (thing BLOB)"))
    assert await count(disk) == 0
    await disk.close()


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A real file system of twelve megabytes."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("only root can mount a small file system, to fill it up")
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(  # noqa: S603
        ["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", str(place)],  # noqa: S607
        check=False,
    )
    if mounted.returncode:
        pytest.skip("this machine lets nobody mount a file system")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)  # noqa: S603, S607


async def many(disk: ThreadDisk, times: int, *, essential: bool = False) -> None:
    for _ in range(times):
        await disk.run(put(bytes(1000)), essential=essential)


def fill(place: Path) -> Path:
    """Something else takes all the room there is."""
    ballast = place / "log"
    with ballast.open("ab", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    return ballast


async def test_on_a_full_file_system_what_is_essential_is_still_written(small: Path) -> None:
    disk = ThreadDisk(small / "journal.sqlite")
    await disk.run(lambda c: c.execute("CREATE TABLE things (thing BLOB)"))
    ballast = fill(small)
    with pytest.raises(DiskFull):
        await many(disk, 3000)  # what SQLite has room for in files that it has made already
    before = await count(disk)
    await many(disk, 500, essential=True)
    assert disk.low
    assert not await disk.mend()
    assert await count(disk) == before + 500
    ballast.unlink()
    assert await disk.mend()
    assert not disk.low
    await disk.run(put(bytes(1000)))
    await disk.close()


@pytest.mark.parametrize("reserve", [True, False], ids=["with its reserve", "without one"])
async def test_a_start_on_a_full_file_system(small: Path, reserve: bool) -> None:
    """The power went while the disk was full. With its reserve the bank starts; without, it says what is wrong until
    there is room."""
    disk = ThreadDisk(small / "journal.sqlite")
    await disk.run(lambda c: c.execute("CREATE TABLE things (thing BLOB)"))
    await disk.run(put(b"one"))
    await disk.close()
    if not reserve:
        (small / "journal.sqlite.reserve").unlink()
    ballast = fill(small)
    again = ThreadDisk(small / "journal.sqlite")
    if reserve:
        await again.run(put(b"two"), essential=True)
    else:
        with pytest.raises(DiskFull):
            await again.run(put(b"two"), essential=True)
        ballast.unlink()
        await again.run(put(b"two"), essential=True)
    assert await count(again) == 2
    await again.close()
