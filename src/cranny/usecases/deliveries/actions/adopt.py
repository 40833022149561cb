"""A parcel that a bank took in before anybody announced it gets its recipient when somebody does.

It stays where it lies, under the id it has. The collect grant is issued bound to that door and generation, so it
is active, and its message sent, as soon as its verifiers are made.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec

from cranny import access, fleet, sites
from cranny.core.errors import Refused
from cranny.platform import events, rows
from cranny.platform.db import Tx
from cranny.platform.keys import Keyring
from cranny.usecases.deliveries import tables
from cranny.usecases.deliveries.actions.draft import perishable_hours
from cranny.usecases.deliveries.actions.measure import Measured, Measures
from cranny.usecases.deliveries.lifecycle import COLLECTABLE, DELIVERY, Deed
from cranny.usecases.deliveries.shapes import DeliveryAsked
from cranny.usecases.deliveries.tables import DeliveryRow


async def holders(tx: Tx, keys: Sequence[str]) -> list[DeliveryRow]:
    """The deliveries under way that hold one of these tracking numbers (normal form), locked."""
    return rows.every(DeliveryRow, await tx.all(tables.HOLDERS, tx.tenant, list(keys)))


async def adopt(
    tx: Tx, keyring: Keyring, row: DeliveryRow, asked: DeliveryAsked, *, recipient: UUID, kind_hours: int | None
) -> None:
    """Give `row` its `recipient` and what else `asked` says, wherever it lies: facts beat wishes, so the bank that
    was asked for does not matter. Raises Refused, code `tracking-taken`, when it has a recipient or can't be
    collected any more."""
    adoptable = row.recipient is None and row.state in COLLECTABLE and len(asked.items) == 1
    if not adoptable or row.door is None:
        raise Refused(
            f"A tracking number of these belongs to delivery {row.id}, which is {row.state}. Cancel that one first, "
            "or use another number.",
            code="tracking-taken",
            extra={"delivery": str(row.id), "state": row.state},
        )
    (item,) = await Measures(tx).of(asked.items)
    hours = asked.collect_within_hours or kind_hours or (await sites.get_bank(tx, row.bank)).policy.collect_hours
    keeps = perishable_hours(asked)
    hours = min(hours, keeps or hours)
    grant = await access.issue(
        tx, keyring, row.bank, "collect", f"deliveries/{row.id}", door=row.door, generation=row.generation
    )
    adopted = msgspec.structs.replace(
        row,
        recipient=recipient,
        kind=asked.kind,
        sender=asked.sender,
        reference=asked.reference,
        collect_hours=hours,
        collect_by=tx.now() + timedelta(hours=hours),
        collect_grant=grant.id,
    )
    await _write(tx, adopted, item)
    if keeps:
        await tx.run(tables.PERISHES, tx.tenant, [row.id], [keeps])
    data = {**_told(adopted), "asked_bank": str(asked.bank)}
    await events.move(tx, DELIVERY, [row.id], Deed.ADOPT, data={row.id: data})
    subject = f"deliveries/{row.id}"
    await fleet.settle_about(tx, "unidentified", subject, "It was announced.", who=subject)


async def _write(tx: Tx, row: DeliveryRow, item: Measured) -> None:
    about = (row.recipient, row.kind, row.sender, row.reference, row.collect_hours, row.collect_by, row.collect_grant)
    await tx.run(tables.ADOPT, tx.tenant, row.id, *about)
    size = (item.asked.size, item.asked.weight_g)
    await tx.run(tables.MEASURE, tx.tenant, row.id, item.asked.tracking, *item.sides, *size)


def _told(row: DeliveryRow) -> dict[str, Any]:
    return {
        "bank": str(row.bank),
        "kind": row.kind,
        "recipient": str(row.recipient),
        "door": row.door,
        "generation": row.generation,
        "collect_grant": str(row.collect_grant),
        "collect_by": row.collect_by.isoformat() if row.collect_by else None,
    }
