"""Promises of capacity: one transaction at a time per bank, so that the last place is promised once."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from cranny.core.errors import Invalid
from cranny.platform import events
from cranny.platform.db import Database, Tx
from cranny.sites import refusals, tables
from cranny.sites.banks import Locked, lock_bank
from cranny.sites.capacity import Wish, suits
from cranny.sites.classes import SizeClass
from cranny.sites.lifecycle import RESERVATION, Promise, Trigger
from cranny.sites.shapes import FEATURES
from cranny.sites.stock import Stock, Wanted, flatten, in_order, stocks, wanted
from cranny.wire.allocation import SEATED

NEIGHBOURS: Final = 20
"""How many other banks are looked at for somebody who was refused."""
_SHOWN: Final = 5
_LAPSE_AT_ONCE: Final = 500


class PromiseAsked(msgspec.Struct, frozen=True):
    """`want` is a size class's name, the size of a thing in mm, which may be turned, or the sizes of several things
    that go in together. `seated` asks for a door within seated reach. `delivery` is what it is for: as soon as it lies
    in a door it is counted there, and not here as well."""

    want: Wanted
    until: datetime
    features: Sequence[str] = ()
    seated: bool = False
    delivery: UUID | None = None


async def promise(
    tx: Tx,
    bank: UUID,
    want: Wanted,
    *,
    features: Iterable[str] = (),
    seated: bool = False,
    until: datetime,
) -> UUID:
    """Promise one compartment; see `promise_many`. Returns the reservation's id."""
    (reservation,) = await promise_many(tx, bank, [PromiseAsked(want, until, tuple(features), seated)])
    return reservation


async def promise_many(
    tx: Tx, bank: UUID, asked: Sequence[PromiseAsked], *, locked: Locked | None = None
) -> list[UUID]:
    """Promise one compartment at `bank`, no particular one, for each of `asked`, or for none of them. Returns the
    reservations' ids, in this order. `locked` is the bank, from a caller that had to lock it to read its policy.

    Raises Refused: `no-capacity` when no door is left (`extra`: `room` by class, `alternatives`), `too-big`,
    `no-such-door` (no door there has these features); Invalid: `size-class-unknown`, `size-invalid`,
    `feature-unknown`, `until-passed`; NotFound: `bank-not-found`. What is wrong with one of several has its place
    in `extra["index"]`.
    """
    now = tx.now()
    for one in asked:
        _check(one, now)
    locked = locked or await lock_bank(tx, bank)
    stock = (await stocks(tx, [bank]))[bank]
    rows: list[tuple[PromiseAsked, Wish, SizeClass | None]] = []
    for index, one in enumerate(asked):
        items, size_class = wanted(one.want, stock.classes)
        wish = Wish(items, _features(one))
        if not any(suits(door, wish) for door in stock.all):
            raise refusals.never(locked.name, wish, stock, index=index)
        if not stock.packed().place(wish, 1):
            others = await _alternatives(tx, locked, wish)
            size = size_class.name if size_class and isinstance(one.want, str) else ""
            raise refusals.no_capacity(
                locked, wish, stock, size=size, until=one.until, alternatives=others, index=index
            )
        rows.append((one, wish, size_class))
    return await _add(tx, bank, rows)


async def use_promise(tx: Tx, ids: Sequence[UUID]) -> None:
    """What was promised is in a door now. Raises NotFound, code `reservation-not-found`."""
    await events.move(tx, RESERVATION, ids, Trigger.USE)


async def release_promise(tx: Tx, ids: Sequence[UUID]) -> None:
    """What was promised won't come. Raises NotFound, code `reservation-not-found`."""
    await events.move(tx, RESERVATION, ids, Trigger.RELEASE)


async def lapse_promises(db: Database, tenant: UUID) -> int:
    """A sweep: end the promises whose time has run out. Returns how many."""
    lapsed = 0
    while True:
        async with db.transaction(tenant) as tx:
            due = await tx.all(tables.DUE, tenant, tx.now(), _LAPSE_AT_ONCE)
            data = {row["id"]: {"bank": str(row["bank"])} for row in due}
            await events.move(tx, RESERVATION, list(data), Trigger.LAPSE, data=data)
        lapsed += len(due)
        if len(due) < _LAPSE_AT_ONCE:
            return lapsed


def _check(asked: PromiseAsked, now: datetime) -> None:
    if asked.until <= now:
        raise Invalid("The promise would end before it begins; choose a later end.", code="until-passed")
    if unknown := sorted(set(asked.features).difference(FEATURES)):
        raise Invalid(f"There is no feature {unknown[0]!r}; these are: {', '.join(FEATURES)}.", code="feature-unknown")


def _features(asked: PromiseAsked) -> frozenset[str]:
    return frozenset(asked.features) | ({SEATED} if asked.seated else frozenset())


async def _alternatives(tx: Tx, bank: Locked, wish: Wish) -> list[refusals.Alternative]:
    near = await tx.all(tables.NEIGHBOURS, tx.tenant, bank.id, bank.site, NEIGHBOURS)
    others: dict[UUID, Stock] = await stocks(tx, [row["id"] for row in near]) if near else {}
    found = [
        refusals.Alternative(row["id"], row["name"], row["near"], count)
        for row in near
        if (count := others[row["id"]].room(wish))
    ]
    return found[:_SHOWN]


async def _add(tx: Tx, bank: UUID, rows: Sequence[tuple[PromiseAsked, Wish, SizeClass | None]]) -> list[UUID]:
    ids = [tx.ids.new() for _ in rows]
    await tx.run(
        tables.ADD_RESERVATIONS,
        tx.tenant,
        bank,
        Promise.HELD,
        tx.now(),
        ids,
        [size_class and size_class.id for _, _, size_class in rows],
        [_array(flatten(wish.items)) for _, wish, _ in rows],
        [_array(in_order(wish.features - {SEATED})) for _, wish, _ in rows],
        [SEATED in wish.features for _, wish, _ in rows],
        [asked.until for asked, _, _ in rows],
        [asked.delivery for asked, _, _ in rows],
    )
    return ids


def _array(values: Sequence[object]) -> str:
    """An array inside an array of rows: PostgreSQL takes it as text."""
    return "{" + ",".join(map(str, values)) + "}"
