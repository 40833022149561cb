"""Promises of capacity: made one at a time per bank, so that the last place is promised once."""

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
from cranny.sites.capacity import Wish, can_promise, suits
from cranny.sites.lifecycle import RESERVATION, Promise, Trigger
from cranny.sites.shapes import FEATURES
from cranny.sites.stock import Stock, Wanted, flatten, in_order, stocks, wanted
from cranny.wire.allocation import SEATED

NEIGHBOURS: Final = 20
"""How many other banks are looked at for somebody who was refused."""
_SHOWN: Final = 5
_LAPSE_AT_ONCE: Final = 500


async def promise(
    tx: Tx,
    bank: UUID,
    want: Wanted,
    *,
    features: Iterable[str] = (),
    seated: bool = False,
    until: datetime,
) -> UUID:
    """Promise one compartment at `bank`, no particular one, until `until`. `want` is a size class's name, the
    size of a thing in mm, which may be turned, or the sizes of several things that go in together. `seated` asks
    for a door within seated reach. Returns the reservation's id.

    Raises Refused: `no-capacity` when no door is left (`extra`: `room` by class, `alternatives`), `too-big`,
    `no-such-door` (no door there has these features); Invalid: `size-class-unknown`, `size-invalid`,
    `feature-unknown`, `until-passed`; NotFound: `bank-not-found`.
    """
    asked = _features(features, seated=seated)
    now = tx.now()
    if until <= now:
        raise Invalid("The promise would end before it begins; choose a later end.", code="until-passed")
    locked = await lock_bank(tx, bank)
    stock = (await stocks(tx, [bank]))[bank]
    items, size_class = wanted(want, stock.classes)
    wish = Wish(items, asked)
    if not any(suits(door, wish) for door in stock.all):
        raise refusals.never(locked.name, wish, stock)
    if not can_promise(stock.free, stock.held, wish):
        others = await _alternatives(tx, locked, wish)
        size = size_class.name if size_class and isinstance(want, str) else ""
        raise refusals.no_capacity(locked, wish, stock, size=size, until=until, alternatives=others)
    row = tables.ReservationRow(
        tenant=tx.tenant,
        id=tx.ids.new(),
        bank=bank,
        size_class=size_class.id if size_class else None,
        sides=flatten(items),
        features=in_order(asked - {SEATED}),
        seated=SEATED in asked,
        until=until,
        state=Promise.HELD,
        created=now,
    )
    await tx.run(tables.ADD_RESERVATION, *msgspec.structs.astuple(row))
    return row.id


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


def _features(features: Iterable[str], *, seated: bool) -> frozenset[str]:
    asked = frozenset(features) | ({SEATED} if seated else frozenset())
    if unknown := sorted(asked.difference(FEATURES)):
        raise Invalid(f"There is no feature {unknown[0]!r}; these are: {', '.join(FEATURES)}.", code="feature-unknown")
    return asked


async def _alternatives(tx: Tx, bank: Locked, wish: Wish) -> list[refusals.Alternative]:
    near = await tx.all(tables.NEIGHBOURS, tx.tenant, bank.id, bank.site, NEIGHBOURS)
    others: dict[UUID, Stock] = await stocks(tx, [row["id"] for row in near]) if near else {}
    found = [
        refusals.Alternative(row["id"], row["name"], row["near"], count)
        for row in near
        if (count := others[row["id"]].room(wish))
    ]
    return found[:_SHOWN]
