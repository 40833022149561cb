"""Deeds on messages: test, resend, drop; and giving up on those whose time is over."""

from typing import Final
from uuid import UUID

from cranny.core.errors import NotFound, Refused
from cranny.platform import events, rows
from cranny.platform.db import Database, Tx
from cranny.webhooks import tables
from cranny.webhooks.lifecycle import MESSAGE, Endpoint, Message, MessageDeed
from cranny.webhooks.sending import TEST
from cranny.webhooks.tables import EndpointRow, MessageRow
from cranny.webhooks.trying import GIVE_UP_AFTER
from cranny.wire import subjects

AT_ONCE: Final = 500


async def test(tx: Tx, endpoint: EndpointRow) -> MessageRow:
    """A message that tells of nothing. Raises Refused, code `endpoint-off`."""
    _insist(endpoint)
    id_ = tx.ids.new()
    until = tx.now() + GIVE_UP_AFTER
    about = [f"webhook-endpoints/{endpoint.id}"]
    args = ([id_], [tx.ids.new()], [TEST], about, [0])
    await tx.run(tables.ADD_MESSAGES, tx.tenant, endpoint.id, Message.WAITING, tx.now(), until, *args)
    tx.poke(subjects.log(tx.tenant))
    return await get(tx, id_)


async def get(tx: Tx, id_: UUID) -> MessageRow:
    """Raises NotFound, code `message-not-found`."""
    record = await tx.one(tables.GET_MESSAGE, tx.tenant, id_)
    if record is None:
        raise NotFound(f"There is no message {id_}, or none any more.", code="message-not-found")
    return rows.to(MessageRow, record)


async def resend(tx: Tx, id_: UUID) -> MessageRow:
    """Once more, at once and with all its time, before what waits behind it. Raises like `get`; Refused, codes
    `endpoint-off` and `endpoint-removed`."""
    row = await get(tx, id_)
    record = await tx.one(tables.HOLD_ENDPOINT, tx.tenant, row.endpoint)
    if record is None:
        raise Refused("Its endpoint was removed: there is nowhere to send it to.", code="endpoint-removed")
    _insist(rows.to(EndpointRow, record))
    await events.move(tx, MESSAGE, [id_], MessageDeed.RESEND)
    await tx.run(tables.AGAIN, tx.tenant, id_, tx.now(), tx.now() + GIVE_UP_AFTER)
    tx.poke(subjects.log(tx.tenant))
    return await get(tx, id_)


async def drop(tx: Tx, endpoint: UUID) -> None:
    """What waits for an endpoint that is removed."""
    ids = [record["id"] for record in await tx.all(tables.WAITING_FOR, tx.tenant, endpoint)]
    await events.move(tx, MESSAGE, ids, MessageDeed.DROP)
    await tx.run(tables.DONE, tx.tenant, ids, tx.now())


async def give_up(db: Database, tenant: UUID) -> int:
    """A sweep: what could not be delivered in time has failed, and says so."""
    async with db.transaction(tenant) as tx:
        late = rows.every(MessageRow, await tx.all(tables.LATE, tenant, tx.now(), AT_ONCE))
        data = {
            row.id: {"endpoint": str(row.endpoint), "event": str(row.event), "about": row.subject, "tries": row.tries}
            for row in late
        }
        await events.move(tx, MESSAGE, list(data), MessageDeed.GIVE_UP, data=data)
        await tx.run(tables.DONE, tenant, list(data), tx.now())
    return len(late)


async def forget_secrets(db: Database, tenant: UUID) -> int:
    """A sweep: secrets that were replaced, and whose time is over."""
    async with db.transaction(tenant) as tx:
        return int((await tx.run(tables.FORGET_OLD, tenant, tx.now())).rsplit(maxsplit=1)[-1])


def _insist(endpoint: EndpointRow) -> None:
    if endpoint.state is not Endpoint.ON:
        raise Refused("This endpoint is switched off: switch it on first.", code="endpoint-off")
