"""A bank says that deliveries lie behind a door. That is so, whatever anybody had wished in the meantime."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from cranny import access, fleet
from cranny.platform import events
from cranny.platform.db import Tx
from cranny.platform.keys import Keyring
from cranny.usecases.deliveries import tables
from cranny.usecases.deliveries.actions.came_here import came_here
from cranny.usecases.deliveries.actions.cancel import recall
from cranny.usecases.deliveries.actions.found import take_in, tell_found
from cranny.usecases.deliveries.actions.known import (
    as_known,
    behind_door,
    contradicts,
    list_strangers,
    told,
    use_promises,
)
from cranny.usecases.deliveries.actions.turned_away import replan
from cranny.usecases.deliveries.facts import Deposited
from cranny.usecases.deliveries.lifecycle import AWAITED, DELIVERY, Deed, Delivery
from cranny.usecases.deliveries.tables import DeliveryRow

FIRST: Final = (*AWAITED, Delivery.CANCELLED)
"""Where a first deposit finds a delivery; in every other state it is told again."""


async def deposited(tx: Tx, keyring: Keyring, fact: Deposited, when: datetime) -> None:
    """Tells each delivery, and sees to what does not fit. `when` it happened."""
    announced, lost = await as_known(tx, fact.bank, fact.deliveries)
    back, lost = await came_here(tx, keyring, fact, lost, when)
    await list_strangers(tx, fact, [id_ for id_ in lost if id_ not in fact.unannounced])
    found = await take_in(tx, keyring, fact, [id_ for id_ in lost if id_ in fact.unannounced])
    found += back
    grant = await _opens(tx, keyring, fact, [row for row in announced if row.state in AWAITED])
    by_id = {row.id: row for row in _granted(announced, grant) + found}
    data = {row.id: told(row, fact) for row in by_id.values()}
    moved = await events.move(tx, DELIVERY, list(by_id), Deed.DEPOSIT, data=data, when=when)
    first = [by_id[one.id] for one in moved if one.before in FIRST]
    await _store(tx, fact, [row.id for row in first if row not in found], grant, when)
    await _store(tx, fact, [row.id for row in first if row in found], fact.grant if fact.minted else None, when)
    await use_promises(tx, first)
    await tell_found(tx, fact, [row for row in first if row.recipient is None and not fact.minted])
    for one in moved:
        row = by_id[one.id]
        if one.before is Delivery.CANCELLED:
            await _came_too_late(tx, keyring, fact, row)
        elif one.before not in FIRST and (row.door, row.generation) != (fact.door, fact.generation):
            await contradicts(tx, fact, "deposited_twice", row)
    if any(row.reservation is None or row.state is Delivery.LAPSED for row in first):
        await replan(tx, fact.bank)


def _granted(announced: Sequence[DeliveryRow], grant: UUID | None) -> list[DeliveryRow]:
    return [
        msgspec.structs.replace(row, collect_grant=grant if row.state in AWAITED else row.collect_grant)
        for row in announced
    ]


async def _opens(tx: Tx, keyring: Keyring, fact: Deposited, awaited: Sequence[DeliveryRow]) -> UUID | None:
    """The collect grant that opens this door for `awaited`: the one that the bank names, or a new one where that has
    ended meanwhile, as when the bank added to a parcel of which it had not heard that it is recalled."""
    if not awaited:
        return None
    if fact.grant is not None and await _may_open(tx, fact, fact.grant, awaited):
        return fact.grant
    await access.revoke(tx, [row.collect_grant for row in awaited if row.collect_grant], reason="replaced")
    subject = f"deliveries/{awaited[0].id}"
    issued = await access.issue(tx, keyring, fact.bank, "collect", subject, door=fact.door, generation=fact.generation)
    return issued.id


async def _may_open(tx: Tx, fact: Deposited, grant: UUID, awaited: Sequence[DeliveryRow]) -> bool:
    known = next(iter(await access.get(tx, [grant])), None)
    if known is not None and known.subject in {f"deliveries/{row.id}" for row in awaited}:
        # The bank has not heard that the recipient was changed: an old grant of its own is no mistake.
        return known.id in {row.collect_grant for row in awaited} and _as_good_as_living(known)
    if grant not in {row.collect_grant for row in awaited}:
        behind = await behind_door(tx, fact.bank, fact.door, fact.generation)
        if grant not in {row.collect_grant for row in behind}:
            await fleet.raise_anomaly(tx, fact.bank, "unknown_grant", f"grants/{grant}", {"door": fact.door})
            return False
    return known is not None and _as_good_as_living(known)


def _as_good_as_living(grant: access.GrantRow) -> bool:
    """Used is as good: then only our reading of the log is behind."""
    return grant.state in access.LIVE or grant.state is access.Grant.USED


async def _store(tx: Tx, fact: Deposited, ids: list[UUID], grant: UUID | None, when: datetime) -> None:
    if ids:
        place = (fact.door, fact.generation, fact.evidence)
        await tx.run(tables.STORE, tx.tenant, ids, *place, when, tx.now(), grant)


async def _came_too_late(tx: Tx, keyring: Keyring, fact: Deposited, row: DeliveryRow) -> None:
    """It was cancelled, and the bank had not heard of it: whoever sent it takes it back."""
    await contradicts(tx, fact, "deposited_after_cancel", row)
    here = msgspec.structs.replace(row, door=fact.door, generation=fact.generation)
    await recall(tx, keyring, here, reason=row.reason)
