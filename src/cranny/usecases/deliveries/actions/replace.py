"""A bank refuses a grant that it can't keep: only after the server was restored from a backup, when it had ended there
or another one has its locator (`fleet.realigning`). Another one takes its place, and whoever it is for is told."""

from uuid import UUID

from cranny import access, outreach
from cranny.platform import rows
from cranny.platform.db import Tx
from cranny.platform.keys import Keyring
from cranny.usecases.deliveries import tables
from cranny.usecases.deliveries.actions.cancel import recall
from cranny.usecases.deliveries.actions.known import behind_door
from cranny.usecases.deliveries.actions.readdress import awaited
from cranny.usecases.deliveries.facts import Refused
from cranny.usecases.deliveries.lifecycle import AWAITED, COLLECTABLE, Delivery
from cranny.usecases.deliveries.tables import DeliveryRow


async def replace(tx: Tx, keyring: Keyring, fact: Refused) -> None:
    """Told twice it changes nothing: by then the delivery has another grant."""
    grant = next((one for one in await access.get(tx, [fact.grant]) if one.bank == fact.bank), None)
    kind, _, id_ = grant.subject.partition("/") if grant else ("", "", "")
    if grant is None or kind != "deliveries":
        return
    row = next(iter(rows.every(DeliveryRow, await tx.all(tables.LOCK, tx.tenant, UUID(id_)))), None)
    if row is not None:
        await _anew(tx, keyring, row, grant)
    await access.revoke(tx, [grant.id], reason="refused")
    await outreach.withdraw(tx, [grant.id])


async def _anew(tx: Tx, keyring: Keyring, row: DeliveryRow, old: access.GrantRow) -> None:
    """Another grant for what `old` was for, if `row` still needs one."""
    if row.recall_grant == old.id and row.state is Delivery.RECALLING:
        await recall(tx, keyring, row, reason=row.reason)
    if row.collect_grant != old.id:
        return
    if row.state in AWAITED and row.recipient is not None:
        grant, of = await awaited(tx, keyring, row, row.recipient), [row.id]
    elif row.state in COLLECTABLE:
        behind = await behind_door(tx, row.bank, row.door, row.generation)
        of = [other.id for other in behind if other.collect_grant == old.id]
        new = await access.issue(
            tx, keyring, row.bank, "collect", f"deliveries/{row.id}", door=row.door, generation=row.generation
        )
        grant = new.id
    else:
        return
    await access.move_badge(tx, keyring, old.id, grant)
    await tx.run(tables.REGRANT, tx.tenant, of, grant)
