"""The worker's loops together: from a commit to its reactions, by poke, by poll, and through an outage."""

import asyncio
from collections.abc import Awaitable, Callable
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
from cranny.wire.brokers.memory import Hub


async def eventually(what: Callable[[], Awaitable[bool]], seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not await what():  # noqa: ASYNC110 - what is awaited is in the database
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("pokes_arrive", [True, False])
async def test_an_event_leads_to_a_reaction_that_leads_to_a_job(
    wide: Database, tenant: UUID, database: PostgresAddress, pokes_arrive: bool
) -> None:
    hub = Hub()
    broker = hub.join("worker")

    async def poke(subject: str) -> None:
        if pokes_arrive:
            await broker.publish(subject, b"")

    wide._poke = poke
    done: list[str] = []

    async def react(tx: Tx, event: Event) -> None:
        await jobs.enqueue(tx, [Job("tell", tx.tenant, {"about": event.subject})])

    async def tell(_: Tx, payload: dict[str, Any]) -> None:
        done.append(payload["about"])

    async with asyncio.TaskGroup() as group:
        running = [
            # With pokes the poll is out of the way, without it is all there is.
            group.create_task(Sequencer(wide, broker, every_s=60 if pokes_arrive else 0.1).run()),
            group.create_task(
                Reactor(
                    wide,
                    broker,
                    [Reaction("react", frozenset({"thing.seen"}), react)],
                    every_s=60 if pokes_arrive else 0.1,
                ).run()
            ),
            group.create_task(Worker(wide, {"tell": tell}).run()),
        ]
        await asyncio.sleep(0.2)
        for n in range(3):
            async with wide.transaction(tenant) as tx:
                await events.record(tx, [NewEvent("thing.seen", f"things/{n}")])

        async def all_told() -> bool:
            return len(done) == 3

        await eventually(all_told)
        if not pokes_arrive:
            await lose_all_connections(database)
            async with wide.transaction(tenant) as tx:
                await events.record(tx, [NewEvent("thing.seen", "things/after the outage")])

            async def told_after() -> bool:
                return len(done) == 4

            await eventually(told_after)
        for task in running:
            task.cancel()
    assert sorted(done[:3]) == ["things/0", "things/1", "things/2"]


async def lose_all_connections(database: PostgresAddress) -> None:
    assert database.admin_dsn is not None
    admin = await asyncpg.connect(database.admin_dsn)
    await admin.execute(
        """
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
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
    assert await sweeps.once(wide, sweep) == 2
    assert set(visited) == {tenant, other.tenant}
    repeating = asyncio.create_task(sweeps.run_all(wide, [sweep]))

    async def again() -> bool:
        return len(visited) >= 6

    await eventually(again)
    repeating.cancel()
    with pytest.raises(asyncio.CancelledError):
        await repeating
