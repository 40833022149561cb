"""Sends messages: in order for each subject of an endpoint, a few at a time for each endpoint, one endpoint's trouble
never another's. What is sent, and what the database says of it, can't be one step: a worker that dies between the two
leaves a message that is sent again, under the same id.

Nothing of the database is held while the other side is spoken to: a message is leased, and whoever leased it last says
what became of it.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

import msgspec
import structlog

from cranny.core.clock import ahead, real
from cranny.core.events import Event, NewEvent
from cranny.platform import events, log, rows
from cranny.platform.db import Database, Tx, heed_cancellation
from cranny.platform.keys import Keyring
from cranny.platform.rounds import Rounds
from cranny.webhooks import signing, tables, trying
from cranny.webhooks.fanning import fan_out
from cranny.webhooks.lifecycle import ENDPOINT, MESSAGE, EndpointDeed, MessageDeed
from cranny.webhooks.posting import Answer, Posts
from cranny.webhooks.tables import EndpointRow, MessageRow
from cranny.wire import subjects
from cranny.wire.brokers import Broker

AT_ONCE: Final = 4
"""Messages under way to one endpoint."""
MOST: Final = 64
"""Messages under way in one worker."""
LEASE: Final = timedelta(seconds=30)
"""Longer than any post takes."""
TEST: Final = "webhook.test"

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Errand:
    message: MessageRow
    url: str
    body: bytes
    headers: dict[str, str]


class Courier:
    """Runs in every worker."""

    def __init__(
        self, db: Database, broker: Broker, keyring: Keyring, posts: Posts, *, source: str, every_s: float = 1.0
    ) -> None:
        """`source` is the CloudEvents source of this installation."""
        self._db = db
        self._keyring = keyring
        self._posts = posts
        self._source = source
        self._under_way: set[asyncio.Task[None]] = set()
        self._rounds = Rounds(db, broker, name="webhooks", subject=subjects.ANY_LOG, work=self.work, every_s=every_s)

    async def run(self) -> None:
        """Until cancelled. What is under way then is sent again by another worker."""
        try:
            await self._rounds.run()
        finally:
            for task in self._under_way:
                task.cancel()
            await asyncio.gather(*self._under_way, return_exceptions=True)

    async def work(self, tenant: UUID) -> None:
        """Make the messages that are missing, and set those going whose turn it is."""
        more, errands = True, list[Errand]()
        while more:
            async with self._db.transaction(tenant) as tx:
                more = await fan_out(tx)
                if not more:
                    errands = await self._claim(tx)
        self._set_going(tenant, errands)

    async def idle(self) -> None:
        """Until nothing is under way. For tests and tools."""
        while self._under_way:
            await asyncio.gather(*self._under_way)

    def _set_going(self, tenant: UUID, errands: Sequence[Errand]) -> None:
        for errand in errands:
            task = asyncio.create_task(self._do(tenant, errand))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def _claim(self, tx: Tx) -> list[Errand]:
        errands, free = list[Errand](), MOST - len(self._under_way)
        if free <= 0:
            return errands
        for endpoint in rows.every(EndpointRow, await tx.all(tables.READY, tx.tenant, tx.now())):
            under_way = await tx.value(tables.UNDER_WAY, tx.tenant, endpoint.id, tx.now())
            room = min(trying.at_once(endpoint.failures, AT_ONCE) - under_way, free - len(errands))
            if room > 0:
                found = await tx.all(tables.HEADS, tx.tenant, endpoint.id, tx.now(), room)
                errands += [await self._prepare(tx, endpoint, message) for message in rows.every(MessageRow, found)]
        if errands:
            await tx.run(tables.LEASE, tx.tenant, [one.message.id for one in errands], ahead(tx.clock, LEASE))
        return errands

    async def _prepare(self, tx: Tx, endpoint: EndpointRow, message: MessageRow) -> Errand:
        event = await _event(tx, message)
        body = msgspec.json.encode(log.to_cloudevent(event, self._source))
        secrets = signing.secrets(self._keyring, endpoint, tx.now())
        # A receiver holds the timestamp against its own clock, which nobody scales.
        signed = signing.headers(secrets, str(message.event), real(tx.clock), body)
        return Errand(message, endpoint.url, body, {"Content-Type": "application/cloudevents+json", **signed})

    async def _do(self, tenant: UUID, errand: Errand) -> None:
        answer = await self._posts.post(errand.url, errand.body, errand.headers)
        try:
            async with self._db.transaction(tenant) as tx:
                await settle(tx, errand.message, answer)
            # By itself: what can't be claimed must not undo what is known of this one.
            async with self._db.transaction(tenant) as tx:
                errands = await self._claim(tx)
            self._set_going(tenant, errands)
        except Exception as error:
            heed_cancellation(error)
            # The lease runs out, and it is sent again.
            logger.exception("webhook's answer not kept", message=str(errand.message.id))


async def _event(tx: Tx, message: MessageRow) -> Event:
    if message.position > 0:
        (found,) = await log.read(tx, message.position - 1, 1)
        return found
    data = {"endpoint": str(message.endpoint), "says": "A test: nothing has happened."}
    moment = message.created
    return Event(message.event, tx.tenant, message.type, message.subject, moment, moment, data, 0)


async def settle(tx: Tx, sent: MessageRow, answer: Answer) -> None:
    """Keep what became of it: the try, the message, and how its endpoint is doing."""
    # The endpoint first, as everywhere: two that want both never wait for each other.
    held = await tx.one(tables.HOLD_ENDPOINT, tx.tenant, sent.endpoint)
    record = await tx.one(tables.HOLD_MESSAGE, tx.tenant, sent.id)
    if record is None:
        return  # so late that it is forgotten
    message = rows.to(MessageRow, record)
    tries = message.tries + 1
    await tx.run(
        tables.ADD_ATTEMPT, tx.tenant, message.id, tries, tx.now(), answer.status, answer.ms, answer.text, answer.error
    )
    if answer.well:
        await events.move(tx, MESSAGE, [message.id], MessageDeed.DELIVER)
        await tx.run(tables.TRIED, tx.tenant, message.id, tries, tx.now(), tx.now())
    else:
        later = ahead(tx.clock, trying.pause(tries, tx.rng))
        await tx.run(tables.TRIED, tx.tenant, message.id, tries, later, message.done_at)
    if held is not None:
        await _note_health(tx, rows.to(EndpointRow, held), answer)


async def _note_health(tx: Tx, endpoint: EndpointRow, answer: Answer) -> None:
    if answer.gone:
        await events.move(tx, ENDPOINT, [endpoint.id], EndpointDeed.GONE)
        return
    if not answer.well and endpoint.open_until is not None and endpoint.open_until > tx.now():
        return  # it was under way when the circuit opened
    health = trying.after(endpoint.failures, well=answer.well)
    if health.failures != endpoint.failures:
        open_until = None if health.rest is None else ahead(tx.clock, health.rest)
        await tx.run(tables.HEALTH, tx.tenant, endpoint.id, health.failures, open_until)
    if health.tells:
        told = "webhook_endpoint.recovered" if answer.well else "webhook_endpoint.failing"
        data = {"status": answer.status, "error": answer.error.partition(":")[0], "failures": endpoint.failures + 1}
        await events.record(tx, [NewEvent(told, f"webhook-endpoints/{endpoint.id}", {} if answer.well else data)])
