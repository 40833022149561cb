"""Group commit: batches that wait at the same time, of whatever banks of a tenant, go into one transaction. The
busier it is, the cheaper a fact becomes.

Tenants take turns, and trouble has a lane of its own: a batch that could not be taken with the others is tried by
itself there, one after the other, tenant by tenant. However many bad batches somebody sends, nobody else's wait for
them."""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import asyncpg
import structlog

from cranny.fleet.changes import Breach
from cranny.fleet.ingest import Arrival, take_many, take_one
from cranny.fleet.store import Stores
from cranny.platform.db import AWAY, DatabaseAway
from cranny.wire.messages import FactAck

AT_ONCE: Final = 2
"""Transactions: one waits for the database while the next is prepared. One more is for what made trouble."""
MOST_FACTS: Final = 2000
MOST_BANKS: Final = 64
"""Of one transaction."""
TROUBLE: Final = (*AWAY, DatabaseAway, asyncpg.InsufficientResourcesError)
"""The database is not there: no batch is to blame, and trying each by itself does not help."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    arrival: Arrival
    ack: asyncio.Future[FactAck]


class Commits:
    def __init__(self, stores: Stores) -> None:
        self._stores = stores
        self._waiting: dict[UUID, list[_Waiting]] = {}
        self._doubtful: dict[UUID, deque[_Waiting]] = {}
        """What is to be tried by itself, by tenant."""
        self._suspects: set[UUID] = set()
        """Banks whose last batch could not be taken as a whole: the next one is tried by itself at once."""
        self._busy: set[UUID] = set()
        self._wake = asyncio.Event()
        self._wake_doubtful = asyncio.Event()

    async def take(self, arrival: Arrival) -> FactAck:
        """Wait until `arrival` is committed. Raises what kept the database from it."""
        waiting = _Waiting(arrival, asyncio.get_running_loop().create_future())
        tenant = arrival.batch.tenant
        if arrival.batch.bank in self._suspects:
            self._doubt(waiting)
        else:
            self._waiting.setdefault(tenant, []).append(waiting)
            self._wake.set()
        return await waiting.ack

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(self._serve())
            group.create_task(self._serve_doubtful())

    async def _serve(self) -> None:
        while True:
            group = self._next()
            if not group:
                self._wake.clear()
                await self._wake.wait()
                continue
            banks = {one.arrival.batch.bank for one in group}
            self._busy |= banks
            try:
                await self._commit(group)
            finally:
                self._busy -= banks
                self._wake.set()
                self._wake_doubtful.set()

    async def _serve_doubtful(self) -> None:
        while True:
            one = self._next_doubtful()
            if one is None:
                self._wake_doubtful.clear()
                await self._wake_doubtful.wait()
                continue
            bank = one.arrival.batch.bank
            self._busy.add(bank)
            try:
                await self._alone(one)
            finally:
                self._busy.discard(bank)
                self._wake.set()

    def _doubt(self, one: _Waiting) -> None:
        self._doubtful.setdefault(one.arrival.batch.tenant, deque()).append(one)
        self._wake_doubtful.set()

    def _next_doubtful(self) -> _Waiting | None:
        """The oldest of the tenant whose turn it is; that tenant comes last then."""
        for tenant in list(self._doubtful):
            queue = self._doubtful.pop(tenant)
            chosen = next((one for one in queue if one.arrival.batch.bank not in self._busy), None)
            if chosen is not None:
                queue.remove(chosen)
            if queue:
                self._doubtful[tenant] = queue
            if chosen is not None:
                return chosen
        return None

    def _next(self) -> list[_Waiting]:
        """Of the tenant that has waited longest, as many batches as fit; one for each bank."""
        for tenant in list(self._waiting):
            group: list[_Waiting] = []
            left: list[_Waiting] = []
            banks, facts = set(self._busy), 0
            for one in self._waiting.pop(tenant):
                batch = one.arrival.batch
                full = len(group) >= MOST_BANKS or (group and facts + len(batch.facts) > MOST_FACTS)
                if full or batch.bank in banks:
                    left.append(one)
                    continue
                group.append(one)
                banks.add(batch.bank)
                facts += len(batch.facts)
            if left:
                self._waiting[tenant] = left
            if group:
                return group
        return []

    async def _commit(self, group: Sequence[_Waiting]) -> None:
        try:
            acks = await self._together([one.arrival for one in group])
        except TROUBLE as trouble:
            _fail(group, trouble)
        except Exception as error:  # noqa: BLE001 - each is tried by itself, and then told of
            if not isinstance(error, Breach):
                log.warning("ingest steps back", batches=len(group), error=type(error).__name__)
            for one in group:
                self._doubt(one)
        else:
            for one, ack in zip(group, acks, strict=True):
                _answer(one, ack)

    async def _together(self, arrivals: Sequence[Arrival]) -> list[FactAck]:
        async with self._stores(arrivals[0].batch.tenant) as store:
            return await take_many(store, arrivals)

    async def _alone(self, one: _Waiting) -> None:
        """Take one batch as far as it can be. Its bank is trusted again as soon as one is taken as a whole."""
        bank = one.arrival.batch.bank
        try:
            try:
                (ack,) = await self._together([one.arrival])
                self._suspects.discard(bank)
            except Breach:
                self._suspects.add(bank)
                async with self._stores(one.arrival.batch.tenant) as store:
                    ack = await take_one(store, one.arrival)
        except Exception as error:  # noqa: BLE001 - it is handed to who waits for it
            _fail([one], error)
        else:
            _answer(one, ack)


def _answer(one: _Waiting, ack: FactAck) -> None:
    if not one.ack.done():
        one.ack.set_result(ack)


def _fail(group: Sequence[_Waiting], error: Exception) -> None:
    for one in group:
        if not one.ack.done():
            one.ack.set_exception(error)
