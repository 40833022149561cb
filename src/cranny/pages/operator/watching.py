"""The walls that somebody looks at: read anew when the log says that they may look different, once for all who look.

A poke says that a log has grown; a lost one is made good by looking every second. Ages and deadlines pass without
events, so a wall is read anew once a minute as well.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

import structlog

from cranny.core.clock import Clock
from cranny.pages.operator import reading
from cranny.platform import log
from cranny.platform.db import Database
from cranny.ui.models import DoorView, WallView
from cranny.web.sse import Framed, Hub, frame, raw
from cranny.wire import subjects
from cranny.wire.brokers import Broker, Incoming

BATCH: Final = 500
LOOK_EVERY_S: Final = 1.0
AGE_S: Final = 60.0
AT_MOST_EVERY_S: Final = 0.2
"""A busy bank moves several doors in this time; they are sent together."""
GLANCE_S: Final = 0.05
"""Between two looks at a tenant's log, when what was new in it was about others."""
logger = structlog.get_logger(__name__)

Key = tuple[UUID, UUID]
"""Tenant and bank."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A wall and its doors that look different from the one before."""

    view: WallView
    changed: tuple[DoorView, ...]


@dataclass(slots=True)
class Watch:
    """One wall that is looked at, by `lookers` streams."""

    position: int
    view: WallView
    aged_at: float
    lookers: int = 0
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None


class Walls:
    def __init__(self, db: Database, broker: Broker, clock: Clock) -> None:
        self._db = db
        self._broker = broker
        self._clock = clock
        self._hub: Hub[Seen] = Hub()
        self._watches: dict[Key, Watch] = {}
        self._listening: asyncio.Task[None] | None = None

    async def follow(self, tenant: UUID, bank: UUID) -> AsyncIterator[Seen | None]:
        """The wall as it is, with every door, then whenever it looks different; None as a sign of life. Raises
        NotFound, code `bank-not-found`."""
        key = (tenant, bank)
        async with self._watch(key) as watch:
            with self._hub.join(key, lambda _: True) as client:
                yield Seen(watch.view, watch.view.doors)
                async for message in client.messages():
                    yield None if message is None else message.about

    @asynccontextmanager
    async def _watch(self, key: Key) -> AsyncIterator[Watch]:
        if self._listening is None or self._listening.done():
            self._listening = asyncio.create_task(self._listen(), name="walls")
        watch = self._watches.get(key)
        if watch is None:
            position, view = await self._read(key)
            watch = self._watches.setdefault(key, Watch(position, view, self._clock.monotonic()))
        if watch.task is None:
            watch.task = asyncio.create_task(self._run(key, watch), name=f"wall {key[1]}")
        watch.lookers += 1
        try:
            yield watch
        finally:
            watch.lookers -= 1
            if not watch.lookers:
                del self._watches[key]
                watch.task.cancel()

    async def _listen(self) -> None:
        """Until cancelled: pokes wake the tenant's walls, and streams get signs of life."""
        subscription = await self._broker.subscribe(subjects.ANY_LOG, self._poked)
        try:
            await self._hub.keep_alive()
        finally:
            await subscription.stop()

    async def _poked(self, message: Incoming) -> None:
        for (tenant, _), watch in self._watches.items():
            if message.subject == subjects.log(tenant):
                watch.wake.set()

    async def _run(self, key: Key, watch: Watch) -> None:
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(watch.wake.wait(), LOOK_EVERY_S)
            watch.wake.clear()
            read = True
            try:
                read = await self._look(key, watch)
            except Exception:
                logger.exception("a wall could not be read", bank=str(key[1]))
            await asyncio.sleep(AT_MOST_EVERY_S if read else GLANCE_S)

    async def _look(self, key: Key, watch: Watch) -> bool:
        """Read the wall anew if it may look different. Returns whether it did."""
        now = self._clock.monotonic()
        aged = now - watch.aged_at >= AGE_S
        if not await self._concerned(key, watch) and not aged:
            return False
        before = watch.view
        _, watch.view = await self._read(key)
        doors = zip(before.doors, watch.view.doors, strict=True)
        changed = tuple(after for known, after in doors if aged or known != after)
        watch.aged_at = now if aged else watch.aged_at
        self._hub.publish(key, Framed(Seen(watch.view, changed), b""))
        return True

    async def _concerned(self, key: Key, watch: Watch) -> bool:
        """Whether something about this bank was recorded since; moves on in the log."""
        concerned = False
        async with self._db.transaction(key[0]) as tx:
            while batch := await log.read(tx, watch.position, BATCH):
                watch.position = batch[-1].position
                concerned = concerned or any(reading.concerns(key[1], event) for event in batch)
        return concerned

    async def _read(self, key: Key) -> tuple[int, WallView]:
        async with self._db.transaction(key[0]) as tx:
            position = await log.head(tx)
            return position, await reading.wall(tx, key[1])


def framed(text: str | None) -> bytes:
    """A message of the stream, or a sign of life."""
    return raw(None) if text is None else frame(text.encode())
