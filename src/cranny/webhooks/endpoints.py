"""Deeds on endpoints: add, change, rotate, switch, remove. Each in the caller's transaction."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from msgspec import UNSET

from cranny.core.errors import NotFound, Refused
from cranny.core.events import NewEvent
from cranny.platform import events, log, rows
from cranny.platform.db import Tx
from cranny.platform.keys import Keyring
from cranny.webhooks import messages, signing, tables
from cranny.webhooks.lifecycle import ENDPOINT, Endpoint, EndpointDeed
from cranny.webhooks.shapes import EndpointAsked, EndpointChange
from cranny.webhooks.tables import EndpointRow

MOST: Final = 50
"""Endpoints of one tenant."""


async def add(tx: Tx, keyring: Keyring, asked: EndpointAsked) -> tuple[EndpointRow, bytes]:
    """It is told of what happens from now on. Returns it and its secret. Raises Refused, code `too-many-endpoints`."""
    if await tx.value(tables.COUNT_ENDPOINTS, tx.tenant) >= MOST:
        raise Refused(f"There are {MOST} endpoints already: remove one that is not needed.", code="too-many-endpoints")
    id_, secret = tx.ids.new(), signing.new_secret(tx.rng)
    await tx.run(
        tables.ADD_ENDPOINT,
        tx.tenant,
        id_,
        asked.url,
        asked.description,
        sorted(set(asked.types)),
        Endpoint.ON,
        signing.seal(keyring, tx.tenant, id_, secret),
        await log.head(tx),
        tx.now(),
    )
    await _tell(tx, "added", id_, {"types": sorted(set(asked.types))})
    return await get(tx, id_), secret


async def get(tx: Tx, id_: UUID, *, hold: bool = False) -> EndpointRow:
    """Raises NotFound, code `endpoint-not-found`. With `hold` nobody else changes it until the transaction ends."""
    record = await tx.one(tables.HOLD_ENDPOINT if hold else tables.GET_ENDPOINT, tx.tenant, id_)
    if record is None:
        raise NotFound(f"There is no endpoint {id_}.", code="endpoint-not-found")
    return rows.to(EndpointRow, record)


async def change(tx: Tx, id_: UUID, asked: EndpointChange) -> EndpointRow:
    """What waits goes to the new address. Raises like `get`."""
    row = await get(tx, id_, hold=True)
    url = row.url if asked.url is UNSET else asked.url
    description = row.description if asked.description is UNSET else asked.description
    types = row.types if asked.types is UNSET else sorted(set(asked.types))
    await tx.run(tables.CHANGE_ENDPOINT, tx.tenant, id_, url, description, types)
    await _tell(tx, "changed", id_, {"types": types, "moved": url != row.url})
    return await get(tx, id_)


async def rotate(tx: Tx, keyring: Keyring, id_: UUID, overlap: timedelta) -> tuple[EndpointRow, bytes]:
    """A new secret; the one before it lives on for `overlap`, one before that ends. Returns the endpoint and the new
    secret. Raises like `get`."""
    await get(tx, id_, hold=True)
    secret = signing.new_secret(tx.rng)
    until = tx.now() + overlap
    await tx.run(tables.ROTATE, tx.tenant, id_, signing.seal(keyring, tx.tenant, id_, secret), until)
    if not overlap:
        await tx.run(tables.FORGET_OLD, tx.tenant, until)
    await _tell(tx, "rotated", id_, {"old_until": until.isoformat()})
    return await get(tx, id_), secret


async def switch(tx: Tx, id_: UUID, *, on: bool) -> EndpointRow:
    """On: it goes on with what happens from now on, and with what still waits. Raises like `get`."""
    row = await get(tx, id_, hold=True)
    await events.move(tx, ENDPOINT, [id_], EndpointDeed.SWITCH_ON if on else EndpointDeed.SWITCH_OFF)
    if on and row.state is Endpoint.OFF:
        await tx.run(tables.FRESH, tx.tenant, id_, await log.head(tx))
    return await get(tx, id_)


async def remove(tx: Tx, id_: UUID) -> None:
    """With what waits for it. Raises like `get`."""
    await get(tx, id_, hold=True)
    await messages.drop(tx, id_)
    await events.move(tx, ENDPOINT, [id_], EndpointDeed.REMOVE)
    await tx.run(tables.FORGET_SECRETS, tx.tenant, id_)


async def _tell(tx: Tx, deed: str, id_: UUID, data: dict[str, object]) -> None:
    await events.record(tx, [NewEvent(f"webhook_endpoint.{deed}", f"webhook-endpoints/{id_}", data)])
