"""Events and states move together, set-based, guarded, in any number of processes at once."""

import asyncio
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

import asyncpg
import pytest

from cranny.core.errors import NotFound, Refused
from cranny.core.events import NewEvent
from cranny.core.lifecycle import Lifecycle, Move
from cranny.platform import events, tenants
from cranny.platform.db import Database
from cranny.platform.engines import PostgresAddress
from tests.platform.conftest import Pokes


class State(StrEnum):
    NEW = "new"
    OPEN = "open"
    DONE = "done"


class Trigger(StrEnum):
    OPEN = "open"
    FINISH = "finish"


LIFE: Final = Lifecycle(
    "thing",
    start=State.NEW,
    final=[State.DONE],
    table={
        (State.NEW, Trigger.OPEN): Move(State.OPEN, "thing.opened"),
        (State.OPEN, Trigger.OPEN): Move(State.OPEN, why="opened twice: the second changes nothing"),
        (State.OPEN, Trigger.FINISH): Move(State.DONE, "thing.done"),
        (State.NEW, Trigger.FINISH): Move(State.DONE, "thing.done", why="finished without being opened"),
    },
)


@pytest.fixture
async def things(database: PostgresAddress, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "_homes", dict(events._homes))
    events.register(LIFE, table="things", subject="things")
    owner = await asyncpg.connect(database.owner_dsn)
    await owner.execute(
        """
        CREATE TABLE things (tenant uuid NOT NULL, id uuid NOT NULL, state text NOT NULL, PRIMARY KEY (tenant, id));
        ALTER TABLE things ENABLE ROW LEVEL SECURITY;
        ALTER TABLE things FORCE ROW LEVEL SECURITY;
        CREATE POLICY own_tenant ON things USING (tenant = current_setting('app.tenant')::uuid);
        GRANT SELECT, INSERT, UPDATE ON things TO cranny_app;
        """
    )
    await owner.close()


async def add(db: Database, tenant: UUID, states: list[State]) -> list[UUID]:
    async with db.transaction(tenant) as tx:
        ids = [tx.ids.new() for _ in states]
        await tx.run("INSERT INTO things SELECT $1, * FROM unnest($2::uuid[], $3::text[])", tenant, ids, states)
    return ids


async def told(db: Database, tenant: UUID) -> list[dict[str, object]]:
    async with db.transaction(tenant) as tx:
        rows = await tx.all("SELECT type, subject, time, data FROM events WHERE type LIKE 'thing.%' ORDER BY seq")
        return [dict(row) for row in rows]


async def test_one_call_moves_many_subjects_from_different_states(
    wide: Database, tenant: UUID, things: None, pokes: Pokes
) -> None:
    fresh, opened = await add(wide, tenant, [State.NEW, State.OPEN])
    yesterday = datetime(2026, 1, 1, tzinfo=UTC)
    async with wide.transaction(tenant) as tx:
        moved = await events.move(
            tx, LIFE, [opened, fresh, opened], Trigger.FINISH, data={fresh: {"door": "07"}}, when=yesterday
        )
    assert [(m.id, m.before, m.after, m.emitted) for m in moved] == [
        (opened, State.OPEN, State.DONE, "thing.done"),
        (fresh, State.NEW, State.DONE, "thing.done"),
    ]
    first, second = await told(wide, tenant)
    assert first["data"] == {"from": "open", "to": "done"}
    assert second["data"] == {
        "door": "07",
        "from": "new",
        "to": "done",
        "why": "finished without being opened",
    }
    assert second["subject"] == f"things/{fresh}"
    assert second["time"] == yesterday
    assert pokes.heard[-1] == f"cranny.{tenant.hex}.outbox"


async def test_a_refused_or_unknown_subject_stops_the_whole_call(wide: Database, tenant: UUID, things: None) -> None:
    fresh, done = await add(wide, tenant, [State.NEW, State.DONE])
    with pytest.raises(Refused) as refused:
        async with wide.transaction(tenant) as tx:
            await events.move(tx, LIFE, [fresh, done], Trigger.OPEN)
    assert refused.value.code == "thing-open-when-done"
    assert refused.value.extra == {"id": str(done)}
    with pytest.raises(NotFound) as missing:
        async with wide.transaction(tenant) as tx:
            await events.move(tx, LIFE, [fresh, tx.ids.new()], Trigger.OPEN)
    assert missing.value.code == "thing-not-found"
    assert await told(wide, tenant) == []

    async with wide.transaction(tenant) as tx:
        moved = await events.move(tx, LIFE, [fresh, done, tx.ids.new()], Trigger.OPEN, strict=False)
    assert [m.id for m in moved] == [fresh]


