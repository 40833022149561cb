"""A bank tells of a delivery that was re-routed away from it, of which it had not heard. It lies, or lay, here: that
is so, and what was prepared at the other bank ends. Where it lies at that other bank already, there are two parcels
with one label, and both are kept. So are two where what lies with it behind the door is somebody else's: the grant that
opens it must be nobody's but theirs."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from cranny import access
from cranny.platform import rows
from cranny.platform.db import Tx
from cranny.platform.keys import Keyring
from cranny.usecases.deliveries import tables
from cranny.usecases.deliveries.actions.adopt import holders
from cranny.usecases.deliveries.actions.found import take_over
from cranny.usecases.deliveries.actions.known import as_known, behind_door, contradicts, routed_away
from cranny.usecases.deliveries.actions.reroute import leave
from cranny.usecases.deliveries.facts import Deposited, Emptied
from cranny.usecases.deliveries.lifecycle import AWAITED, Delivery
from cranny.usecases.deliveries.tables import DeliveryRow, ItemRow


async def came_here(
    tx: Tx, keyring: Keyring, fact: Deposited | Emptied, ids: Sequence[UUID], when: datetime
) -> tuple[list[DeliveryRow], list[UUID]]:
    """(the deliveries that are of the fact's bank again, or now; those of `ids` that are none of them)."""
    back: dict[UUID, DeliveryRow] = {}
    for row in await routed_away(tx, fact.bank, ids):
        if row.state in AWAITED or row.state is Delivery.CANCELLED:
            back[row.id] = await _back(tx, keyring, fact, row)
        elif isinstance(fact, Deposited) and (later := await _later(tx, fact, row, back.values())) is not None:
            back[row.id] = await take_over(tx, keyring, fact, row.id, later)
            if row.ended_at is not None and when < row.ended_at:  # it may be another one, with the same label
                await contradicts(tx, fact, "duplicate_identity", row)
        else:
            await contradicts(tx, fact, "duplicate_identity", row)
    return list(back.values()), [id_ for id_ in ids if id_ not in back]


async def _later(tx: Tx, fact: Deposited, row: DeliveryRow, taken: Collection[DeliveryRow]) -> DeliveryRow | None:
    """The delivery that is awaited with the tracking numbers of `row`, all of them, and may lie behind that door."""
    items = rows.every(ItemRow, await tx.all(tables.ITEMS, tx.tenant, [row.id]))
    keys = {item.tracking_key for item in items if item.tracking_key}
    found = await holders(tx, sorted(keys)) if keys else []
    if len(found) != len(keys) or len({other.id for other in found}) != 1:
        return None
    one = found[0]
    company = await behind_door(tx, fact.bank, fact.door, fact.generation)
    company += (await as_known(tx, fact.bank, fact.deliveries))[0]
    strange = any(other.recipient != one.recipient for other in company)
    known = one.id in {other.id for other in (*taken, *company)}
    return one if one.state in AWAITED and not strange and not known else None


async def _back(tx: Tx, keyring: Keyring, fact: Deposited | Emptied, row: DeliveryRow) -> DeliveryRow:
    await contradicts(tx, fact, "deposited_elsewhere", row)
    grant = row.collect_grant
    if row.state in AWAITED:
        await leave(tx, row, reason="deposited-elsewhere")
        if isinstance(fact, Deposited):
            issued = await access.issue(
                tx, keyring, fact.bank, "collect", f"deliveries/{row.id}", door=fact.door, generation=fact.generation
            )
            grant = issued.id
    await tx.run(tables.BACK_AT, tx.tenant, row.id, fact.bank, grant)
    return msgspec.structs.replace(row, bank=fact.bank, collect_grant=grant, reservation=None)
