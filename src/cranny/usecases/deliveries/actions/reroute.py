"""Through another bank. What has not been deposited keeps its id: the one bank hears that it is withdrawn, the other
is given it. What lies behind a door is fetched first; it goes on as a delivery of its own, so that what was collected
or returned never comes back to life. Whatever a bank does before it has heard of it wins."""

from datetime import timedelta
from uuid import UUID

import msgspec

from cranny import access, fleet, people, sites
from cranny.core.errors import Conflict, Refused
from cranny.core.events import NewEvent
from cranny.platform import events, rows
from cranny.platform.db import Tx
from cranny.platform.keys import Keyring
from cranny.usecases.deliveries import tables
from cranny.usecases.deliveries.actions.announce import Kind, Known, announce_at, given
from cranny.usecases.deliveries.actions.cancel import end_collecting, grants_of, recall
from cranny.usecases.deliveries.actions.draft import Draft
from cranny.usecases.deliveries.facts import Emptied
from cranny.usecases.deliveries.lifecycle import DELIVERY, Deed, Delivery
from cranny.usecases.deliveries.shapes import DeliveryAsked, ItemAsked, RecipientAsked, RequirementsAsked
from cranny.usecases.deliveries.tables import DeliveryRow, ItemRow
from cranny.wire.messages import DeliveryWithdrawn


async def reroute(tx: Tx, keyring: Keyring, id_: UUID, bank: UUID, *, reason: str) -> None:
    """Let delivery `id_` go through `bank` instead. Raises NotFound, codes `delivery-not-found`, `bank-not-found`;
    Conflict, code `same-bank`; Refused, codes `delivery-reroute-when-...`, `no-capacity`, `too-big`, `no-such-door`,
    `locators-exhausted`."""
    (moved,) = await events.move(
        tx, DELIVERY, [id_], Deed.REROUTE, data={id_: {"to_bank": str(bank)}}, words={"reason": reason}
    )
    row = rows.to(DeliveryRow, await tx.one(tables.GET, tx.tenant, [id_]) or {})
    if row.bank == bank:
        raise Conflict("It is to go through this bank already.", code="same-bank")
    if moved.after is not Delivery.RECALLING:
        await _there_instead(tx, keyring, row, bank)
        return
    await sites.get_bank(tx, bank)
    await end_collecting(tx, keyring, row)
    await recall(tx, keyring, row, reason=reason)
    await tx.run(tables.GO_ON_TO, tx.tenant, id_, bank)


async def go_on(tx: Tx, keyring: Keyring, fact: Emptied, row: DeliveryRow) -> None:
    """`row` was taken out to go through another bank. Where that has no room by now, somebody has to plan anew."""
    if row.reroute_to is None or row.recipient is None:
        return
    items = rows.every(ItemRow, await tx.all(tables.ITEMS, tx.tenant, [row.id]))
    prefers = await _prefers(tx, row)
    asked = DeliveryAsked(
        bank=row.reroute_to,
        items=[_asked(item) for item in items],
        recipient=RecipientAsked(),
        requirements=RequirementsAsked(tuple(row.features), seated=row.seated and not prefers),
        sender=row.sender,
        kind=row.kind,
        collect_within_hours=row.collect_hours,
        reference=row.reference,
    )
    try:
        async with tx.attempt():
            made = await announce_at(tx, keyring, row.reroute_to, [Known(0, asked, row.recipient, Kind(), prefers)])
    except Refused as refused:
        detail = {"to_bank": str(row.reroute_to), "why": refused.code}
        await fleet.raise_anomaly(tx, fact.bank, "reroute_failed", f"deliveries/{row.id}", detail)
        return
    data = {"to_bank": str(row.reroute_to), "continues_as": str(made[0].id)}
    await events.record(tx, [NewEvent("delivery.goes_on", f"deliveries/{row.id}", data)])


async def _there_instead(tx: Tx, keyring: Keyring, row: DeliveryRow, bank: UUID) -> None:
    locked = await sites.lock_bank(tx, bank)
    items = rows.every(ItemRow, await tx.all(tables.ITEMS, tx.tenant, [row.id]))
    until = max(row.hold_until or tx.now(), tx.now() + timedelta(hours=locked.policy.hold_hours))
    there = msgspec.structs.replace(row, bank=bank, hold_until=until)
    (promised,) = await sites.promise_many(
        tx, bank, [Draft(there, items, must=not await _prefers(tx, row)).wish()], locked=locked
    )
    subject = f"deliveries/{row.id}"
    wanted = [access.Wanted("deposit", subject), access.Wanted("collect", subject)]
    deposit, collect = await access.issue_many(tx, keyring, bank, wanted)
    if row.collect_grant:
        await access.move_badge(tx, keyring, row.collect_grant, collect.id)
    await leave(tx, row, reason="rerouted")
    await fleet.append(tx, bank, [given(keyring.pepper(bank), there, items, deposit.id, collect.id)])
    await tx.run(tables.REROUTE, tx.tenant, row.id, bank, promised, until, deposit.id, collect.id)


async def _prefers(tx: Tx, row: DeliveryRow) -> bool:
    """Seated reach is its recipient's preference, which the other bank may not have a door for."""
    return row.recipient is not None and row.recipient in await people.low_doors(tx, [row.recipient])


async def leave(tx: Tx, row: DeliveryRow, *, reason: str) -> None:
    """Nobody waits for `row` at its bank any more."""
    await access.revoke(tx, grants_of([row]), reason=reason)
    await fleet.append(tx, row.bank, [DeliveryWithdrawn(row.id)])
    if row.reservation:
        await sites.release_promise(tx, [row.reservation])


def _asked(item: ItemRow) -> ItemAsked:
    if item.size:
        return ItemAsked(item.tracking, size=item.size, weight_g=item.weight_g)
    width, height, depth = (max(1, side) for side in (item.width, item.height, item.depth))
    return ItemAsked(item.tracking, width=width, height=height, depth=depth, weight_g=item.weight_g)
