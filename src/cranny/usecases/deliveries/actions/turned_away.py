"""More was promised than there are doors. What lies inside stays; whose promise can't be kept is told so at once, and
whoever sends may re-route it. A right stays as it was: where a door becomes free, the bank takes it all the same."""

from uuid import UUID

from cranny import fleet, sites
from cranny.platform import events, rows
from cranny.platform.db import Tx
from cranny.usecases.deliveries import tables
from cranny.usecases.deliveries.actions.known import as_known
from cranny.usecases.deliveries.facts import NoRoom
from cranny.usecases.deliveries.lifecycle import DELIVERY, Deed
from cranny.usecases.deliveries.tables import DeliveryRow


async def turned_away(tx: Tx, fact: NoRoom) -> None:
    """A bank had no door for what was announced to it. (Ingest has listed the anomaly.)"""
    known, _ = await as_known(tx, fact.bank, [fact.delivery])
    await sites.reject_promises(tx, fact.bank, [row.reservation for row in known if row.reservation])
    data = {row.id: {"bank": str(row.bank), "free": fact.free} for row in known}
    await events.move(tx, DELIVERY, list(data), Deed.TURN_AWAY, data=data)


async def replan(tx: Tx, bank: UUID) -> None:
    """Something lies at `bank` that nobody had promised a place to. Whose promise does not fit any more has to be
    planned anew: the youngest ones."""
    if not (rejected := await sites.reject_overbooked(tx, bank)):
        return
    losing = rows.every(DeliveryRow, await tx.all(tables.PROMISED, tx.tenant, rejected))
    data = {row.id: {"bank": str(bank)} for row in losing}
    await events.move(tx, DELIVERY, list(data), Deed.TURN_AWAY, data=data)
    for row in losing:
        detail = {"reservation": str(row.reservation), "state": row.state}
        await fleet.raise_anomaly(tx, bank, "over_promised", f"deliveries/{row.id}", detail)
