"""Deadlines are rows that a sweep finds by the clock. A delivery that is told of at the same moment wins: the sweep
passes over rows that somebody else holds, and the table has a row for each race that is lost."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from cranny.core.errors import Refused
from cranny.platform import events, rows
from cranny.platform.db import Database, Tx
from cranny.usecases.deliveries import tables
from cranny.usecases.deliveries.actions.cancel import withdraw
from cranny.usecases.deliveries.lifecycle import DELIVERY, Deed
from cranny.usecases.deliveries.tables import DeliveryRow

AT_ONCE: Final = 500
LATE: Final = timedelta(days=7)
"""How long after the lapse of its promise a delivery may still come."""


async def lapse(db: Database, tenant: UUID) -> int:
    """Not deposited in the promised time: the place is not kept any longer, the bank may still take it. (The
    promise itself lapses in sites, by the same clock.)"""
    return await _sweep(db, tenant, tables.LAPSING, Deed.LAPSE)


async def give_up(db: Database, tenant: UUID) -> int:
    """Not even deposited late: withdrawn from the bank, its code and tracking number are free again."""
    return await _sweep(db, tenant, tables.LONG_LAPSED, Deed.GIVE_UP, LATE)


async def fall_due(db: Database, tenant: UUID) -> int:
    """Not collected in time. The code still opens; taking it back is for somebody to decide."""
    return await _sweep(db, tenant, tables.DUE, Deed.FALL_DUE)


async def extend(tx: Tx, id_: UUID, hours: int) -> datetime:
    """Give the collector `hours` more, from the deadline or from now, whichever is later. Returns the new deadline.
    Raises NotFound, code `delivery-not-found`, and Refused, codes `delivery-extend-when-…` and, for what would not keep
    so long, `delivery-perishable`."""
    changed = await tx.one(tables.EXTEND, tx.tenant, id_, tx.now(), hours)
    collect_by: datetime = (changed and changed["collect_by"]) or tx.now()
    if changed and changed["perishes_at"] and collect_by > changed["perishes_at"]:
        raise Refused(
            f"It does not keep so long: it is spoiled at {changed['perishes_at'].isoformat(timespec='minutes')}.",
            code="delivery-perishable",
        )
    data = {"hours": hours, "collect_by": collect_by.isoformat()}
    await events.move(tx, DELIVERY, [id_], Deed.EXTEND, data={id_: data})
    return collect_by


async def _sweep(db: Database, tenant: UUID, sql: str, deed: Deed, grace: timedelta = timedelta()) -> int:
    dealt_with = 0
    while True:
        async with db.transaction(tenant) as tx:
            due = rows.every(DeliveryRow, await tx.all(sql, tenant, tx.now() - grace, AT_ONCE))
            data = {row.id: _told(row, deed) for row in due}
            moved = await events.move(tx, DELIVERY, list(data), deed, data=data)
            if deed is Deed.GIVE_UP and moved:
                await withdraw(tx, due, reason="never deposited")
        dealt_with += len(due)
        if len(due) < AT_ONCE:
            return dealt_with


def _told(row: DeliveryRow, deed: Deed) -> dict[str, str | int | None]:
    about: dict[str, str | int | None] = {
        "bank": str(row.bank),
        "recipient": str(row.recipient) if row.recipient else None,
    }
    if deed is Deed.FALL_DUE:
        return {**about, "door": row.door, "generation": row.generation, "collect_grant": str(row.collect_grant)}
    return about
