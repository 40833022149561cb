"""Somebody else collects it. The old collect grant ends and the new recipient gets one of their own, wherever the
parcel is; what the bank does before it has heard of that is told, and listed."""

from datetime import timedelta
from uuid import UUID

import msgspec

from cranny import access, fleet, outreach
from cranny.core.errors import Refused
from cranny.platform import events, rows
from cranny.platform.db import Tx
from cranny.platform.keys import Keyring
from cranny.usecases.deliveries import tables
from cranny.usecases.deliveries.actions.announce import given
from cranny.usecases.deliveries.actions.known import behind_door
from cranny.usecases.deliveries.actions.recipient import remember
from cranny.usecases.deliveries.lifecycle import AWAITED, DELIVERY, Deed
from cranny.usecases.deliveries.shapes import RecipientAsked, check_recipient
from cranny.usecases.deliveries.tables import DeliveryRow, ItemRow


async def readdress(tx: Tx, keyring: Keyring, id_: UUID, asked: RecipientAsked) -> None:
    """Let `asked` collect delivery `id_`; for the same person nothing changes. Raises Invalid with the field's path;
    NotFound, code `delivery-not-found`; Refused, code `delivery-readdress-when-...`, or `shares-door` where others of
    the same collector lie behind the same door."""
    check_recipient(asked)
    person = await remember(tx, asked)
    seen = await tx.one(tables.GET, tx.tenant, [id_])
    if seen is not None and seen["recipient"] == person:
        return
    before = str(seen["recipient"]) if seen and seen["recipient"] else None
    await events.move(tx, DELIVERY, [id_], Deed.READDRESS, data={id_: {"recipient": str(person), "before": before}})
    row = rows.to(DeliveryRow, await tx.one(tables.GET, tx.tenant, [id_]) or {})  # locked now
    old = [row.collect_grant] if row.collect_grant else []
    grant = await _inside(tx, keyring, row) if row.state not in AWAITED else await awaited(tx, keyring, row, person)
    if asked.badge:
        await access.give_badge(tx, keyring, grant, asked.badge, who=f"deliveries/{id_}")
    await access.revoke(tx, old, reason="readdressed")
    await outreach.withdraw(tx, old)
    until = tx.now() + timedelta(hours=row.collect_hours) if row.stored_at else None
    await tx.run(tables.READDRESS, tx.tenant, id_, person, grant, until)


async def _inside(tx: Tx, keyring: Keyring, row: DeliveryRow) -> UUID:
    """A grant for where it lies, active as soon as its verifiers are made; only then is anybody told."""
    behind = await behind_door(tx, row.bank, row.door, row.generation)
    if any(other.id != row.id and other.collect_grant == row.collect_grant for other in behind):
        raise Refused(
            "More of the same collector lies behind this door, and whoever opens it takes everything out. Cancel this "
            "delivery and announce it anew, or wait until the others are collected.",
            code="shares-door",
        )
    grant = await access.issue(
        tx, keyring, row.bank, "collect", f"deliveries/{row.id}", door=row.door, generation=row.generation
    )
    return grant.id


async def awaited(tx: Tx, keyring: Keyring, row: DeliveryRow, person: UUID) -> UUID:
    """A grant in place of the old one, for `person`, and the bank is given the delivery anew with it."""
    grant = await access.issue(tx, keyring, row.bank, "collect", f"deliveries/{row.id}")
    items = rows.every(ItemRow, await tx.all(tables.ITEMS, tx.tenant, [row.id]))
    if row.deposit_grant is None:
        raise AssertionError("what is awaited was announced with a deposit grant")
    for_them = msgspec.structs.replace(row, recipient=person)
    anew = given(keyring.pepper(row.bank), for_them, items, row.deposit_grant, grant.id)
    await fleet.append(tx, row.bank, [anew])
    return grant.id
