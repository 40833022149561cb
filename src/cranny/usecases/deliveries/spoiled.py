"""Something is not good any more: its recipient is told before they come for it."""

from uuid import UUID

from cranny import access, outreach, sites
from cranny.core.events import Event
from cranny.platform import rows
from cranny.platform.db import Tx
from cranny.platform.keys import Keyring
from cranny.platform.reactions import Reaction
from cranny.usecases.deliveries import tables
from cranny.usecases.deliveries.lifecycle import INSIDE
from cranny.usecases.deliveries.tables import DeliveryRow


def reaction(keyring: Keyring) -> Reaction:
    """Follows `delivery.spoiled`."""

    async def handle(tx: Tx, event: Event) -> None:
        record = await tx.one(tables.GET, tx.tenant, [UUID(event.subject.partition("/")[2])])
        row = rows.to(DeliveryRow, record or {})
        if row.recipient and row.collect_grant and row.state in INSIDE:
            await _tell(tx, keyring, row, row.recipient, row.collect_grant)

    return Reaction("deliveries.spoiled", frozenset({"delivery.spoiled"}), handle)


async def _tell(tx: Tx, keyring: Keyring, row: DeliveryRow, person: UUID, grant: UUID) -> None:
    (opens,) = await access.get(tx, [grant])
    bank = await sites.get_bank(tx, row.bank)
    before = [notice for notice in await outreach.told(tx, [opens.id]) if notice.kind == "spoiled"]
    details = outreach.Details(
        site=bank.site_name,
        bank=bank.name,
        timezone=bank.timezone,
        until=row.spoiled_at or tx.now(),
        sender=row.sender,
    )
    telling = outreach.Telling(person, "spoiled", opens.id, 1 + len(before), (row.id,), details)
    await outreach.tell(tx, keyring, telling)
