"""A bank says that nothing is left behind a door: collected by the recipient, or taken back."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from cranny import access, sites
from cranny.platform import events
from cranny.platform.db import Tx
from cranny.platform.keys import Keyring
from cranny.usecases.deliveries import tables
from cranny.usecases.deliveries.actions.came_here import came_here
from cranny.usecases.deliveries.actions.deposited import FIRST, deposited
from cranny.usecases.deliveries.actions.known import as_known, contradicts, list_strangers, told, use_promises
from cranny.usecases.deliveries.actions.reroute import go_on
from cranny.usecases.deliveries.facts import Deposited, Emptied
from cranny.usecases.deliveries.lifecycle import COLLECTABLE, DELIVERY, Deed, Delivery
from cranny.usecases.deliveries.tables import DeliveryRow


async def emptied(tx: Tx, keyring: Keyring, fact: Emptied, when: datetime) -> None:
    """Tells each delivery, and sees to what does not fit. `when` it happened."""
    known, lost = await as_known(tx, fact.bank, fact.deliveries)
    back, lost = await came_here(tx, keyring, fact, lost, when)
    known += back
    await list_strangers(tx, fact, lost)
    by_id = {row.id: row for row in known}
    deed = Deed.COLLECT if fact.purpose == "collect" else Deed.TAKE_BACK
    data = {row.id: {**told(row, fact), "grant": str(fact.grant) if fact.grant else None} for row in known}
    moved = await events.move(tx, DELIVERY, list(by_id), deed, data=data, when=when)
    over = [by_id[one.id] for one in moved if one.before not in DELIVERY.final]
    if over:
        place = (fact.door, fact.generation, fact.evidence)
        await tx.run(tables.OVER, tx.tenant, [row.id for row in over], when, *place)
    await access.revoke(tx, _left(over, fact.grant), reason="over")
    await use_promises(tx, [row for row in over if row.state in FIRST])
    ended = await _ended_before(tx, fact, when)
    for one in moved:
        row = by_id[one.id]
        if odd := _odd(one.before, deed, fact, row, ended=bool(ended)):
            await contradicts(tx, fact, odd, row, **ended)
        if one.before is Delivery.RECALLING and one.after is Delivery.RETURNED:
            await go_on(tx, keyring, fact, row)
            await _is_there(tx, keyring, row, when)


async def _is_there(tx: Tx, keyring: Keyring, row: DeliveryRow, when: datetime) -> None:
    """The bank to which `row` was to go on has told that it lies there before this one has told that it was fetched."""
    there = row.reroute_to
    place = await sites.lying(tx, there, row.id) if there else None
    if there and place:
        await deposited(tx, keyring, Deposited(there, *place, [row.id], None, "inferred", epoch=0, seq=0), when)


async def _ended_before(tx: Tx, fact: Emptied, when: datetime) -> dict[str, Any]:
    """For how long the grant that opened had been revoked, by the server's reckoning; empty when it had not."""
    used = await access.get(tx, [fact.grant]) if fact.grant else []
    if not used or used[0].state is not access.Grant.REVOKED or used[0].ended is None:
        return {}
    return {"exposed_s": max(0, round((when - used[0].ended).total_seconds()))}


def _left(over: Sequence[DeliveryRow], used: UUID | None) -> list[UUID]:
    """Grants that open nothing any more. The deposit grant is among them where no deposit was ever told: otherwise
    it was used."""
    left = [grant for row in over for grant in (row.collect_grant, row.recall_grant)]
    left += [row.deposit_grant for row in over if row.state in FIRST]
    return [grant for grant in dict.fromkeys(left) if grant is not None and grant != used]


def _odd(before: Delivery, deed: Deed, fact: Emptied, row: DeliveryRow, *, ended: bool) -> str:
    """The kind of anomaly that this is, if any. `ended`: the grant that opened had been revoked."""
    if fact.purpose == "inspect" and fact.grant is None:
        return "emptied_on_command"  # somebody opened it from afar, and nobody proved who they are
    if before is Delivery.RECALLING and deed is Deed.COLLECT:
        return "collected_after_reroute" if row.reroute_to else "collected_after_cancel"
    if before in FIRST:
        return "deposit_not_told"
    if (row.door, row.generation) != (fact.door, fact.generation):
        return "emptied_elsewhere"
    if ended and before in COLLECTABLE:
        return "collected_after_revoke"
    return ""
