"""From an announcement to its rows, and the rows into the database in one statement."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Final
from uuid import UUID

import asyncpg
import msgspec

from cranny import sites
from cranny.core.errors import Refused
from cranny.platform.db import Tx
from cranny.usecases.deliveries import tables
from cranny.usecases.deliveries.actions.measure import Measured
from cranny.usecases.deliveries.lifecycle import Delivery
from cranny.usecases.deliveries.shapes import DeliveryAsked
from cranny.usecases.deliveries.tables import DeliveryRow, ItemRow
from cranny.wire.allocation import Size
from cranny.wire.codes import normal_tracking

_COLUMNS: Final = [
    "id",
    "bank",
    "kind",
    "state",
    "reference",
    "sender",
    "recipient",
    "features",
    "seated",
    "reservation",
    "hold_until",
    "collect_hours",
    "deposit_grant",
    "collect_grant",
]
_ITEM_COLUMNS: Final = [
    "delivery",
    "place",
    "id",
    "tracking",
    "tracking_key",
    "holds",
    "width",
    "height",
    "depth",
    "size",
    "weight_g",
]


class Draft(msgspec.Struct, frozen=True):
    """The rows of a delivery that is about to be announced."""

    row: DeliveryRow
    items: list[ItemRow]
    must: bool = True
    """Seated reach is promised where it is asked for; a mere preference is left to the bank."""

    def wish(self) -> sites.PromiseAsked:
        """The place that it needs: one door for all of its items."""
        sizes = [Size(item.width, item.height, item.depth) for item in self.items]
        until = self.row.hold_until or self.row.created
        return sites.PromiseAsked(
            sizes, until, self.row.features, seated=self.row.seated and self.must, delivery=self.row.id
        )

    def granted(self, reservation: UUID, deposit: UUID, collect: UUID) -> "Draft":
        row = msgspec.structs.replace(self.row, reservation=reservation, deposit_grant=deposit, collect_grant=collect)
        return Draft(row, self.items, self.must)


def draft(
    tx: Tx,
    asked: DeliveryAsked,
    items: Sequence[Measured],
    now: datetime,
    *,
    recipient: UUID,
    low_doors: bool,
    hold_hours: int,
    collect_hours: int,
) -> Draft:
    """`low_doors`: its recipient prefers doors within seated reach."""
    id_ = tx.ids.new()
    keeps = perishable_hours(asked)
    row = DeliveryRow(
        tenant=tx.tenant,
        id=id_,
        bank=asked.bank,
        kind=asked.kind,
        state=Delivery.ANNOUNCED,
        reference=asked.reference,
        sender=asked.sender,
        recipient=recipient,
        features=list(dict.fromkeys(asked.requirements.features)),
        seated=asked.requirements.seated or low_doors,
        reservation=None,
        hold_until=now + timedelta(hours=hold_hours),
        collect_hours=min(collect_hours, keeps or collect_hours),
        created=now,
        perishable_hours=keeps,
    )
    made = [_item(tx.tenant, id_, place, item) for place, item in enumerate(items, 1)]
    return Draft(row, made, must=asked.requirements.seated)


def perishable_hours(asked: DeliveryAsked) -> int | None:
    """How long it keeps: as long as what keeps least."""
    return min((item.perishable_hours for item in asked.items if item.perishable_hours), default=None)


def _item(tenant: UUID, delivery: UUID, place: int, item: Measured) -> ItemRow:
    return ItemRow(
        tenant=tenant,
        delivery=delivery,
        place=place,
        id=item.id,
        tracking=item.asked.tracking,
        tracking_key=normal_tracking(item.asked.tracking),
        holds=True,
        width=item.sides.width,
        height=item.sides.height,
        depth=item.sides.depth,
        size=item.asked.size,
        weight_g=item.asked.weight_g,
    )


async def add(tx: Tx, drafts: Sequence[Draft], now: datetime) -> None:
    """Write them all. Raises Refused, code `tracking-taken`, when another transaction was faster."""
    deliveries = {name: [attrgetter(name)(one.row) for one in drafts] for name in _COLUMNS}
    deliveries["features"] = [",".join(features) for features in deliveries["features"]]
    items = [[attrgetter(name)(item) for one in drafts for item in one.items] for name in _ITEM_COLUMNS]
    try:
        await tx.run(tables.ADD_WITH_ITEMS, tx.tenant, now, *deliveries.values(), *items)
        if perishing := [(one.row.id, one.row.perishable_hours) for one in drafts if one.row.perishable_hours]:
            await tx.run(tables.PERISHES, tx.tenant, [id_ for id_, _ in perishing], [hours for _, hours in perishing])
    except asyncpg.UniqueViolationError as error:
        if error.constraint_name != tables.TRACKING_TAKEN:
            raise
        raise Refused(
            "Somebody else announced the same tracking number at this very moment. Look for it before you try again.",
            code="tracking-taken",
            retry=True,
        ) from error
