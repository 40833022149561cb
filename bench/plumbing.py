"""What the server's plumbing can do a second: events, their order, moves, reactions, jobs; a real PostgreSQL
with its usual settings, one process.

    python bench/plumbing.py [events]
"""

import asyncio
import shutil
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import asyncpg

from cranny.core.clock import SystemClock
from cranny.core.events import Event, NewEvent
from cranny.core.ids import TimeIds
from cranny.core.lifecycle import Lifecycle, Move
from cranny.core.rng import SystemRng
from cranny.platform import engines, events, jobs, log, sequencer, trail
from cranny.platform.db import Database, Tx, open_pool
from cranny.platform.migrate import upgrade
from cranny.platform.reactions import Reaction, Reactor
from cranny.platform.tenants import add_tenant
from cranny.wire.brokers.memory import Hub

AT_ONCE: Final = 12


class State(StrEnum):
    OPEN = "open"
    DONE = "done"


class Trigger(StrEnum):
    FINISH = "finish"


LIFE: Final = Lifecycle(
    "thing", start=State.OPEN, final=[State.DONE], table={(State.OPEN, Trigger.FINISH): Move(State.DONE, "thing.done")}
)
THINGS: Final = """
CREATE TABLE things (tenant uuid NOT NULL, id uuid NOT NULL, state text NOT NULL, PRIMARY KEY (tenant, id));
ALTER TABLE things ENABLE ROW LEVEL SECURITY;
ALTER TABLE things FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON things USING (tenant = current_setting('app.tenant')::uuid);
GRANT SELECT, INSERT, UPDATE ON things TO cranny_app;
"""


@contextmanager
def measured(what: str, n: int) -> Iterator[None]:
    began = time.perf_counter()
    yield
    print(f"{what:<55} {n / (time.perf_counter() - began):>9,.0f}/s")


async def at_once(work: Callable[[int], Awaitable[None]], n: int) -> None:
    """`work(0)` to `work(n - 1)`, twelve at a time."""
    numbers = iter(range(n))

    async def take() -> None:
        for number in numbers:
            await work(number)

    await asyncio.gather(*(take() for _ in range(AT_ONCE)))


async def writing(db: Database, tenant: UUID, n: int) -> None:
    def stored(number: int) -> NewEvent:
        data = {"bank": tenant, "door": "07", "generation": number, "evidence": "sensed", "epoch": 1, "seq": number}
        return NewEvent("deposit.stored", f"banks/{tenant}/doors/{number % 128:03}", data)

    async def write(events_each: int, number: int) -> None:
        async with db.transaction(tenant) as tx:
            await events.record(tx, [stored(number * events_each + k) for k in range(events_each)])

    with measured("record, one event a transaction", n // 4):
        await at_once(lambda number: write(1, number), n // 4)
    with measured("record, 100 events a transaction", n):
        await at_once(lambda number: write(100, number), n // 100)
    with measured("sequence", n + n // 4):
        await sequencer.sequence(db, tenant)


async def moving(db: Database, tenant: UUID, n: int) -> None:
    ids = [db.ids.new() for _ in range(2 * n)]
    async with db.transaction(tenant) as tx:
        await tx.run("INSERT INTO things SELECT $1, *, 'open' FROM unnest($2::uuid[])", tenant, ids)

    async def finish(some: list[UUID]) -> None:
        async with db.transaction(tenant) as tx:
            await events.move(tx, LIFE, some, Trigger.FINISH)

    with measured("move, one subject a transaction", n):
        await at_once(lambda k: finish(ids[k : k + 1]), n)
    with measured("move, 100 subjects a transaction", n):
        await at_once(lambda k: finish(ids[n + 100 * k : n + 100 * k + 100]), n // 100)


async def following(db: Database, tenant: UUID) -> None:
    async def touch(tx: Tx, _: Event) -> None:
        await tx.run("UPDATE tenants SET name = name WHERE tenant = $1", tenant)

    async with db.transaction(tenant) as tx:
        n = await log.head(tx)
    reactor = Reactor(db, Hub().join("worker"), [Reaction("touch", frozenset({"deposit.stored"}), touch)])
    with measured("reactions of one statement", n):
        await reactor.catch_up(tenant)
    with measured("verify the chain", n):
        async with db.transaction(tenant) as tx:
            assert await trail.verify(tx) is None


async def working(db: Database, tenant: UUID, n: int) -> None:
    async def nothing(_: Tx, __: dict[str, Any]) -> None:
        pass

    with measured("enqueue, 100 jobs a transaction", n):
        for _ in range(n // 100):
            async with db.transaction(tenant) as tx:
                await jobs.enqueue(tx, [jobs.Job("nothing", tenant, {"n": k}) for k in range(100)])
    running = asyncio.create_task(jobs.Worker(db, {"nothing": nothing}).run())
    with measured("jobs, each a transaction of its own", n):
        while await db.pool.fetchval("SELECT EXISTS (SELECT FROM pgqueuer)"):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def main(n: int, place: Path) -> None:
    clock, rng = SystemClock(), SystemRng()

    async def nobody(_: str) -> None:
        pass

    async with engines.postgres(place) as address:
        await upgrade(address.owner_dsn)
        owner = await asyncpg.connect(address.owner_dsn)
        await owner.execute(THINGS)
        await owner.close()
        events.register(LIFE, table="things", subject="things")
        pool = await open_pool(address.app_dsn, size=AT_ONCE)
        db = Database(pool, clock=clock, ids=TimeIds(clock, rng), rng=rng, poke=nobody)
        async with db.transaction() as tx:
            row, _ = await add_tenant(tx, "bench")
        await writing(db, row.tenant, n)
        await moving(db, row.tenant, n // 5)
        await following(db, row.tenant)
        await working(db, row.tenant, n // 5)
        await pool.close()


if __name__ == "__main__":
    place = Path(tempfile.mkdtemp(prefix="cranny-bench-"))
    place.chmod(0o711)
    try:
        asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000, place))
    finally:
        shutil.rmtree(place, ignore_errors=True)
