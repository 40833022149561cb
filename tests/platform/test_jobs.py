"""Jobs: written with what asks for them, done once, tried again, and seen when they fail for good."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from cranny.core.errors import Unavailable
from cranny.core.events import NewEvent
from cranny.platform import events, jobs, log, sequencer, tenants
from cranny.platform.db import Database, Tx
from cranny.platform.jobs import Job, Worker


async def effects(db: Database, tenant: UUID) -> list[str]:
    async with db.transaction(tenant) as tx:
        rows = await tx.all("SELECT subject FROM events WHERE type = 'effect' ORDER BY subject")
        return [row["subject"] for row in rows]


async def note(tx: Tx, payload: dict[str, Any]) -> None:
    await events.record(tx, [NewEvent("effect", str(payload["n"]))])


async def waiting(db: Database) -> int:
    return int(await db.pool.fetchval("SELECT count(*) FROM pgqueuer"))


async def hurry(db: Database) -> None:
    """Let pauses be over and claims be stale, as if time had passed."""
    await db.pool.execute(
        "UPDATE pgqueuer SET execute_after = now() - interval '1 s', heartbeat = now() - interval '1 h'"
    )


async def test_a_job_runs_as_its_tenant_with_its_payload(wide: Database, tenant: UUID) -> None:
    got: list[object] = []

    async def look(tx: Tx, payload: dict[str, Any]) -> None:
        got.extend((tx.tenant, payload))

    grant = wide.ids.new()
    async with wide.transaction(tenant) as tx:
        await jobs.enqueue(tx, [Job("look", tenant, {"grant": grant, "sealed": b"\x00\xff", "n": 1})])
    assert await Worker(wide, {"look": look}).drain() == 1
    assert got == [tenant, {"grant": str(grant), "sealed": b"\x00\xff", "n": 1}]
    assert await waiting(wide) == 0


async def test_a_job_of_a_rolled_back_transaction_never_was(wide: Database, tenant: UUID) -> None:
    async def ask_and_fail() -> None:
        async with wide.transaction(tenant) as tx:
            await jobs.enqueue(tx, [Job("note", tenant, {"n": 1})])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await ask_and_fail()
    assert await waiting(wide) == 0


async def test_many_workers_do_each_job_once(wide: Database, tenant: UUID) -> None:
    async with wide.transaction(tenant) as tx:
        await jobs.enqueue(tx, [Job("note", tenant, {"n": f"{n:03}"}) for n in range(200)])
    await asyncio.gather(*(Worker(wide, {"note": note}, at_once=3).drain() for _ in range(4)))
    assert await effects(wide, tenant) == [f"{n:03}" for n in range(200)]


async def test_the_same_job_waits_only_once(wide: Database, tenant: UUID) -> None:
    async with wide.transaction() as tx:
        other, _ = await tenants.add_tenant(tx, "Somebody else")
    for _ in range(3):
        async with wide.transaction(tenant) as tx:
            await jobs.enqueue(tx, [Job("note", tenant, {"n": 1}, dedupe="grant-1")])
            await jobs.enqueue(tx, [Job("note", other.tenant, {"n": 1}, dedupe="grant-1")])
    assert await waiting(wide) == 2


async def test_a_later_job_waits_for_its_moment(wide: Database, tenant: UUID) -> None:
    async with wide.transaction(tenant) as tx:
        await jobs.enqueue(tx, [Job("note", tenant, {"n": 1}, run_at=tx.now() + timedelta(hours=1))])
    assert await Worker(wide, {"note": note}).drain() == 0
    await hurry(wide)
    assert await Worker(wide, {"note": note}).drain() == 1


async def test_a_failing_job_is_tried_again_and_then_told_of(wide: Database, tenant: UUID) -> None:
    tried = 0

    async def fail(tx: Tx, payload: dict[str, Any]) -> None:
        nonlocal tried
        tried += 1
        await note(tx, payload)
        raise Unavailable("The gateway does not answer.", code="gateway-down")

    async with wide.transaction(tenant) as tx:
        await jobs.enqueue(tx, [Job("fail", tenant, {"n": 1})])
    worker = Worker(wide, {"fail": fail}, tries=3)
    assert await worker.drain() == 1
    assert await worker.drain() == 0, "there is a pause before the next try"
    for _ in range(4):
        await hurry(wide)
        await worker.drain()
    assert tried == 3
    assert await effects(wide, tenant) == []
    await sequencer.sequence(wide, tenant)
    async with wide.transaction(tenant) as tx:
        (failed,) = await log.read(tx, 0, 100, ["job.failed"])
    assert failed.data == {"kind": "fail", "reason": "gateway-down"}
    assert await waiting(wide) == 1, "it is kept, so that somebody can set it going again"


async def test_a_stopped_worker_loses_nothing(wide: Database, tenant: UUID) -> None:
    begun = asyncio.Event()

    async def hang(tx: Tx, payload: dict[str, Any]) -> None:
        await note(tx, payload)
        begun.set()
        await asyncio.sleep(60)

    async with wide.transaction(tenant) as tx:
        await jobs.enqueue(tx, [Job("note", tenant, {"n": 1})])
    running = asyncio.create_task(Worker(wide, {"note": hang}).run())
    await begun.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert await effects(wide, tenant) == []
    assert await Worker(wide, {"note": note}).drain() == 1, "at once: nobody has to wait for the claim to go stale"
    assert await effects(wide, tenant) == ["1"]


async def test_a_killed_worker_loses_nothing(wide: Database, tenant: UUID) -> None:
    async with wide.transaction(tenant) as tx:
        await jobs.enqueue(tx, [Job("note", tenant, {"n": 1})])
    gone = Worker(wide, {"note": note})
    assert len(await gone._claim()) == 1
    assert await Worker(wide, {"note": note}).drain() == 0, "it may still be at it"
    await hurry(wide)
    assert await Worker(wide, {"note": note}).drain() == 1
    assert await effects(wide, tenant) == ["1"]


async def test_a_worker_whose_claim_was_taken_over_has_no_effect(wide: Database, tenant: UUID) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow(tx: Tx, payload: dict[str, Any]) -> None:
        await note(tx, payload)
        begun.set()
        await go_on.wait()

    async with wide.transaction(tenant) as tx:
        await jobs.enqueue(tx, [Job("note", tenant, {"n": 1})])
    stalled = asyncio.create_task(Worker(wide, {"note": slow}).drain())
    await begun.wait()
    await hurry(wide)
    assert await Worker(wide, {"note": note}).drain() == 1
    go_on.set()
    await stalled
    assert await effects(wide, tenant) == ["1"]


async def test_nothing_is_notified_in_domain_transactions(wide: Database, tenant: UUID) -> None:
    assert await wide.pool.fetchval("SELECT count(*) FROM pg_trigger WHERE tgrelid = 'pgqueuer'::regclass") == 0


def test_pauses_grow_to_five_minutes() -> None:
    assert [jobs.backoff(n).total_seconds() for n in (0, 1, 4, 9, 50)] == [1, 2, 16, 300, 300]
