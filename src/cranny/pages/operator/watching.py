"""The walls that somebody looks at: kept right by what the log says, once for all who look.

A poke says that a log has grown; a lost one is made good by looking every second. What is new about doors costs the
rows of those doors; anything else, and a minute gone by (ages and deadlines pass without events), the whole wall.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

import structlog

from cranny.core.clock import Clock
from cranny.core.events import Event
from cranny.pages.operator import board
from cranny.pages.operator.board import Board
from cranny.pages.operator.news import news
from cranny.platform import log
from cranny.platform.db import Database, Tx
from cranny.ui.models import DoorView, WallView
from cranny.web.sse import Framed, Hub, frame
from cranny.wire import subjects
from cranny.wire.brokers import Broker, Incoming

BATCH: Final = 500
LOOK_EVERY_S: Final = 1.0
AGE_S: Final = 60.0
WHOLE_EVERY_S: Final = 0.2
"""At most: a whole wall costs a hundred times a door."""
GLANCE_S: Final = 0.05
"""Between two looks at a tenant's log. What happens in this time is sent together."""
logger = structlog.get_logger(__name__)

Key = tuple[UUID, UUID]
"""Tenant and bank."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A wall and its doors that look different from the one before. `drawn` keeps what was made of it, for the next
    who looks in the same way."""

    view: WallView
    changed: tuple[DoorView, ...]
    drawn: dict[Hashable, bytes] = field(default_factory=dict, compare=False)

    def draw(self, way: Hashable, make: Callable[[], str]) -> bytes:
        """The frame for all who look in this `way`."""
        if way not in self.drawn:
            self.drawn[way] = frame(make().encode())
        return self.drawn[way]


@dataclass(slots=True)
class Watch:
    """One wall that is looked at, by `lookers` streams."""

    position: int
    board: Board
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
                yield Seen(watch.board.view, watch.board.view.doors)
                async for message in client.messages():
                    yield None if message is None else message.about

    @asynccontextmanager
    async def _watch(self, key: Key) -> AsyncIterator[Watch]:
        if self._listening is None or self._listening.done():
            self._listening = asyncio.create_task(self._listen(), name="walls")
        watch = self._watches.get(key)
        if watch is None:
            position, whole = await self._read(key)
            watch = self._watches.setdefault(key, Watch(position, whole, self._clock.monotonic()))
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
            whole = True
            try:
                whole = await self._look(key, watch)
            except Exception:
                logger.exception("a wall could not be read", bank=str(key[1]))
            await asyncio.sleep(WHOLE_EVERY_S if whole else GLANCE_S)

    async def _look(self, key: Key, watch: Watch) -> bool:
        """Take in what is new. Returns whether the whole wall was read."""
        now, before = self._clock.monotonic(), watch.board
        aged = now - watch.aged_at >= AGE_S
        async with self._db.transaction(key[0]) as tx:
            events = await _since(tx, watch.position)
            told = news(key[1], before.places, events)
            if aged or (told and (told.whole or not before.known.heard)):
                whole, after = True, await board.read(tx, key[1])
            else:
                whole, after = False, await board.renew(tx, before, told.doors, events) if told else before
        watch.position = events[-1].position if events else watch.position
        watch.board, watch.aged_at = after, now if aged else watch.aged_at
        if after is not before:
            doors = zip(before.view.doors, after.view.doors, strict=True)
            changed = tuple(new for old, new in doors if aged or old != new)
            self._hub.publish(key, Framed(Seen(after.view, changed), b""))
        return whole

    async def _read(self, key: Key) -> tuple[int, Board]:
        async with self._db.transaction(key[0]) as tx:
            position = await log.head(tx)
            return position, await board.read(tx, key[1])


async def _since(tx: Tx, position: int) -> list[Event]:
    """All that is new in the log."""
    events: list[Event] = []
    while batch := await log.read(tx, events[-1].position if events else position, BATCH):
        events += batch
    return events
