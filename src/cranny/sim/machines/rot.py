"""A disk that changes what is written on it: one bit of one value of the journal, while the bank is off."""

import sqlite3
from dataclasses import dataclass
from typing import Any, Final

from cranny.sim.dice import Dice


@dataclass(frozen=True, slots=True)
class Place:
    """A column, and how to reach it past the program."""

    name: str
    rows: str
    read: str
    write: str


@dataclass(frozen=True, slots=True)
class Flipped:
    place: Place
    row: int
    was: Any


PLACES: Final = (
    Place(
        "marks.epoch",
        "SELECT rowid FROM marks ORDER BY rowid",
        'SELECT "epoch" FROM marks WHERE rowid = ?',
        'UPDATE marks SET "epoch" = ? WHERE rowid = ?',
    ),
    Place(
        "marks.seq",
        "SELECT rowid FROM marks ORDER BY rowid",
        'SELECT "seq" FROM marks WHERE rowid = ?',
        'UPDATE marks SET "seq" = ? WHERE rowid = ?',
    ),
    Place(
        "marks.head",
        "SELECT rowid FROM marks ORDER BY rowid",
        'SELECT "head" FROM marks WHERE rowid = ?',
        'UPDATE marks SET "head" = ? WHERE rowid = ?',
    ),
    Place(
        "marks.acked",
        "SELECT rowid FROM marks ORDER BY rowid",
        'SELECT "acked" FROM marks WHERE rowid = ?',
        'UPDATE marks SET "acked" = ? WHERE rowid = ?',
    ),
    Place(
        "marks.applied",
        "SELECT rowid FROM marks ORDER BY rowid",
        'SELECT "applied" FROM marks WHERE rowid = ?',
        'UPDATE marks SET "applied" = ? WHERE rowid = ?',
    ),
    Place(
        "settings.body",
        "SELECT rowid FROM settings ORDER BY rowid",
        'SELECT "body" FROM settings WHERE rowid = ?',
        'UPDATE settings SET "body" = ? WHERE rowid = ?',
    ),
    Place(
        "compartments.generation",
        "SELECT rowid FROM compartments ORDER BY rowid",
        'SELECT "generation" FROM compartments WHERE rowid = ?',
        'UPDATE compartments SET "generation" = ? WHERE rowid = ?',
    ),
    Place(
        "compartments.openings",
        "SELECT rowid FROM compartments ORDER BY rowid",
        'SELECT "openings" FROM compartments WHERE rowid = ?',
        'UPDATE compartments SET "openings" = ? WHERE rowid = ?',
    ),
    Place(
        "compartments.blocked",
        "SELECT rowid FROM compartments ORDER BY rowid",
        'SELECT "blocked" FROM compartments WHERE rowid = ?',
        'UPDATE compartments SET "blocked" = ? WHERE rowid = ?',
    ),
    Place(
        "occupancies.generation",
        "SELECT rowid FROM occupancies ORDER BY rowid",
        'SELECT "generation" FROM occupancies WHERE rowid = ?',
        'UPDATE occupancies SET "generation" = ? WHERE rowid = ?',
    ),
    Place(
        "occupancies.grant",
        "SELECT rowid FROM occupancies ORDER BY rowid",
        'SELECT "grant" FROM occupancies WHERE rowid = ?',
        'UPDATE occupancies SET "grant" = ? WHERE rowid = ?',
    ),
    Place(
        "occupancies.collector",
        "SELECT rowid FROM occupancies ORDER BY rowid",
        'SELECT "collector" FROM occupancies WHERE rowid = ?',
        'UPDATE occupancies SET "collector" = ? WHERE rowid = ?',
    ),
    Place(
        "occupancies.deliveries",
        "SELECT rowid FROM occupancies ORDER BY rowid",
        'SELECT "deliveries" FROM occupancies WHERE rowid = ?',
        'UPDATE occupancies SET "deliveries" = ? WHERE rowid = ?',
    ),
    Place(
        "occupancies.ended",
        "SELECT rowid FROM occupancies ORDER BY rowid",
        'SELECT "ended" FROM occupancies WHERE rowid = ?',
        'UPDATE occupancies SET "ended" = ? WHERE rowid = ?',
    ),
    Place(
        "deliveries.state",
        "SELECT rowid FROM deliveries ORDER BY rowid",
        'SELECT "state" FROM deliveries WHERE rowid = ?',
        'UPDATE deliveries SET "state" = ? WHERE rowid = ?',
    ),
    Place(
        "deliveries.collect_grant",
        "SELECT rowid FROM deliveries ORDER BY rowid",
        'SELECT "collect_grant" FROM deliveries WHERE rowid = ?',
        'UPDATE deliveries SET "collect_grant" = ? WHERE rowid = ?',
    ),
    Place(
        "deliveries.collector",
        "SELECT rowid FROM deliveries ORDER BY rowid",
        'SELECT "collector" FROM deliveries WHERE rowid = ?',
        'UPDATE deliveries SET "collector" = ? WHERE rowid = ?',
    ),
    Place(
        "deliveries.items",
        "SELECT rowid FROM deliveries ORDER BY rowid",
        'SELECT "items" FROM deliveries WHERE rowid = ?',
        'UPDATE deliveries SET "items" = ? WHERE rowid = ?',
    ),
    Place(
        "deliveries.seated",
        "SELECT rowid FROM deliveries ORDER BY rowid",
        'SELECT "seated" FROM deliveries WHERE rowid = ?',
        'UPDATE deliveries SET "seated" = ? WHERE rowid = ?',
    ),
    Place(
        "grants.state",
        "SELECT rowid FROM grants ORDER BY rowid",
        'SELECT "state" FROM grants WHERE rowid = ?',
        'UPDATE grants SET "state" = ? WHERE rowid = ?',
    ),
    Place(
        "grants.locator",
        "SELECT rowid FROM grants ORDER BY rowid",
        'SELECT "locator" FROM grants WHERE rowid = ?',
        'UPDATE grants SET "locator" = ? WHERE rowid = ?',
    ),
    Place(
        "grants.code_verifier",
        "SELECT rowid FROM grants ORDER BY rowid",
        'SELECT "code_verifier" FROM grants WHERE rowid = ?',
        'UPDATE grants SET "code_verifier" = ? WHERE rowid = ?',
    ),
    Place(
        "grants.qr_verifier",
        "SELECT rowid FROM grants ORDER BY rowid",
        'SELECT "qr_verifier" FROM grants WHERE rowid = ?',
        'UPDATE grants SET "qr_verifier" = ? WHERE rowid = ?',
    ),
    Place(
        "grants.door",
        "SELECT rowid FROM grants ORDER BY rowid",
        'SELECT "door" FROM grants WHERE rowid = ?',
        'UPDATE grants SET "door" = ? WHERE rowid = ?',
    ),
    Place(
        "grants.generation",
        "SELECT rowid FROM grants ORDER BY rowid",
        'SELECT "generation" FROM grants WHERE rowid = ?',
        'UPDATE grants SET "generation" = ? WHERE rowid = ?',
    ),
    Place(
        "grants.tries",
        "SELECT rowid FROM grants ORDER BY rowid",
        'SELECT "tries" FROM grants WHERE rowid = ?',
        'UPDATE grants SET "tries" = ? WHERE rowid = ?',
    ),
    Place(
        "grants.code_off",
        "SELECT rowid FROM grants ORDER BY rowid",
        'SELECT "code_off" FROM grants WHERE rowid = ?',
        'UPDATE grants SET "code_off" = ? WHERE rowid = ?',
    ),
    Place(
        "openings.door",
        "SELECT rowid FROM openings ORDER BY rowid",
        'SELECT "door" FROM openings WHERE rowid = ?',
        'UPDATE openings SET "door" = ? WHERE rowid = ?',
    ),
    Place(
        "openings.generation",
        "SELECT rowid FROM openings ORDER BY rowid",
        'SELECT "generation" FROM openings WHERE rowid = ?',
        'UPDATE openings SET "generation" = ? WHERE rowid = ?',
    ),
    Place(
        "openings.purpose",
        "SELECT rowid FROM openings ORDER BY rowid",
        'SELECT "purpose" FROM openings WHERE rowid = ?',
        'UPDATE openings SET "purpose" = ? WHERE rowid = ?',
    ),
    Place(
        "openings.state",
        "SELECT rowid FROM openings ORDER BY rowid",
        'SELECT "state" FROM openings WHERE rowid = ?',
        'UPDATE openings SET "state" = ? WHERE rowid = ?',
    ),
    Place(
        "openings.attempt",
        "SELECT rowid FROM openings ORDER BY rowid",
        'SELECT "attempt" FROM openings WHERE rowid = ?',
        'UPDATE openings SET "attempt" = ? WHERE rowid = ?',
    ),
)
FREE: Final = (
    "PRAGMA ignore_check_constraints = ON",
    "DROP TRIGGER IF EXISTS generations_only_grow",
    "DROP TRIGGER IF EXISTS occupancies_end_once",
    "DROP TRIGGER IF EXISTS deliveries_leave_once",
    "DROP TRIGGER IF EXISTS grants_end_once",
)
"""A disk asks no trigger and no check; the controller makes its triggers anew when it starts."""
BOUND: Final = "PRAGMA ignore_check_constraints = OFF"
THERE: Final = "SELECT count(*) FROM sqlite_master WHERE name = 'sums'"


