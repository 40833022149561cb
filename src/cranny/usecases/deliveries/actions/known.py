"""Deliveries by the names that a bank has for them, and what to say when it means none of ours."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from cranny import fleet, sites
from cranny.platform import rows
from cranny.platform.db import Tx
from cranny.usecases.deliveries import tables
from cranny.usecases.deliveries.facts import Deposited, Emptied
from cranny.usecases.deliveries.tables import DeliveryRow


async def as_known(tx: Tx, bank: UUID, ids: Sequence[UUID]) -> tuple[list[DeliveryRow], list[UUID]]:
    """The deliveries that `bank` calls by `ids`, locked, and those ids that mean nothing there."""
    found = rows.every(DeliveryRow, await tx.all(tables.AS_KNOWN, tx.tenant, bank, list(ids)))
    names = {row.id for row in found} | {row.known_as for row in found}
    return found, [id_ for id_ in dict.fromkeys(ids) if id_ not in names]


async def routed_away(tx: Tx, bank: UUID, ids: Sequence[UUID]) -> list[DeliveryRow]:
    """Those of `ids` that `bank` was given before they were re-routed, locked."""
    return rows.every(DeliveryRow, await tx.all(tables.ROUTED_AWAY, tx.tenant, bank, list(ids))) if ids else []


async def behind_door(tx: Tx, bank: UUID, door: str | None, generation: int | None) -> list[DeliveryRow]:
    """The deliveries that lie there, locked."""
    return rows.every(DeliveryRow, await tx.all(tables.BEHIND_DOOR, tx.tenant, bank, door, generation))


def told(row: DeliveryRow, fact: Deposited | Emptied) -> dict[str, Any]:
    """What every event says that a bank's fact leads to."""
    return {
        "bank": str(fact.bank),
        "door": fact.door,
        "generation": fact.generation,
        "evidence": fact.evidence,
        "kind": row.kind,
        "recipient": str(row.recipient) if row.recipient else None,
        "collect_grant": str(row.collect_grant) if row.collect_grant else None,
    }


async def list_strangers(tx: Tx, fact: Deposited | Emptied, ids: Sequence[UUID]) -> None:
    """The bank speaks of deliveries that it has never been given."""
    for id_ in ids:
        detail = {"door": fact.door, "generation": fact.generation}
        await fleet.raise_anomaly(tx, fact.bank, "unknown_delivery", f"deliveries/{id_}", detail)


async def contradicts(tx: Tx, fact: Deposited | Emptied, kind: str, row: DeliveryRow, **more: Any) -> None:
    """What the bank did does not fit what we thought of `row`: for somebody to look at."""
    detail = {
        "door": fact.door,
        "generation": fact.generation,
        "state": row.state,
        "thought_at": row.door,
        "thought_generation": row.generation,
        **more,
    }
    await fleet.raise_anomaly(tx, fact.bank, kind, f"deliveries/{row.id}", detail)


async def use_promises(tx: Tx, deliveries: Sequence[DeliveryRow]) -> None:
    """What was promised to them is in a door now."""
    if promised := [row.reservation for row in deliveries if row.reservation]:
        await sites.use_promise(tx, promised)
