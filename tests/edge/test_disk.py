"""The real disk: one thread, a reserve for pick-ups, errors with a name."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator
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
