"""Group commit: batches that wait at the same time, of whatever banks of a tenant, go into one transaction. The
busier it is, the cheaper a fact becomes."""

import asyncio
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
"""Transactions: one waits for the database while the next is prepared."""
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
        self._busy: set[UUID] = set()
        self._wake = asyncio.Event()

    async def take(self, arrival: Arrival) -> FactAck:
        """Wait until `arrival` is committed. Raises what kept the database from it."""
        waiting = _Waiting(arrival, asyncio.get_running_loop().create_future())
        self._waiting.setdefault(arrival.batch.tenant, []).append(waiting)
        self._wake.set()
        return await waiting.ack

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(self._serve())

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
                await self._alone(one)
        else:
            for one, ack in zip(group, acks, strict=True):
                _answer(one, ack)

    async def _together(self, arrivals: Sequence[Arrival]) -> list[FactAck]:
        async with self._stores(arrivals[0].batch.tenant) as store:
            return await take_many(store, arrivals)

    async def _alone(self, one: _Waiting) -> None:
        try:
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
