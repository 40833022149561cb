"""Calling a delivery off. What has not been deposited is withdrawn; what lies in a bank is recalled: its collect
grant ends, and a recall grant opens the same door for the depositor's side."""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from cranny import access, fleet, sites
from cranny.platform import events, rows
from cranny.platform.db import Tx
from cranny.platform.keys import Keyring
from cranny.usecases.deliveries import tables
from cranny.usecases.deliveries.actions.known import behind_door
from cranny.usecases.deliveries.lifecycle import COLLECTABLE, DELIVERY, Deed, Delivery
from cranny.usecases.deliveries.tables import DeliveryRow
from cranny.wire.messages import DeliveryWithdrawn


async def cancel(tx: Tx, keyring: Keyring, id_: UUID, *, reason: str) -> None:
    """Cancelling twice changes nothing. Raises NotFound, code `delivery-not-found`, and Refused, code
    `delivery-cancel-when-collected` or `-returned`."""
    (moved,) = await events.move(tx, DELIVERY, [id_], Deed.CANCEL, words={"reason": reason})
    if moved.before is moved.after:
        return
    row = rows.to(DeliveryRow, await tx.one(tables.GET, tx.tenant, [id_]) or {})
    if moved.after is Delivery.CANCELLED:
        await withdraw(tx, [row], reason=reason)
    else:
        await end_collecting(tx, keyring, row)
        await recall(tx, keyring, row, reason=reason)


async def withdraw(tx: Tx, called_off: Sequence[DeliveryRow], *, reason: str) -> None:
    """What follows for deliveries that became `cancelled` before anybody deposited them."""
    ids = [row.id for row in called_off]
    await tx.run(tables.CALL_OFF, tx.tenant, ids, tx.now(), reason)
    await access.revoke(tx, grants_of(called_off), reason="cancelled")
    if promised := [row.reservation for row in called_off if row.reservation]:
        await sites.release_promise(tx, promised)
    by_bank: dict[UUID, list[DeliveryWithdrawn]] = defaultdict(list)
    for row in called_off:
        by_bank[row.bank].append(DeliveryWithdrawn(row.id))
    for bank in sorted(by_bank):
        await fleet.append(tx, bank, by_bank[bank])


def grants_of(deliveries: Sequence[DeliveryRow]) -> list[UUID]:
    """The deposit and collect grants of `deliveries`."""
    pairs = [(row.deposit_grant, row.collect_grant) for row in deliveries]
    return [grant for pair in pairs for grant in pair if grant]


async def recall(tx: Tx, keyring: Keyring, row: DeliveryRow, *, reason: str) -> UUID:
    """Issue the grant that takes `row` back out of its door. Its code is read through access."""
    grant = await access.issue(
        tx, keyring, row.bank, "recall", f"deliveries/{row.id}", door=row.door, generation=row.generation
    )
    await tx.run(tables.RECALL, tx.tenant, row.id, grant.id, reason)
    return grant.id


async def end_collecting(tx: Tx, keyring: Keyring, row: DeliveryRow) -> None:
    """Take the collect grant of `row` away. Others that lie behind the same door with the same grant get one of
    their own, or their collector could not get at them any more."""
    if row.collect_grant is None:
        return
    left = [
        other
        for other in await behind_door(tx, row.bank, row.door, row.generation)
        if other.collect_grant == row.collect_grant and other.id != row.id and other.state in COLLECTABLE
    ]
    await access.revoke(tx, [row.collect_grant], reason="recalled")
    if left:
        grant = await access.issue(
            tx, keyring, row.bank, "collect", f"deliveries/{left[0].id}", door=row.door, generation=row.generation
        )
        await tx.run(tables.REGRANT, tx.tenant, [other.id for other in left], grant.id)
