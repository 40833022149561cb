"""Reactions: effect and cursor together, parking, and nothing twice."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from cranny.core.events import Event, NewEvent
from cranny.platform import events, log, reactions, sequencer
from cranny.platform.db import Database, Tx
from cranny.platform.reactions import Reaction, Reactor, advance, pause
from cranny.wire.brokers.memory import Hub

SEEN = frozenset({"thing.seen"})


class Killed(BaseException):
    """The process ends here."""


class Later:
    """A clock that can be put forward."""

    def __init__(self) -> None:
        self.offset = timedelta()

    def now(self) -> datetime:
        return datetime(2026, 3, 1, tzinfo=UTC) + self.offset

    def monotonic(self) -> float:
        return self.offset.total_seconds()


@pytest.fixture
def clock(wide: Database) -> Later:
    wide.clock = clock = Later()
    return clock


async def tell(db: Database, tenant: UUID, *subjects: str) -> None:
    async with db.transaction(tenant) as tx:
        await events.record(tx, [NewEvent("thing.seen", s, {"n": n}) for n, s in enumerate(subjects)])
    await sequencer.sequence(db, tenant)


async def noted(db: Database, tenant: UUID) -> list[str]:
    """What `note` has written, in order: the effect, kept in the database."""
    async with db.transaction(tenant) as tx:
        rows = await tx.all("SELECT subject FROM events WHERE type = 'effect' ORDER BY seq")
        return [row["subject"] for row in rows]


async def note(tx: Tx, event: Event) -> None:
    await events.record(tx, [NewEvent("effect", f"{event.subject}.{event.data['n']}")])


def reactor(db: Database, *reactions: Reaction) -> Reactor:
    return Reactor(db, Hub().join("worker"), reactions)


async def test_every_event_is_handled_once_and_in_order(wide: Database, tenant: UUID) -> None:
    await tell(wide, tenant, *[f"things/{n % 7}" for n in range(450)])
    reaction = Reaction("note", SEEN, note)
    await asyncio.gather(*(reactor(wide, reaction).catch_up(tenant) for _ in range(4)))
    assert await noted(wide, tenant) == [f"things/{n % 7}.{n}" for n in range(450)]
    assert await reactor(wide, reaction).catch_up(tenant) == 0


async def test_killed_between_effect_and_commit_the_effect_is_had_once(wide: Database, tenant: UUID) -> None:
    await tell(wide, tenant, "things/1", "things/2", "things/3")

    async def die_at_the_third(tx: Tx, event: Event) -> None:
        await note(tx, event)
        if event.subject == "things/3":
            raise Killed

    with pytest.raises(Killed):
        await advance(wide, Reaction("note", SEEN, die_at_the_third), tenant)
    assert await noted(wide, tenant) == []
    await reactor(wide, Reaction("note", SEEN, note)).catch_up(tenant)
    assert await noted(wide, tenant) == ["things/1.0", "things/2.1", "things/3.2"]


async def test_a_failing_subject_is_parked_and_the_others_go_on(wide: Database, tenant: UUID, clock: Later) -> None:
    broken = True

    async def stumble(tx: Tx, event: Event) -> None:
        if event.subject == "things/bad" and broken:
            await note(tx, event)
            raise ZeroDivisionError
        await note(tx, event)

    reaction = Reaction("note", SEEN, stumble)
    runner = reactor(wide, reaction)
    await tell(wide, tenant, "things/a", "things/bad", "things/b", "things/bad")
    await runner.catch_up(tenant)
    assert await noted(wide, tenant) == ["things/a.0", "things/b.2"]

    # What comes later for the parked subject waits behind, in order; nobody else waits.
    await tell(wide, tenant, "things/bad", "things/c")
    await runner.catch_up(tenant)
    assert await noted(wide, tenant) == ["things/a.0", "things/b.2", "things/c.1"]

    # One alarm, however often it is tried.
    clock.offset += timedelta(minutes=1)
    await runner.catch_up(tenant)
    await sequencer.sequence(wide, tenant)
    async with wide.transaction(tenant) as tx:
        (alarm,) = await log.read(tx, 0, 100, ["reaction.parked"])
        tries = await tx.all("SELECT tries FROM reaction_parked ORDER BY position")
        assert await reactions.stuck(tx) == []
    assert (alarm.subject, alarm.data["subject"]) == ("reactions/note", "things/bad")
    assert [row["tries"] for row in tries] == [2, 0, 0]

    clock.offset += timedelta(minutes=1)
    await runner.catch_up(tenant)
    async with wide.transaction(tenant) as tx:
        (found,) = await reactions.stuck(tx)
    assert (found.invariant, found.subject) == ("I7", "things/bad")
    assert found.detail.endswith(": ZeroDivisionError")

    broken = False
    assert await runner.catch_up(tenant) == 0, "the pause is not over"
    clock.offset += timedelta(minutes=1)
    await runner.catch_up(tenant)
    assert (await noted(wide, tenant))[3:] == ["things/bad.1", "things/bad.3", "things/bad.0"]
    await sequencer.sequence(wide, tenant)
    async with wide.transaction(tenant) as tx:
        assert len(await log.read(tx, 0, 100, ["reaction.resumed"])) == 1
        assert await tx.value("SELECT count(*) FROM reaction_parked") == 0
    await tell(wide, tenant, "things/bad")
    await runner.catch_up(tenant)
    assert (await noted(wide, tenant))[-1] == "things/bad.0"


async def test_one_reaction_that_fails_does_not_hold_up_another(wide: Database, tenant: UUID) -> None:
    async def fail(_: Tx, __: Event) -> None:
        raise ZeroDivisionError

    await tell(wide, tenant, "things/1")
    await reactor(wide, Reaction("fail", SEEN, fail), Reaction("note", SEEN, note)).catch_up(tenant)
    assert await noted(wide, tenant) == ["things/1.0"]


async def where(db: Database, tenant: UUID, name: str) -> tuple[int, int]:
    """Its cursor, and the log's head."""
    async with db.transaction(tenant) as tx:
        cursor = await tx.value("SELECT position FROM reaction_cursors WHERE reaction = $1", name)
        return cursor, await log.head(tx)


async def test_events_of_other_types_are_passed_over(wide: Database, tenant: UUID) -> None:
    rare = Reaction("rare", frozenset({"nothing.like.it"}), note)
    both = reactor(wide, rare, Reaction("note", SEEN, note))
    for _ in range(3):
        await tell(wide, tenant, "things/1")
        assert await both.catch_up(tenant) == 1
        cursor, head = await where(wide, tenant, "rare")
        assert cursor == head
    assert await reactor(wide, rare).catch_up(tenant) == 0


async def test_what_another_worker_is_at_is_not_passed_over(wide: Database, tenant: UUID) -> None:
    rare = reactor(wide, Reaction("rare", frozenset({"nothing.like.it"}), note))
    await tell(wide, tenant, "things/1")
    await rare.catch_up(tenant)
    before, _ = await where(wide, tenant, "rare")
    await tell(wide, tenant, "things/2")
    async with wide.transaction(tenant) as other:
        await other.run("SELECT FROM reaction_cursors WHERE reaction = 'rare' FOR UPDATE")
        assert await asyncio.wait_for(rare.catch_up(tenant), 5) == 0
        assert (await where(wide, tenant, "rare"))[0] == before
    await rare.catch_up(tenant)
    cursor, head = await where(wide, tenant, "rare")
    assert cursor == head > before


def test_pauses_grow_to_an_hour() -> None:
    assert [pause(n).total_seconds() for n in (0, 1, 2, 5, 12, 40)] == [1, 1, 2, 16, 2048, 3600]
