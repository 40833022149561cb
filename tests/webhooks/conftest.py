"""A tenant whose events go to a real receiver on this machine, allowed by the installation's configuration."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from cranny.core.clock import SystemClock
from cranny.core.events import NewEvent
from cranny.core.ids import TimeIds
from cranny.core.rng import SeededRng
from cranny.platform import events, log, rows, sequencer, tenants
from cranny.platform.db import Database, open_pool
from cranny.platform.engines import PostgresAddress
from cranny.platform.keys import Keyring
from cranny.platform.outside import Guard, resolve
from cranny.webhooks import endpoints, messages, tables
from cranny.webhooks.posting import Poster
from cranny.webhooks.sending import Courier
from cranny.webhooks.shapes import EndpointAsked
from cranny.webhooks.tables import AttemptRow, EndpointRow, MessageRow
from cranny.wire.brokers.memory import Hub

from .receiver import Receiver, receiving

HERE = Guard.of(["127.0.0.0/8"])


class Later:
    """A clock that is put forward by hand; durations are real."""

    def __init__(self) -> None:
        self.passed = timedelta()

    def now(self) -> datetime:
        return SystemClock().now() + self.passed

    def monotonic(self) -> float:
        return SystemClock().monotonic()


@dataclass
class Yard:
    db: Database
    clock: Later
    keyring: Keyring
    tenant: UUID
    receiver: Receiver
    courier: Courier = field(init=False)

    def __post_init__(self) -> None:
        self.courier = self.worker()

    def worker(self, *, all_within: float = 5.0) -> Courier:
        poster = Poster(HERE, resolve, self.clock, all_within=all_within)
        return Courier(self.db, Hub().join("worker"), self.keyring, poster, source="urn:test")

    async def add(self, *types: str, url: str = "") -> tuple[UUID, bytes]:
        async with self.db.transaction(self.tenant) as tx:
            row, secret = await endpoints.add(tx, self.keyring, EndpointAsked(url or self.receiver.url, list(types)))
        return row.id, secret

    async def tell(self, *told: tuple[str, str], **data: Any) -> None:
        """Record events (type, subject), and place them in the log."""
        async with self.db.transaction(self.tenant) as tx:
            await events.record(tx, [NewEvent(type_, subject, data) for type_, subject in told])
        await sequencer.sequence(self.db, self.tenant)

    async def work(self, courier: Courier | None = None) -> None:
        """Until everything that is due has been tried."""
        courier = courier or self.courier
        await courier.work(self.tenant)
        async with asyncio.timeout(30):
            await courier.idle()

    async def later(self, **time: float) -> None:
        self.clock.passed += timedelta(**time)
        await self.work()

    async def messages(self, endpoint: UUID) -> list[MessageRow]:
        async with self.db.transaction(self.tenant) as tx:
            found = await tx.all(tables.LIST_MESSAGES_TO, self.tenant, UUID(int=2**128 - 1), 1000, None, endpoint)
        return rows.every(MessageRow, reversed(found))

    async def attempts(self, message: UUID) -> list[AttemptRow]:
        async with self.db.transaction(self.tenant) as tx:
            return rows.every(AttemptRow, await tx.all(tables.ATTEMPTS, self.tenant, message))

    async def endpoint(self, id_: UUID) -> EndpointRow:
        async with self.db.transaction(self.tenant) as tx:
            return await endpoints.get(tx, id_)

    async def told(self, prefix: str = "webhook_") -> list[str]:
        await sequencer.sequence(self.db, self.tenant)
        async with self.db.transaction(self.tenant) as tx:
            return [event.type for event in await log.read(tx, 0, 1000) if event.type.startswith(prefix)]

    async def sweep(self) -> int:
        return await messages.give_up(self.db, self.tenant)


@pytest.fixture
async def yard(database: PostgresAddress) -> AsyncIterator[Yard]:
    async def nobody_listens(_: str) -> None:
        pass

    pool = await open_pool(database.app_dsn, size=12)
    clock, rng = Later(), SeededRng(4)
    db = Database(pool, clock=clock, ids=TimeIds(clock, rng), rng=rng, poke=nobody_listens)
    async with db.transaction() as tx:
        tenant, _ = await tenants.add_tenant(tx, "Reading Room")
    await sequencer.sequence(db, tenant.tenant)
    async with receiving() as receiver:
        yield Yard(db, clock, Keyring(bytes(32), rng=rng), tenant.tenant, receiver)
    await pool.close()
