"""What lay too warm for too long, or too long at all, is marked for good. It stays where it is, under the rights that
it has: nothing is released and nothing is freed by it, and nobody comes to it without being told."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from cranny import fleet
from cranny.core.events import NewEvent
from cranny.platform import events, rows
from cranny.platform.db import Database, Tx
from cranny.usecases.deliveries import tables
from cranny.usecases.deliveries.actions.known import as_known
from cranny.usecases.deliveries.facts import Spoiled
from cranny.usecases.deliveries.tables import DeliveryRow

AT_ONCE: Final = 500

Why = Literal["climate", "deadline"]
"""`climate`: it was beyond its limits for too long. `deadline`: a perishable thing was not collected in its time."""


async def spoiled(tx: Tx, fact: Spoiled, at: datetime) -> None:
    """A bank says that what lies behind a door was too warm (or cold) for too long."""
    found, strangers = await as_known(tx, fact.bank, fact.deliveries)
    about = {"channel": fact.channel, "beyond_s": fact.warm_s, "worst": fact.worst}
    await _mark(tx, found, "climate", at, about)
    for id_ in strangers:
        detail = {"door": fact.door, "generation": fact.generation, **about}
        await fleet.raise_anomaly(tx, fact.bank, "unknown_delivery", f"deliveries/{id_}", detail)


async def perish(db: Database, tenant: UUID) -> int:
    """A sweep: perishable things that were not collected in their time. Returns how many."""
    gone = 0
    while True:
        async with db.transaction(tenant) as tx:
            due = rows.every(DeliveryRow, await tx.all(tables.PERISHING, tenant, tx.now(), AT_ONCE))
            await _mark(tx, due, "deadline", tx.now(), {})
        gone += len(due)
        if len(due) < AT_ONCE:
            return gone


async def _mark(tx: Tx, found: Sequence[DeliveryRow], why: Why, at: datetime, about: Mapping[str, Any]) -> None:
    """Once for each: the first reason stays. Whoever runs the bank finds it in the list of what has to be looked at."""
    fresh = [row for row in found if row.spoiled_at is None]
    if not fresh:
        return
    await tx.run(tables.SPOIL, tx.tenant, [row.id for row in fresh], at, why)
    await events.record(tx, [_event(row, why, about) for row in fresh])
    for row in fresh:
        detail = {"door": row.door, "generation": row.generation, "why": why, "state": row.state, **about}
        await fleet.raise_anomaly(tx, row.bank, "spoiled", f"deliveries/{row.id}", detail)


def _event(row: DeliveryRow, why: Why, about: Mapping[str, Any]) -> NewEvent:
    data = {
        "bank": str(row.bank),
        "door": row.door,
        "generation": row.generation,
        "recipient": str(row.recipient) if row.recipient else None,
        "reason": why,
        **about,
    }
    return NewEvent(
        "delivery.spoiled", f"deliveries/{row.id}", data, {"sender": row.sender, "reference": row.reference}
    )
