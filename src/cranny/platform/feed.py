"""The live log: events as they are placed, to whoever listens. One feed per process.

A poke says that a tenant's log has grown; the feed reads it once by cursor, frames each event once, and offers
it to the tenant's clients. A lost poke is made good by looking every second, for tenants with listeners only.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from typing import Final
from uuid import UUID

import msgspec
import structlog

from cranny.core.events import Event
from cranny.platform import log as event_log
from cranny.platform.db import Database
from cranny.web import sse
from cranny.wire import subjects
from cranny.wire.brokers import Broker, Incoming

BATCH: Final = 500
LOOK_EVERY_S: Final = 1.0
logger = structlog.get_logger(__name__)

Wants = Callable[[Event], bool]


class Feed:
    def __init__(self, db: Database, broker: Broker, *, source: str) -> None:
        """`source` is the CloudEvents source of this installation, a URI."""
        self._db = db
        self._broker = broker
        self._source = source
        self._hub: sse.Hub[Event] = sse.Hub()
        self._seen: dict[UUID, int] = {}
        self._wake = asyncio.Event()

    async def run(self) -> None:
        """Until cancelled."""
        subscription = await self._broker.subscribe(subjects.ANY_LOG, self._poked)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._hub.keep_alive())
                group.create_task(self._pump())
        finally:
            await subscription.stop()

    async def follow(self, tenant: UUID, after: int | None, wants: Wants) -> AsyncGenerator[bytes, None]:
        """Frames of the events after position `after` (None: from now on) that `wants` lets through; ends
        when the client is too slow, which then comes back with the position it has got to."""
        with self._hub.join(tenant, wants) as client:
            # Joined first, so that everything after `head` is offered to us; what is before, we read here.
            # What comes both ways is left out below.
            head = await self._head(tenant)
            self._seen.setdefault(tenant, head)
            position = head if after is None else after
            yield sse.mark(str(position))
            while batch := await self._read(tenant, position):
                for event in batch:
                    if wants(event):
                        yield self._frame(event).raw
                position = batch[-1].position
            async for message in client.messages():
                if message is None or message.about.position > position:
                    yield sse.raw(message)

    async def _poked(self, _: Incoming) -> None:
        self._wake.set()

    async def _pump(self) -> None:
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), LOOK_EVERY_S)
            self._wake.clear()
            listened = self._hub.topics()
            self._seen = {tenant: at for tenant, at in self._seen.items() if tenant in listened}
            for tenant in list(self._seen):
                try:
                    await self._pass_on(tenant)
                except Exception:
                    logger.exception("feed failed", tenant=str(tenant))

    async def _pass_on(self, tenant: UUID) -> None:
        while batch := await self._read(tenant, self._seen[tenant]):
            for event in batch:
                self._hub.publish(tenant, self._frame(event))
            self._seen[tenant] = batch[-1].position

    async def _head(self, tenant: UUID) -> int:
        async with self._db.transaction(tenant) as tx:
            return await event_log.head(tx)

    async def _read(self, tenant: UUID, after: int) -> list[Event]:
        async with self._db.transaction(tenant) as tx:
            return await event_log.read(tx, after, BATCH)

    def _frame(self, event: Event) -> sse.Framed[Event]:
        data = msgspec.json.encode(event_log.to_cloudevent(event, self._source))
        return sse.Framed(event, sse.frame(data, event=event.type, id_=str(event.position)))
