"""Makes a message of every event that an endpoint wants. Each endpoint has a place in the log of its own."""

from collections.abc import Sequence
from typing import Final

from cranny.core.events import Event
from cranny.platform import log, rows
from cranny.platform.db import Tx
from cranny.webhooks import tables
from cranny.webhooks.lifecycle import Message
from cranny.webhooks.tables import EndpointRow
from cranny.webhooks.trying import GIVE_UP_AFTER

OWN: Final = "webhook_"
"""What begins like this tells of webhooks: it is never sent by one, or each failure would make another message."""
UNASKED: Final = "audit."
"""Who did what at their desk is nobody else's business: it goes to an endpoint that asks for it, and to no other."""
BATCH: Final = 500
WINDOW: Final = 5000
"""Positions looked at in one step, so that an endpoint of rare events gets on too."""


async def fan_out(tx: Tx) -> bool:
    """A step for each of the tenant's endpoints that is behind the log; whether there is more to do. Endpoints that
    another worker is at are left to it."""
    behind = rows.every(EndpointRow, await tx.all(tables.BEHIND, tx.tenant))
    if not behind:
        return False
    head = await log.head(tx)
    return any([await _step(tx, endpoint, head) for endpoint in behind])


async def _step(tx: Tx, endpoint: EndpointRow, head: int) -> bool:
    until = min(head, endpoint.position + WINDOW)
    found = await log.matching(tx, endpoint.position, until, endpoint.types, BATCH, but=OWN, unasked=UNASKED)
    await _add(tx, endpoint, found)
    reached = found[-1].position if len(found) == BATCH else until
    await tx.run(tables.REACHED, tx.tenant, endpoint.id, reached)
    return reached < head


async def _add(tx: Tx, endpoint: EndpointRow, found: Sequence[Event]) -> None:
    if found:
        await tx.run(
            tables.ADD_MESSAGES,
            tx.tenant,
            endpoint.id,
            Message.WAITING,
            tx.now(),
            tx.now() + GIVE_UP_AFTER,
            [tx.ids.new() for _ in found],
            [event.id for event in found],
            [event.type for event in found],
            [event.subject for event in found],
            [event.position for event in found],
        )
