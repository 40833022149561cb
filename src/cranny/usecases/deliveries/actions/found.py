"""Parcels that a bank took in though nobody had announced them there. The id is the bank's; the tracking number
travels beside the fact, because it is personal data.

Somebody may have announced it in the meantime, here or at another bank: then that delivery is the one that lies
here. If the number belongs to a parcel that lies in a bank already, both are kept, and a person has to look.
"""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import msgspec

from cranny import access, fleet, sites
from cranny.core.events import NewEvent
from cranny.platform import events, rows
from cranny.platform.db import Tx
from cranny.platform.keys import Keyring
from cranny.usecases.deliveries import tables
from cranny.usecases.deliveries.actions.adopt import holders
from cranny.usecases.deliveries.actions.cancel import grants_of
from cranny.usecases.deliveries.actions.known import contradicts
from cranny.usecases.deliveries.facts import Deposited
from cranny.usecases.deliveries.lifecycle import AWAITED, Delivery
from cranny.usecases.deliveries.shapes import PARCEL
from cranny.usecases.deliveries.tables import DeliveryRow
from cranny.wire.codes import normal_tracking
from cranny.wire.messages import DeliveryWithdrawn

LONGEST: Final = 64
"""Characters of a tracking number that are kept."""


class _Beside(msgspec.Struct, frozen=True):
    """The personal side of a `deposit.stored`."""

    tracking: dict[UUID, str] = {}


async def take_in(tx: Tx, keyring: Keyring, fact: Deposited, ids: Sequence[UUID]) -> list[DeliveryRow]:
    """A delivery for each of `ids`, made or found, that is about to be told of its deposit."""
    if not ids:
        return []
    if fact.minted and fact.grant:
        place = (fact.door, fact.generation)
        await access.note_minted(tx, fact.bank, fact.grant, f"deliveries/{ids[0]}", place)
    trackings = await _trackings(tx, keyring, fact)
    return [await _take_in(tx, keyring, fact, id_, trackings.get(id_, "")) for id_ in ids]


async def take_over(tx: Tx, keyring: Keyring, fact: Deposited, id_: UUID, row: DeliveryRow) -> DeliveryRow:
    """What the bank calls `id_`, and has put behind this door, is `row`, which is awaited. Its rights so far end; it
    gets a collect grant for where it is."""
    grant = await access.issue(
        tx, keyring, fact.bank, "collect", f"deliveries/{row.id}", door=fact.door, generation=fact.generation
    )
    if row.collect_grant:
        await access.move_badge(tx, keyring, row.collect_grant, grant.id)
    await access.revoke(tx, grants_of([row]), reason="deposited-under-another-name")
    await fleet.append(tx, row.bank, [DeliveryWithdrawn(row.id)])
    if row.bank != fact.bank:
        await contradicts(tx, fact, "deposited_elsewhere", row)
        if row.reservation:
            await sites.release_promise(tx, [row.reservation])
    await tx.run(tables.TAKE_OVER, tx.tenant, row.id, fact.bank, id_, grant.id)
    return await _get(tx, row.id)


async def tell_found(tx: Tx, fact: Deposited, found: Sequence[DeliveryRow]) -> None:
    """Nobody can be told that these wait, so those who run the bank are."""
    data = {"bank": str(fact.bank), "door": fact.door, "generation": fact.generation}
    await events.record(tx, [NewEvent("delivery.unidentified", f"deliveries/{row.id}", data) for row in found])
    for row in found:
        await fleet.raise_anomaly(tx, fact.bank, "unidentified", f"deliveries/{row.id}", data)


async def _trackings(tx: Tx, keyring: Keyring, fact: Deposited) -> dict[UUID, str]:
    personal = await fleet.beside(tx, keyring, fact.bank, fact.epoch, fact.seq)
    try:
        return msgspec.convert(personal, _Beside).tracking
    except msgspec.ValidationError:
        # Unreadable is as good as erased: the parcel is there all the same.
        return {}


async def _take_in(tx: Tx, keyring: Keyring, fact: Deposited, id_: UUID, tracking: str) -> DeliveryRow:
    key = normal_tracking(tracking)[:LONGEST]
    holder = next(iter(await holders(tx, [key])), None) if key else None
    if holder is not None and holder.state in AWAITED:
        return await take_over(tx, keyring, fact, id_, holder)
    shown = "".join(sign for sign in tracking if sign.isprintable()).strip()[:LONGEST]
    policy = (await sites.get_bank(tx, fact.bank)).policy
    await tx.run(
        tables.ADD_FOUND,
        tx.tenant,
        id_,
        fact.bank,
        PARCEL,
        Delivery.ANNOUNCED,
        policy.collect_hours,
        tx.now(),
        shown,
        key,
        bool(key) and holder is None,
    )
    data = {"bank": str(fact.bank), "kind": PARCEL, "recipient": None, "items": 1, "by": "bank"}
    await events.record(tx, [NewEvent("delivery.announced", f"deliveries/{id_}", data)])
    if holder is not None:
        await contradicts(tx, fact, "duplicate_identity", holder)
    return await _get(tx, id_)


async def _get(tx: Tx, id_: UUID) -> DeliveryRow:
    return rows.to(DeliveryRow, await tx.one(tables.GET, tx.tenant, [id_]) or {})
