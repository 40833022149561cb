"""The worker's loops together: from a commit to its reactions, by poke, by poll, and through an outage."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from cranny.core.events import Event, NewEvent
from cranny.platform import events, jobs, sweeps, tenants
from cranny.platform.db import Database, Tx
from cranny.platform.engines import PostgresAddress
from cranny.platform.jobs import Job, Worker
from cranny.platform.reactions import Reaction, Reactor
from cranny.platform.sequencer import Sequencer
from cranny.platform.sweeps import Sweep
from cranny.wire.brokers import Broker
from cranny.wire.brokers.memory import Hub


async def eventually(what: Callable[[], Awaitable[bool]], seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not await what():  # noqa: ASYNC110 - what is awaited is in the database
            await asyncio.sleep(0.02)


class Worked:
    """A worker's loops: a reaction to `thing.seen` asks for a job, and the job tells what it was about."""

    def __init__(self, db: Database, broker: Broker, every_s: float) -> None:
        self.done: list[str] = []
        reaction = Reaction("react", frozenset({"thing.seen"}), self._react)
        self._loops = [
            Sequencer(db, broker, every_s=every_s).run(),
            Reactor(db, broker, [reaction], every_s=every_s).run(),
            Worker(db, {"tell": self._tell}).run(),
        ]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(loop) for loop in self._loops]
        await asyncio.sleep(0.2)
        yield
        assert not any(task.done() for task in tasks), "a loop has ended"
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def has_done(self, *subjects: str) -> None:
        async def all_told() -> bool:
            return sorted(self.done) == sorted(subjects)

        await eventually(all_told)

    async def _react(self, tx: Tx, event: Event) -> None:
        await jobs.enqueue(tx, [Job("tell", tx.tenant, {"about": event.subject})])

    async def _tell(self, _: Tx, payload: dict[str, Any]) -> None:
        self.done.append(payload["about"])


async def see(db: Database, tenant: UUID, subject: str) -> None:
    async with db.transaction(tenant) as tx:
        await events.record(tx, [NewEvent("thing.seen", subject)])


async def test_pokes_carry_an_event_to_its_reaction_and_its_job(wide: Database, tenant: UUID) -> None:
    broker = Hub().join("worker")

    async def poke(subject: str) -> None:
        await broker.publish(subject, b"")

    wide._poke = poke
    worked = Worked(wide, broker, every_s=60)
    async with worked.running():
        for n in range(3):
            await see(wide, tenant, f"things/{n}")
        await worked.has_done("things/0", "things/1", "things/2")


async def test_without_pokes_and_after_an_outage_the_rounds_do(
    wide: Database, tenant: UUID, database: PostgresAddress
) -> None:
    worked = Worked(wide, Hub().join("worker"), every_s=0.1)
    async with worked.running():
        await see(wide, tenant, "things/before")
        await worked.has_done("things/before")
        await lose_all_connections(database)
        await see(wide, tenant, "things/after")
        await worked.has_done("things/before", "things/after")


async def lose_all_connections(database: PostgresAddress) -> None:
    assert database.admin_dsn is not None
    admin = await asyncpg.connect(database.admin_dsn)
    # It waits for each of them to have ended, ten seconds at most.
    await admin.execute(
        """
        SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
        WHERE usename = 'cranny_app' AND datname = current_database()
        """
    )
    await admin.close()
    await asyncio.sleep(0.1)


async def test_a_sweep_visits_every_tenant_whatever_happens_at_one(wide: Database, tenant: UUID) -> None:
    async with wide.transaction() as tx:
        other, _ = await tenants.add_tenant(tx, "Somebody else")
    visited: list[UUID] = []

    async def run(db: Database, whose: UUID) -> int:
        visited.append(whose)
        if whose == tenant:
            raise ZeroDivisionError
        return 2

    sweep = Sweep("test", 0.01, run)
    swept, every = await sweeps.once(wide, sweep), await tenants.every(wide)
    assert {tenant, other.tenant} <= set(visited) == set(every)
    assert swept == 2 * (len(every) - 1)
    repeating = asyncio.create_task(sweeps.run_all(wide, [sweep]))

    async def again() -> bool:
        return len(visited) >= 3 * len(every)

    await eventually(again)
    repeating.cancel()
    with pytest.raises(asyncio.CancelledError):
        await repeating
