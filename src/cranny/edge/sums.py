"""A sum over the journal's rows, kept in the journal: a byte that flips on a disk at rest is found when the bank
starts, before anything is decided on it.

SQLite itself notices torn pages, not wrong values. Facts need no sum: they are a chain. The sum is one of digests, so
that a commit only takes out what its rows were and puts in what they are.
"""

import hashlib
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import msgspec

from cranny.core.errors import Conflict
from cranny.edge import columns, rows

BYTES: Final = 16
MODULUS: Final = 1 << 8 * BYTES
TABLE: Final = """CREATE TABLE IF NOT EXISTS sums (
    id INTEGER PRIMARY KEY CHECK (id = 1), total BLOB NOT NULL) STRICT"""
READ: Final = "SELECT total FROM sums"
FORGET: Final = "DELETE FROM sums"
WRITE: Final = "INSERT INTO sums VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET total = excluded.total"

EVERY: Final[dict[type[rows.Row], str]] = {
    rows.Mark: "SELECT * FROM marks",
    rows.Past: "SELECT * FROM pasts",
    rows.Setting: "SELECT * FROM settings",
    rows.Compartment: "SELECT * FROM compartments",
    rows.Occupancy: "SELECT * FROM occupancies",
    rows.Delivery: "SELECT * FROM deliveries",
    rows.Grant: "SELECT * FROM grants",
    rows.Badge: "SELECT * FROM badges",
    rows.Opening: "SELECT * FROM openings",
    rows.Again: "SELECT * FROM agains",
    rows.Pad: "SELECT * FROM pad",
    rows.Inventory: "SELECT * FROM inventories",
    rows.Command: "SELECT * FROM commands",
    rows.Order: "SELECT * FROM orders",
    rows.UsedToken: "SELECT * FROM used_tokens",
    rows.Sensing: "SELECT * FROM sensing",
    rows.Warmth: "SELECT * FROM warmth",
    rows.Tracking: "SELECT * FROM tracking",
    rows.GivenMeanwhile: "SELECT * FROM given_meanwhile",
}
"""What is summed: each kind of row that there is."""
ONE: Final[dict[type[rows.Row], tuple[str, int]]] = {
    rows.Mark: ("SELECT * FROM marks WHERE id = ?", 1),
    rows.Past: ("SELECT * FROM pasts WHERE epoch = ?", 1),
    rows.Setting: ("SELECT * FROM settings WHERE name = ?", 1),
    rows.Compartment: ("SELECT * FROM compartments WHERE label = ?", 1),
    rows.Occupancy: ("SELECT * FROM occupancies WHERE label = ? AND generation = ?", 2),
    rows.Delivery: ("SELECT * FROM deliveries WHERE delivery = ?", 1),
    rows.Grant: ('SELECT * FROM grants WHERE "grant" = ?', 1),
    rows.Badge: ('SELECT * FROM badges WHERE "grant" = ?', 1),
    rows.Opening: ("SELECT * FROM openings WHERE opening = ?", 1),
    rows.Again: ('SELECT * FROM agains WHERE "grant" = ?', 1),
    rows.Pad: ("SELECT * FROM pad WHERE id = ?", 1),
    rows.UsedToken: ("SELECT * FROM used_tokens WHERE token_id = ?", 1),
    rows.Inventory: ("SELECT * FROM inventories WHERE inventory = ?", 1),
    rows.Command: ("SELECT * FROM commands WHERE command = ?", 1),
    rows.Order: ("SELECT * FROM orders WHERE opening = ?", 1),
    rows.Sensing: ("SELECT * FROM sensing WHERE id = ?", 1),
    rows.Warmth: ("SELECT * FROM warmth WHERE label = ?", 1),
    rows.Tracking: ("SELECT * FROM tracking WHERE delivery = ?", 1),
    rows.GivenMeanwhile: ("SELECT * FROM given_meanwhile WHERE delivery = ?", 1),
}
"""One row by its key, and how many columns that has."""


@contextmanager
def counting(connection: sqlite3.Connection, changed: Sequence[rows.Row]) -> Iterator[None]:
    """Around the writing of `changed`, each row once, inside the transaction."""
    keys = [(EVERY[type(row)], *_key(row)) for row in changed]
    # A grant that ends takes its badge with it (`schema`).
    keys += [(EVERY[rows.Badge], ONE[rows.Badge][0], key) for table, _, key in keys if table == EVERY[rows.Grant]]
    apart = {(table, key): sql for table, sql, key in keys}
    before = _sum(connection, apart)
    yield
    after = _sum(connection, apart)
    (total,) = connection.execute(READ).fetchone()
    connection.execute(WRITE, (_bytes(int.from_bytes(total, "big") + after - before),))


def anew(connection: sqlite3.Connection) -> None:
    """Sum what is there now, inside a transaction that took away rows that nobody counted."""
    connection.execute(FORGET)
    check(connection)


def check(connection: sqlite3.Connection) -> None:
    """Raises Conflict, code `journal-torn`, when the rows are not those that were written."""
    connection.execute(TABLE)
    kept = connection.execute(READ).fetchone()
    total = _bytes(sum(_digest(sql, row) for sql in EVERY.values() for row in connection.execute(sql)))
    if kept is None:
        connection.execute(WRITE, (total,))
    elif kept[0] != total:
        raise Conflict(
            "The journal is not as it was written: the disk has changed it. Replace the disk and enrol the bank anew.",
            code="journal-torn",
        )


def _key(row: rows.Row) -> tuple[str, tuple[Any, ...]]:
    sql, many = ONE[type(row)]
    return sql, columns.write(row)[:many]


def _sum(connection: sqlite3.Connection, apart: dict[tuple[str, tuple[Any, ...]], str]) -> int:
    total = 0
    for (table, key), sql in apart.items():
        found = connection.execute(sql, key).fetchone()
        total += _digest(table, found) if found else 0
    return total


def _digest(table: str, row: Sequence[Any]) -> int:
    written = msgspec.msgpack.encode((table, tuple(row)))
    return int.from_bytes(hashlib.blake2b(written, digest_size=BYTES).digest(), "big")


def _bytes(total: int) -> bytes:
    return (total % MODULUS).to_bytes(BYTES, "big")
