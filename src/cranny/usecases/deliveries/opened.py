"""Somebody opened a door from afar: whose parcel lay there is told, each time. No recipient's door is opened unseen."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from cranny import access, outreach, sites
from cranny.core.events import Event
from cranny.platform import rows
from cranny.platform.db import Tx
from cranny.platform.keys import Keyring
from cranny.platform.reactions import Reaction
from cranny.usecases.deliveries import tables
from cranny.usecases.deliveries.tables import DeliveryRow


class Executed(msgspec.Struct, frozen=True):
    """Of a `command.executed`: `generations` are what was known to lie behind each of `doors`, 0 for nothing; `opened`
    are those that were seen open."""

    bank: UUID
    action: str
    doors: list[str]
    generations: list[int]
    opened: list[str]


def reaction(keyring: Keyring) -> Reaction:
    async def handle(tx: Tx, event: Event) -> None:
        done = msgspec.convert(event.data, Executed)
        if done.action not in ("open", "open_all"):
            return
        for door, generation in zip(done.doors, done.generations, strict=True):
            if generation and door in done.opened:
                await _tell(tx, keyring, (done.bank, door, generation), event)

    return Reaction("deliveries.opened", frozenset({"command.executed"}), handle)


async def _tell(tx: Tx, keyring: Keyring, place: tuple[UUID, str, int], event: Event) -> None:
    found = rows.every(DeliveryRow, await tx.all(tables.BEHIND, tx.tenant, *place))
    behind = [row for row in found if row.recipient and row.collect_grant]
    for person in sorted({row.recipient for row in behind if row.recipient}):
        await _tell_one(tx, keyring, person, [row for row in behind if row.recipient == person], event)


async def _tell_one(tx: Tx, keyring: Keyring, person: UUID, about: Sequence[DeliveryRow], event: Event) -> None:
    (grant,) = await access.get(tx, [min(row.collect_grant for row in about if row.collect_grant)])
    bank = await sites.get_bank(tx, grant.bank)
    senders = {row.sender for row in about}
    details = outreach.Details(
        site=bank.site_name,
        bank=bank.name,
        timezone=bank.timezone,
        until=event.time,
        count=len(about),
        sender=senders.pop() if len(senders) == 1 else "",
    )
    before = [notice.number for notice in await outreach.told(tx, [grant.id]) if notice.kind == "operator_opened"]
    number = 1 + max(before, default=0)
    ids = tuple(row.id for row in about)
    await outreach.tell(tx, keyring, outreach.Telling(person, "operator_opened", grant.id, number, ids, details))
