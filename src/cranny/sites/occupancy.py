"""Compartments in use, as the banks report them. The server never picks a door: it writes down what was done.

I2 is held by constraints: one live occupancy at a door (`occupancies_one_live`), and generations that only grow
(`occupancies_generation_grows`). What breaks them raises asyncpg.IntegrityConstraintViolationError, as does an
unknown bank or label; the caller decides what to make of the report.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import msgspec

from cranny.core.errors import NotFound
from cranny.platform.db import Tx
from cranny.sites import tables

Key = tuple[UUID, str, int]
"""Bank, label, generation."""


class Occupied(msgspec.Struct, frozen=True):
    """Something was put in: the start of an occupancy, or more of the same collector's in one visit."""

    bank: UUID
    label: str
    generation: int
    started: datetime
    deliveries: Sequence[UUID]
    grant: UUID | None = None


class Vacated(msgspec.Struct, frozen=True):
    """The occupancy ended."""

    bank: UUID
    label: str
    generation: int
    ended: datetime


class Blocked(msgspec.Struct, frozen=True):
    """The door left the pool."""

    bank: UUID
    label: str
    reason: str


Change = Occupied | Vacated | Blocked


@dataclass(slots=True)
class Wave:
    """Changes that one statement per kind can make, in this order."""

    occupied: list[Occupied] = field(default_factory=list)
    vacated: list[Vacated] = field(default_factory=list)
    blocked: list[Blocked] = field(default_factory=list)


def waves(changes: Sequence[Change]) -> list[Wave]:
    """Parts `changes` so that no door is vacated and occupied anew in one wave: done one after the other they
    have the same effect as the changes one by one. Doors know nothing of each other, so there are only as many
    waves as the busiest door needs, of however many banks the changes are."""
    parted = [Wave()]
    place: dict[tuple[UUID, str], int] = {}
    emptied: set[tuple[UUID, str]] = set()
    for change in changes:
        door = (change.bank, change.label)
        if isinstance(change, Occupied) and door in emptied:
            emptied.discard(door)
            place[door] = place.get(door, 0) + 1
            if place[door] == len(parted):
                parted.append(Wave())
        wave = parted[place.get(door, 0)]
        if isinstance(change, Blocked):
            wave.blocked.append(change)
        elif isinstance(change, Vacated):
            wave.vacated.append(change)
            emptied.add(door)
        else:
            wave.occupied.append(change)
    return parted


async def follow(tx: Tx, changes: Sequence[Change]) -> None:
    """Write down what a bank did, in its order, in as few statements as that takes."""
    for wave in waves(changes):
        await occupy(tx, wave.occupied)
        await vacate(tx, wave.vacated)
        await _block(tx, wave.blocked)


async def occupy(tx: Tx, changes: Sequence[Occupied]) -> None:
    """Start or extend occupancies. The same (bank, label, generation), while live, gets the deliveries that it
    does not hold yet; a repeat changes nothing."""
    merged = _merged(changes)
    if not merged:
        return
    await tx.run(
        tables.OCCUPY,
        tx.tenant,
        [change.bank for change in merged],
        [change.label for change in merged],
        [change.generation for change in merged],
        [change.started for change in merged],
        ["{" + ",".join(map(str, change.deliveries)) + "}" for change in merged],
        [change.grant for change in merged],
    )


async def vacate(tx: Tx, changes: Sequence[Vacated]) -> list[Key]:
    """End occupancies. Returns those that were live until now; a repeat returns nothing."""
    if not changes:
        return []
    first = {(change.bank, change.label, change.generation): change for change in reversed(changes)}
    ended = await tx.all(
        tables.VACATE,
        tx.tenant,
        [change.bank for change in first.values()],
        [change.label for change in first.values()],
        [change.generation for change in first.values()],
        [change.ended for change in first.values()],
    )
    return [(row["bank"], row["label"], row["generation"]) for row in ended]


async def lying(tx: Tx, bank: UUID, delivery: UUID) -> tuple[str, int] | None:
    """(door, generation) where what `bank` calls `delivery` lies now, as far as it has told."""
    row = await tx.one(tables.LYING, tx.tenant, bank, delivery)
    return None if row is None else (row["label"], row["generation"])


async def block(tx: Tx, bank: UUID, label: str, reason: str) -> None:
    """Take a door out of the pool; the first reason stays. Records nothing: the report that it follows is the
    event. Raises NotFound, code `door-not-found`."""
    await _block(tx, [Blocked(bank, label, reason)])


async def unblock(tx: Tx, bank: UUID, label: str) -> None:
    """Put a door back into the pool, after a person has looked. Records nothing, like `block`. Raises NotFound,
    code `door-not-found`."""
    if await tx.one(tables.UNBLOCK, tx.tenant, bank, label) is None:
        raise _unknown(label)


async def _block(tx: Tx, changes: Sequence[Blocked]) -> None:
    if not changes:
        return
    first = {(change.bank, change.label): change for change in reversed(changes)}
    done = await tx.all(
        tables.BLOCK,
        tx.tenant,
        [change.bank for change in first.values()],
        [change.label for change in first.values()],
        [change.reason for change in first.values()],
    )
    if missing := first.keys() - {(row["bank"], row["label"]) for row in done}:
        raise _unknown(min(missing)[1])


def _unknown(label: str) -> NotFound:
    return NotFound(f"There is no door {label} at this bank.", code="door-not-found")


def _merged(changes: Sequence[Occupied]) -> list[Occupied]:
    """One change for each occupancy: a statement can't touch a row twice."""
    merged: dict[Key, Occupied] = {}
    for change in changes:
        key = (change.bank, change.label, change.generation)
        first = merged.get(key)
        if first is not None:
            both = dict.fromkeys([*first.deliveries, *change.deliveries])
            merged[key] = msgspec.structs.replace(first, deliveries=tuple(both), grant=first.grant or change.grant)
        else:
            merged[key] = msgspec.structs.replace(change, deliveries=tuple(dict.fromkeys(change.deliveries)))
    return list(merged.values())
