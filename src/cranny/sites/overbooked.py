"""Promises that a bank can't keep any more: a door broke, or it took in something that nobody had announced."""

from collections import Counter
from collections.abc import Sequence
from uuid import UUID

from cranny.platform import events
from cranny.platform.db import Tx
from cranny.sites import tables
from cranny.sites.banks import lock_bank
from cranny.sites.capacity import Wish, unplaced
from cranny.sites.lifecycle import RESERVATION, Trigger
from cranny.sites.stock import stocks, unflatten


async def reject_promises(tx: Tx, bank: UUID, ids: Sequence[UUID]) -> None:
    """The bank had no door for these. Raises NotFound, code `reservation-not-found`."""
    await events.move(tx, RESERVATION, ids, Trigger.REJECT, data={id_: {"bank": str(bank)} for id_ in ids})


async def reject_overbooked(tx: Tx, bank: UUID) -> list[UUID]:
    """Reject as many promises at `bank` as it takes until all the others fit, the youngest first: who was promised a
    place before keeps it. Returns their ids. Raises NotFound, code `bank-not-found`."""
    await lock_bank(tx, bank)
    stock = (await stocks(tx, [bank]))[bank]
    left = Counter(stock.held)
    if not unplaced(stock.free, left):
        return []
    rejected: list[UUID] = []
    for row in await tx.all(tables.NEWEST_HELD, tx.tenant, bank, tx.now()):
        before = unplaced(stock.free, left)
        if not before:
            break
        wish = Wish(unflatten(row["sides"]), frozenset(row["features"]))
        without = left - Counter([wish])
        # One whose going helps nobody stays: another kind of door is short.
        if unplaced(stock.free, without) < before:
            left = without
            rejected.append(row["id"])
    await reject_promises(tx, bank, rejected)
    return rejected
