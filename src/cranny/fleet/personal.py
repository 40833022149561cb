"""What this room holds that may name somebody: why they asked for a command, notes on what did not fit, and the
tracking numbers that banks send beside their facts."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from cranny.fleet import tables
from cranny.fleet.climate import tables as climate
from cranny.fleet.climate.keeping import roll_up
from cranny.fleet.commands import tables as commands
from cranny.platform import said
from cranny.platform.db import Tx
from cranny.platform.keys import Keyring
from cranny.platform.personal import Kept, Personal, count

Place = tuple[UUID, str, int]
"""(bank, door, generation)."""


async def unsay(tx: Tx, places: Sequence[Place], subjects: Sequence[str]) -> int:
    """What anybody wrote of these doors under these generations, or of `subjects`. Returns how many rows that was."""
    columns = _columns(places)
    rows = await tx.all(commands.UNSAY_AT, tx.tenant, *columns)
    notes = await tx.all(tables.UNNOTE, tx.tenant, list(subjects))
    about = [*subjects, *(f"commands/{row['id']}" for row in rows), *(f"anomalies/{row['id']}" for row in notes)]
    gone = await said.forget_about(tx, about) + await said.forget_at(tx, places)
    return gone + len(rows) + len(notes)


async def forget_beside(tx: Tx, places: Sequence[Place]) -> int:
    """What banks sent beside the deposits that these doors, under these generations, are for."""
    return count(await tx.run(tables.FORGET_BESIDE, tx.tenant, *_columns(places))) if places else 0


def _columns(places: Sequence[Place]) -> list[list[Any]]:
    return [list(column) for column in zip(*places, strict=True)] if places else [[], [], []]


async def _export(tx: Tx, person: UUID) -> list[dict[str, Any]]:
    return [dict(row) for row in await tx.all(commands.ASKED_BY, tx.tenant, person)]


async def _erase(tx: Tx, _: Keyring, person: UUID) -> int:
    rows = await tx.all(commands.UNSAY_BY, tx.tenant, person)
    return len(rows) + await said.forget_about(tx, [f"commands/{row['id']}" for row in rows])


async def _remains(tx: Tx, persons: Sequence[UUID]) -> list[str]:
    return [f"persons/{row['asked_by']}" for row in await tx.all(commands.SAID_BY, tx.tenant, list(persons))]


async def _beside(tx: Tx, before: datetime, at_most: int) -> int:
    return count(await tx.run(tables.FORGET_OLD_BESIDE, tx.tenant, before, at_most))


async def _said(tx: Tx, before: datetime, at_most: int) -> int:
    gone = 0
    for sql in (commands.UNSAY_OLD, climate.UNNOTE_OLD, tables.UNNOTE_OLD):
        gone += count(await tx.run(sql, tx.tenant, before, at_most - gone))
    return gone


PERSONAL: Final = Personal("commands", "What you asked banks to do from afar, and why.", _export, _erase, _remains)
KEPT: Final = (
    Kept(
        "scans",
        "Tracking numbers that a bank sent of parcels nobody had announced, from when they were received; the fact "
        "itself stays.",
        30,
        7,
        3650,
        _beside,
    ),
    Kept(
        "commands",
        "Why a command was asked for, and notes on alarms and on what did not fit, from then on; that it was so stays.",
        365,
        7,
        3650,
        _said,
    ),
    Kept(
        "measurements",
        "Windows of measurements, from their end on; a row for each channel and day stays.",
        400,
        30,
        3650,
        roll_up,
    ),
)