def flip(connection: sqlite3.Connection, dice: Dice) -> Flipped | None:
    """Flip one bit. None when the value has none, or SQLite's own rules would see it."""
    place = PLACES[dice.below(len(PLACES))]
    if connection.execute(THERE).fetchone() == (0,):
        return None
    rows = connection.execute(place.rows).fetchall()
    if not rows:
        return None
    (row,) = rows[dice.below(len(rows))]
    (was,) = connection.execute(place.read, (row,)).fetchone()
    now = _flipped(was, dice)
    return Flipped(place, row, was) if now is not None and _write(connection, place, row, now) else None


def mend(connection: sqlite3.Connection, flipped: Flipped) -> None:
    """As it was written."""
    if not _write(connection, flipped.place, flipped.row, flipped.was):
        raise AssertionError("what was there before can't be there again")


def _write(connection: sqlite3.Connection, place: Place, row: int, value: Any) -> bool:
    for statement in FREE:
        connection.execute(statement)
    try:
        connection.execute(place.write, (value, row))
    except sqlite3.IntegrityError:
        return False
    finally:
        connection.execute(BOUND)
    return True


def _flipped(value: Any, dice: Dice) -> Any:
    bit = 1 << dice.below(7)
    match value:
        case int():
            return value ^ bit
        case bytes() if value:
            at = dice.below(len(value))
            return value[:at] + bytes([value[at] ^ bit]) + value[at + 1 :]
        case str() if value:
            at = dice.below(len(value))
            return value[:at] + chr(ord(value[at]) ^ bit) + value[at + 1 :]
    return None
