"""The log has an order that a reader can follow with a cursor, and a chain that shows any tampering."""

import asyncio
from uuid import UUID

import asyncpg
import pytest

from cranny.core.events import Event, NewEvent
from cranny.platform import FEATURE, events, log, sequencer, tenants, trail
from cranny.platform.db import Database
from cranny.platform.engines import PostgresAddress
from tests.platform.conftest import Pokes

WRITERS = 12
ROUNDS = 10


async def settle(db: Database, tenant: UUID) -> int:
    """Place what waits (founding a tenant records events too); returns the head."""
    await sequencer.sequence(db, tenant)
    async with db.transaction(tenant) as tx:
        return await log.head(tx)


async def write_in_shuffled_order(db: Database, tenant: UUID, n: int) -> None:
    """Twelve transactions take their serial numbers first and commit in another order."""
    ready = asyncio.Barrier(WRITERS)
    turns = [asyncio.Event() for _ in range(WRITERS)]
    order = sorted(range(WRITERS), key=lambda _: db.rng.below(1000))
    turns[order[0]].set()

    async def write(me: int) -> None:
        async with db.transaction(tenant) as tx:
            await events.record(tx, [NewEvent("thing.seen", f"things/{me}", {"round": n, "writer": me})])
            await ready.wait()
            await turns[me].wait()
        following = order.index(me) + 1
        if following < WRITERS:
            # The reader gets a chance in between: this is where a serial cursor loses events.
            await asyncio.sleep(0.002)
            turns[order[following]].set()

    await asyncio.gather(*(write(me) for me in range(WRITERS)))


async def test_events_committed_out_of_order_are_all_seen_by_a_cursor_reader(wide: Database, tenant: UUID) -> None:
    start = await settle(wide, tenant)
    seen: list[Event] = []
    by_serial: list[int] = []
    finished = asyncio.Event()

    async def sequence() -> None:
        while not finished.is_set():
            await sequencer.sequence(wide, tenant)
            await asyncio.sleep(0)

    async def read() -> None:
        cursor, serial = start, 0
        while not (finished.is_set() and len(seen) == WRITERS * ROUNDS):
            async with wide.transaction(tenant) as tx:
                batch = await log.read(tx, cursor, 7)
                rows = await tx.all(
                    "SELECT seq FROM events WHERE type = 'thing.seen' AND seq > $1 ORDER BY seq", serial
                )
            seen.extend(batch)
            cursor = batch[-1].position if batch else cursor
            by_serial.extend(row["seq"] for row in rows)
            serial = by_serial[-1] if by_serial else 0
            await asyncio.sleep(0)

    async def write() -> None:
        for n in range(ROUNDS):
            await write_in_shuffled_order(wide, tenant, n)
        finished.set()

    async with asyncio.timeout(60):
        await asyncio.gather(sequence(), sequence(), read(), write())
    assert [event.position for event in seen] == list(range(start + 1, start + 1 + WRITERS * ROUNDS))
    assert {(event.data["round"], event.data["writer"]) for event in seen} == {
        (n, me) for n in range(ROUNDS) for me in range(WRITERS)
    }
    # The control: a reader who takes the serial number for a cursor has lost some.
    assert len(by_serial) < WRITERS * ROUNDS
    async with wide.transaction(tenant) as tx:
        assert await trail.verify(tx) is None


async def test_a_reader_can_ask_for_types_and_subjects(wide: Database, tenant: UUID) -> None:
    start = await settle(wide, tenant)
    async with wide.transaction(tenant) as tx:
        await events.record(
            tx, [NewEvent("a.done", "things/1"), NewEvent("b.done", "things/1"), NewEvent("a.done", "things/2")]
        )
    await settle(wide, tenant)
    async with wide.transaction(tenant) as tx:
        assert [e.subject for e in await log.read(tx, start, 10, ["a.done"])] == ["things/1", "things/2"]
        assert [e.type for e in await log.read(tx, start, 10, subject="things/1")] == ["a.done", "b.done"]
        assert [e.type for e in await log.read(tx, start, 10, ["b.done"], "things/1")] == ["b.done"]
        assert len(await log.read(tx, start, 2)) == 2


async def test_the_log_pokes_its_readers(wide: Database, tenant: UUID, pokes: Pokes) -> None:
    await settle(wide, tenant)
    assert pokes.heard[-1] == f"cranny.{tenant.hex}.log"
    pokes.heard.clear()
    assert await sequencer.sequence(wide, tenant) == 0
    assert pokes.heard == []


async def test_many_sequencers_give_each_position_once(wide: Database, tenant: UUID) -> None:
    start = await settle(wide, tenant)
    async with wide.transaction(tenant) as tx:
        await events.record(tx, [NewEvent("thing.seen", f"things/{n}") for n in range(5000)])
    placed = await asyncio.gather(*(sequencer.sequence(wide, tenant) for _ in range(6)))
    assert sum(placed) == 5000
    async with wide.transaction(tenant) as tx:
        assert await log.head(tx) == start + 5000
        assert await trail.verify(tx) is None


@pytest.mark.parametrize(
    "tamper",
    [
        """UPDATE events SET data = '{"n": 99}' WHERE subject = 'things/3'""",
        "UPDATE events SET subject = 'things/x' WHERE subject = 'things/3'",
        "UPDATE events SET time = time + interval '1 microsecond' WHERE subject = 'things/3'",
        "DELETE FROM events WHERE subject = 'things/3'",
        "DELETE FROM events WHERE subject = 'things/9'",
    ],
)
async def test_whoever_changes_the_past_is_found_out(
    wide: Database, tenant: UUID, database: PostgresAddress, tamper: str
) -> None:
    async with wide.transaction(tenant) as tx:
        await events.record(tx, [NewEvent("thing.seen", f"things/{n}", {"n": n}) for n in range(10)])
    await settle(wide, tenant)
    assert database.admin_dsn is not None
    superuser = await asyncpg.connect(database.admin_dsn)
    await superuser.execute(tamper)
    await superuser.close()
    async with wide.transaction(tenant) as tx:
        (violation,) = await FEATURE.audit(tx)
    assert violation.invariant == "I8"


async def test_the_chain_is_the_same_for_whoever_computes_it_from_the_database(wide: Database, tenant: UUID) -> None:
    odd = {"whole": 1, "half": 0.5, "one": 1.0, "big": 2**53 + 1, "text": "ß→☃", "none": None, "list": [{}, []]}
    async with wide.transaction(tenant) as tx:
        await events.record(tx, [NewEvent("thing.seen", "things/1", odd)])
    await settle(wide, tenant)
    async with wide.transaction(tenant) as tx:
        assert await trail.verify(tx) is None
        (event,) = await log.read(tx, 0, 10, ["thing.seen"])
    assert event.data == odd


async def test_tenants_have_logs_of_their_own(wide: Database, tenant: UUID) -> None:
    async with wide.transaction() as tx:
        other, _ = await tenants.add_tenant(tx, "Somebody else")
    assert await settle(wide, tenant) == await settle(wide, other.tenant) == 2
    async with wide.transaction(other.tenant) as tx:
        assert {event.tenant for event in await log.read(tx, 0, 10)} == {other.tenant}
