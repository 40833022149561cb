"""A thousand power cuts in the middle of whatever SQLite writes, on the bank's own journal: what was told to be written
is there afterwards, in a chain. And the shim is no toy: without the sync of every commit it loses."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from cranny.core.rng import SeededRng
from cranny.edge.change import Change, Ruled
from cranny.edge.disk import PRAGMAS
from cranny.edge.journal import Journal, load
from cranny.edge.rows import Compartment, Occupancy
from cranny.edge.state import State
from cranny.wire.facts import GENESIS, decode, digest
from cranny.wire.kinds import DoorForced, DoorShut
from tests.prove.shim import DRIVE, Platter, PowerLost, ShimDisk

pytestmark = pytest.mark.prove
TENANT, BANK = UUID(int=1), UUID(int=2)
LOSSES = 1000
COMMITS = 40
"""Of one life between two cuts, when none comes."""
SPENDS = 500
"""Within so many writes and syncs the power goes."""


class Clock:
    """Stands still unless it is read."""

    def __init__(self) -> None:
        self._at = 0.0

    def now(self) -> datetime:
        return datetime(2026, 3, 2, tzinfo=UTC) + timedelta(seconds=self._at)

    def monotonic(self) -> float:
        self._at += 0.25
        return self._at


def something(rng: SeededRng) -> Callable[[State], Ruled[None]]:
    """A rule that writes facts and rows, as openings do."""
    door, bodies, ended = f"{rng.below(9)}", 1 + rng.below(3), bool(rng.below(2))

    def rule(state: State) -> Ruled[None]:
        box = state.compartment(door)
        here = state.occupancies.get(door)
        if here is not None:
            row = Occupancy(door, here.generation, None, b"c" * 16, UUID(int=3), [UUID(int=4)], ended=ended)
        else:
            row = Occupancy(door, box.generation + 1, None, b"c" * 16, UUID(int=3), [UUID(int=4)])
        facts = [DoorForced(door=door), DoorShut(opening=None, door=door, generation=row.generation)] * bodies
        return Change(facts, [Compartment(door, row.generation, box.openings + 1, "forced"), row]), None

    return rule


async def opened(disk: ShimDisk) -> Journal:
    return await load(disk, TENANT, BANK, clock=Clock(), boot=UUID(int=9), offline=lambda: True)


async def looked_through(journal: Journal) -> int:
    """How many facts there are, in one chain."""
    head = GENESIS
    first, facts = await journal.unsent(10**6)
    for seq, fact in enumerate(facts, first):
        read = decode(fact.stored)
        assert (read.seq, read.prev_hash) == (seq, head)
        head = digest(fact.stored)
    assert (journal.state.mark.seq, journal.state.mark.head) == (len(facts), head)
    return len(facts)


async def live(disk: ShimDisk, rng: SeededRng, told: list[int]) -> None:
    """Write until the power goes, noting each number that was told to be written."""
    journal = await opened(disk)
    for _ in range(COMMITS):
        await journal.commit(something(rng))
        told[0] = journal.state.mark.seq


async def losses(pragmas: tuple[str, ...], times: int) -> tuple[int, int, int]:
    """(cuts that hit, of them with something lost, facts told)."""
    cuts = lost = all_told = 0
    rng = SeededRng(7)
    while cuts < times:
        DRIVE.platter = Platter(rng)
        told = [0]
        for _ in range(3):
            DRIVE.platter.left = rng.below(SPENDS)
            disk = ShimDisk(pragmas)
            try:
                await live(disk, rng, told)
            except PowerLost:
                cuts += 1
            disk.end()
            again = ShimDisk(pragmas)
            again.check()
            held = await looked_through(await opened(again))
            again.end()
            if held < told[0]:
                lost += 1
                break
        all_told += told[0]
    return cuts, lost, all_told


def test_nothing_that_was_told_to_be_written_is_lost(record_property: Callable[[str, object], None]) -> None:
    cuts, lost, told = asyncio.run(losses(PRAGMAS, LOSSES))
    record_property("figure", f"power losses: {cuts:,} on the journal's own code, {told:,} facts told, {lost} lost")
    assert lost == 0


def test_without_the_sync_of_every_commit_the_same_shim_loses() -> None:
    hasty = tuple(pragma.replace("synchronous = FULL", "synchronous = NORMAL") for pragma in PRAGMAS)
    assert hasty != PRAGMAS
    cuts, lost, _ = asyncio.run(losses(hasty, 50))
    assert lost > cuts // 4
