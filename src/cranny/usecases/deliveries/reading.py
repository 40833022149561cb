"""Deliveries as they are shown."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Final
from uuid import UUID

from cranny.core.errors import NotFound
from cranny.platform import rows
from cranny.platform.db import Tx
from cranny.usecases.deliveries import tables
from cranny.usecases.deliveries.lifecycle import Delivery
from cranny.usecases.deliveries.shapes import DeliveryShown, GrantsShown, ItemShown, KindShown, RequirementsAsked
from cranny.usecases.deliveries.tables import DeliveryRow, ItemRow, KindRow
from cranny.wire.allocation import COLD
from cranny.wire.codes import normal_tracking

NEWEST: Final = UUID(int=2**128 - 1)
"""Behind every id there can be."""
OLDEST: Final = UUID(int=0)
"""Before every id there is."""


async def get(tx: Tx, id_: UUID) -> DeliveryShown:
    """Raises NotFound, code `delivery-not-found`."""
    found = await _shown(tx, rows.every(DeliveryRow, await tx.all(tables.GET, tx.tenant, [id_])))
    if not found:
        raise NotFound(f"There is no delivery {id_}.", code="delivery-not-found")
    return found[0]


async def find(tx: Tx, id_: UUID) -> DeliveryShown | None:
    """None when there is none."""
    found = await _shown(tx, rows.every(DeliveryRow, await tx.all(tables.GET, tx.tenant, [id_])))
    return found[0] if found else None


async def several(tx: Tx, ids: Collection[UUID]) -> list[DeliveryShown]:
    """Those of `ids` that there are, in no order."""
    if not ids:
        return []
    return await _shown(tx, rows.every(DeliveryRow, await tx.all(tables.GET, tx.tenant, list(ids))))


async def newest(
    tx: Tx,
    *,
    before: UUID = NEWEST,
    limit: int,
    state: Delivery | None = None,
    bank: UUID | None = None,
    tracking: str | None = None,
) -> list[DeliveryShown]:
    """Newest first, from the one behind `before` on. `tracking` in any way of writing it."""
    start = (tx.tenant, before, limit)
    if tracking is not None:
        found = await tx.all(tables.LIST_TRACKING, *start, normal_tracking(tracking), bank, state)
    elif bank is not None:
        found = await tx.all(tables.LIST_BANK, *start, bank, state)
    elif state is not None:
        found = await tx.all(tables.LIST_STATE, *start, state)
    else:
        found = await tx.all(tables.LIST, *start)
    return await _shown(tx, rows.every(DeliveryRow, found))


async def oldest(
    tx: Tx,
    *,
    after: UUID = OLDEST,
    limit: int,
    state: Delivery | None = None,
    bank: UUID | None = None,
    tracking: str | None = None,
) -> list[DeliveryShown]:
    """Oldest first, from the one behind `after` on. `tracking` in any way of writing it."""
    key = None if tracking is None else normal_tracking(tracking)
    found = await tx.all(tables.LIST_OLDEST, tx.tenant, after, limit, bank, state, key)
    return await _shown(tx, rows.every(DeliveryRow, found))


async def kinds(tx: Tx) -> list[KindShown]:
    """The tenant's kinds of delivery, by name."""
    found = rows.every(KindRow, await tx.all(tables.KINDS, tx.tenant))
    return [KindShown(kind.name, kind.title, kind.hold_hours, kind.collect_hours) for kind in found]


async def _shown(tx: Tx, deliveries: Sequence[DeliveryRow]) -> list[DeliveryShown]:
    items: dict[UUID, list[ItemRow]] = defaultdict(list)
    found = await tx.all(tables.ITEMS, tx.tenant, [row.id for row in deliveries]) if deliveries else []
    for item in rows.every(ItemRow, found):
        items[item.delivery].append(item)
    return [show(row, items[row.id]) for row in deliveries]


def show(row: DeliveryRow, items: Sequence[ItemRow]) -> DeliveryShown:
    """As it goes out."""
    return DeliveryShown(
        id=row.id,
        state=row.state,
        bank=row.bank,
        kind=row.kind,
        reference=row.reference,
        sender=row.sender,
        recipient=row.recipient,
        items=[
            ItemShown(item.id, item.tracking, item.size, item.width, item.height, item.depth, item.weight_g)
            for item in items
        ],
        requirements=RequirementsAsked(tuple(row.features), row.seated),
        door=row.door,
        generation=row.generation,
        evidence=row.evidence,
        grants=GrantsShown(row.deposit_grant, row.collect_grant, row.recall_grant),
        reason=row.reason,
        created=row.created,
        hold_until=row.hold_until,
        stored_at=row.stored_at,
        collect_by=row.collect_by,
        ended_at=row.ended_at,
        reroute_to=row.reroute_to,
        history=f"/v1/events?subject=deliveries/{row.id}",
        perishable_hours=row.perishable_hours,
        spoiled_at=row.spoiled_at,
        spoiled_why=row.spoiled_why,
        temperature=f"/v1/deliveries/{row.id}/temperature" if COLD & set(row.features) and row.stored_at else None,
    )
