"""A bank tells of a delivery that was re-routed away from it, of which it had not heard. It lies, or lay, here: that
is so, and what was prepared at the other bank ends. Where it lies at that other bank already, there are two parcels
with one label, and both are kept."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from cranny import access
from cranny.platform.db import Tx
from cranny.platform.keys import Keyring
from cranny.usecases.deliveries import tables
from cranny.usecases.deliveries.actions.known import contradicts, routed_away
from cranny.usecases.deliveries.actions.reroute import leave
from cranny.usecases.deliveries.facts import Deposited, Emptied
from cranny.usecases.deliveries.lifecycle import AWAITED, Delivery
from cranny.usecases.deliveries.tables import DeliveryRow


async def came_here(
    tx: Tx, keyring: Keyring, fact: Deposited | Emptied, ids: Sequence[UUID]
) -> tuple[list[DeliveryRow], list[UUID]]:
    """(the deliveries that are of the fact's bank again, those of `ids` that are not)."""
    back: list[DeliveryRow] = []
    for row in await routed_away(tx, fact.bank, ids):
        if row.state in AWAITED or row.state is Delivery.CANCELLED:
            back.append(await _back(tx, keyring, fact, row))
        else:
            await contradicts(tx, fact, "duplicate_identity", row)
    return back, [id_ for id_ in ids if id_ not in {row.id for row in back}]


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
