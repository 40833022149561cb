"""Bit rot: whatever a disk changes in a journal at rest is found at the next start, and nothing is decided on it."""

import sqlite3
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from cranny.core.errors import Conflict
from cranny.edge import rows, schema, sums
from cranny.edge.journal import load

from .conftest import BANK, TENANT, Lab

Live = Callable[..., None]


def test_every_kind_of_row_is_summed() -> None:
    assert sums.EVERY.keys() == sums.ONE.keys() == schema.PUT.keys()


def _flipped(value: Any) -> Any:
    match value:
        case int():
            return value ^ 1
        case bytes() if value:
            return bytes([value[0] ^ 1, *value[1:]])
        case str() if value:
            return chr(ord(value[0]) ^ 1) + value[1:]
    return None


def _values(connection: sqlite3.Connection) -> list[tuple[str, str, int]]:
    """(table, column, rowid) of every value whose one bit can flip without SQLite's own rules seeing it."""
    connection.execute("PRAGMA ignore_check_constraints = ON")
    found = []
    tables = [sql.removeprefix("SELECT * FROM ") for sql in sums.EVERY.values()]
    for table in [*tables, "sums"]:
        cursor = connection.execute(f"SELECT rowid, * FROM {table}")  # noqa: S608 - names of our own
        names = [column[0] for column in cursor.description][1:]
        found += [
            (table, name, rowid)
            for rowid, *row in cursor
            for name, value in zip(names, row, strict=True)
            if name != "id" and _flipped(value) is not None
        ]
    return found


def _free(connection: sqlite3.Connection) -> None:
    """A disk asks no trigger."""
    for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        connection.execute(f"DROP TRIGGER {name}")


def _flip(connection: sqlite3.Connection, table: str, column: str, rowid: int) -> bool:
    _free(connection)
    (value,) = connection.execute(f'SELECT "{column}" FROM {table} WHERE rowid = ?', (rowid,)).fetchone()  # noqa: S608
    try:
        change = f'UPDATE {table} SET "{column}" = ? WHERE rowid = ?'  # noqa: S608
        connection.execute(change, (_flipped(value), rowid))
    except sqlite3.IntegrityError:
        return False
    return True


async def _opens(lab: Lab) -> bool:
    try:
        await load(lab.disk, TENANT, BANK, clock=lab.clock, boot=UUID(int=1), offline=lambda: True)
    except Conflict as conflict:
        return conflict.code != "journal-torn"
    return True


@pytest.mark.slow
def test_a_flipped_bit_in_any_value_is_found(live_bank: Live) -> None:
    async def story(lab: Lab) -> None:
        await lab.open()
        first, second = await lab.announce("P0001"), await lab.announce("P0002")
        await lab.deposit(first)
        await lab.deposit(second)
        await lab.crash()
        connection = lab.connection
        assert await _opens(lab)
        values = _values(connection)
        assert len(values) > 80
        for table, column, rowid in values:
            flipped = _flip(connection, table, column, rowid)
            assert not flipped or not await _opens(lab), f"{table}.{column} of row {rowid}"
            if flipped:
                _flip(connection, table, column, rowid)
        assert await _opens(lab)

    live_bank(story)


@pytest.mark.parametrize("seq", [1, 3])
def test_a_flipped_bit_in_a_fact_that_was_not_sent_is_found(live_bank: Live, seq: int) -> None:
    async def story(lab: Lab) -> None:
        await lab.open()
        await lab.deposit(await lab.announce("P0001"))
        await lab.crash()
        connection = lab.connection
        connection.execute("UPDATE marks SET acked = 0")
        connection.execute("DELETE FROM sums")
        assert await _opens(lab)
        _free(connection)
        connection.execute(
            "UPDATE facts SET stored = CAST(substr(stored, 1, 60) || x'00' AS BLOB) WHERE seq = ?", (seq,)
        )
        assert not await _opens(lab)

    live_bank(story)


def test_a_lost_row_is_found(live_bank: Live) -> None:
    async def story(lab: Lab) -> None:
        await lab.open()
        await lab.deposit(await lab.announce("P0001"))
        await lab.crash()
        lab.connection.execute("DELETE FROM occupancies")
        assert not await _opens(lab)

    live_bank(story)


def test_the_key_of_a_row_finds_it() -> None:
    for kind, (sql, many) in sums.ONE.items():
        assert sql.startswith(sums.EVERY[kind])
        assert sql.count("?") == many
    assert rows.Mark in sums.ONE