async def test_a_row_that_changes_nothing_tells_nothing(wide: Database, tenant: UUID, things: None) -> None:
    (opened,) = await add(wide, tenant, [State.OPEN])
    async with wide.transaction(tenant) as tx:
        (moved,) = await events.move(tx, LIFE, [opened], Trigger.OPEN)
    assert (moved.before, moved.after, moved.emitted) == (State.OPEN, State.OPEN, None)
    assert await told(wide, tenant) == []


async def test_a_subject_moved_meanwhile_is_judged_by_where_it_is_now(
    wide: Database, tenant: UUID, things: None
) -> None:
    (thing,) = await add(wide, tenant, [State.NEW])
    async with wide.transaction(tenant) as first:
        await events.move(first, LIFE, [thing], Trigger.OPEN)

        async def finish() -> State:
            async with wide.transaction(tenant) as second:
                (moved,) = await events.move(second, LIFE, [thing], Trigger.FINISH)
                return moved.before

        waiting = asyncio.create_task(finish())
        await asyncio.sleep(0.1)
        assert not waiting.done()
    assert await waiting == State.OPEN
    assert [event["type"] for event in await told(wide, tenant)] == ["thing.opened", "thing.done"]


async def test_of_many_who_finish_the_same_one_succeeds(wide: Database, tenant: UUID, things: None) -> None:
    ids = await add(wide, tenant, [State.NEW] * 40)

    async def finish(order: list[UUID]) -> int:
        try:
            async with wide.transaction(tenant) as tx:
                return len(await events.move(tx, LIFE, order, Trigger.FINISH))
        except Refused:
            return 0

    # Half of them in the opposite order: whoever locked in the order of the call would wait in a circle.
    done = await asyncio.gather(*(finish(ids if n % 2 else ids[::-1]) for n in range(12)))
    assert sorted(done) == [0] * 11 + [40]
    assert len(await told(wide, tenant)) == 40


async def test_what_is_rolled_back_was_never_told(wide: Database, tenant: UUID, pokes: Pokes) -> None:
    async def tell_and_fail() -> None:
        async with wide.transaction(tenant) as tx:
            await events.record(tx, [NewEvent("thing.seen", "things/1")])
            raise ZeroDivisionError

    before = list(pokes.heard)
    with pytest.raises(ZeroDivisionError):
        await tell_and_fail()
    assert await told(wide, tenant) == []
    assert pokes.heard == before


async def test_events_keep_their_own_times(wide: Database, tenant: UUID) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    times = [start + timedelta(minutes=n) for n in range(3)]
    async with wide.transaction(tenant) as tx:
        ids = await events.record(tx, [NewEvent("thing.seen", f"things/{n}") for n in range(3)], time=times)
    assert len(set(ids)) == 3
    assert [event["time"] for event in await told(wide, tenant)] == times


async def test_a_secret_never_gets_into_the_log(wide: Database, tenant: UUID) -> None:
    async with wide.transaction(tenant) as tx:
        with pytest.raises(ValueError, match="secrets never go into the log"):
            await events.record(tx, [NewEvent("thing.seen", "things/1", {"code": "123456789"})])


async def test_what_was_written_can_be_neither_changed_nor_deleted(wide: Database, tenant: UUID) -> None:
    for statement in ("UPDATE events SET data = '{}'", "DELETE FROM events"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with wide.transaction(tenant) as tx:
                await tx.run(statement)


async def test_no_tenant_no_rows(wide: Database, tenant: UUID) -> None:
    with pytest.raises(asyncpg.PostgresError):
        await wide.pool.fetch("SELECT * FROM events")
    async with wide.transaction() as tx:
        other, _ = await tenants.add_tenant(tx, "Somebody else")
    async with wide.transaction(other.tenant) as tx:
        assert await tx.value("SELECT count(*) FROM events WHERE tenant = $1", tenant) == 0
