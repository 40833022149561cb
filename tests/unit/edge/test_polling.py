"""A line of boards that are asked in turn: one that falls silent takes its own doors out of sight, and only those."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from cranny.core.rng import SeededRng
from cranny.edge.drivers import Address, BoardSilent, Reading
from cranny.edge.drivers._polling import SHY_S, Poller
from cranny.edge.wall import STEADY_S, Wall
from cranny.sim.loop import VirtualClock, VirtualLoop, live
from cranny.wire.doors import Door
from cranny.wire.messages import CompartmentGiven

START = datetime(2026, 1, 1, tzinfo=UTC)
SHUT, OPEN = Reading(door_open=False), Reading(door_open=True)


@dataclass
class Bus:
    """Boards 1 and 2 with a door each."""

    doors: dict[Address, Reading] = field(default_factory=lambda: {(1, 1): SHUT, (2, 1): SHUT})
    silent: set[int] = field(default_factory=set)
    asked: list[int] = field(default_factory=list)
    told: list[tuple[Address, Reading | None]] = field(default_factory=list)

    async def ask(self, unit: int) -> Mapping[Address, Reading]:
        self.asked.append(unit)
        if unit in self.silent:
            raise BoardSilent(f"Board {unit} does not answer.")
        return {address: reading for address, reading in self.doors.items() if address[0] == unit}

    def heard(self, address: Address, reading: Reading | None) -> None:
        self.told.append((address, reading))

    def news(self) -> list[tuple[Address, Reading | None]]:
        told, self.told = self.told, []
        return told


def watching(story):
    """Run `story(bus, poller, watch)` in virtual time."""

    loop = VirtualLoop()
    clock = VirtualClock(loop, START)

    async def run() -> None:
        bus = Bus()
        poller = Poller(bus.ask, clock=clock, rng=SeededRng(1))
        poller.fit(bus.doors)
        watch = asyncio.create_task(poller.watch(bus.heard))
        try:
            await story(bus, poller, watch)
        finally:
            watch.cancel()
            await asyncio.gather(watch, return_exceptions=True)

    live(run(), loop)


def test_what_is_then_what_changes() -> None:
    async def story(bus: Bus, poller: Poller, watch: asyncio.Task[None]) -> None:
        await asyncio.sleep(1)
        assert bus.news() == [((1, 1), SHUT), ((2, 1), SHUT)]
        bus.doors[2, 1] = OPEN
        await asyncio.sleep(1)
        assert bus.news() == [((2, 1), OPEN)]

    watching(story)


def test_one_silent_board_is_told_once_and_asked_less_and_less() -> None:
    async def story(bus: Bus, poller: Poller, watch: asyncio.Task[None]) -> None:
        await asyncio.sleep(1)
        bus.news()
        bus.silent.add(1)
        bus.doors[2, 1] = OPEN
        await asyncio.sleep(120)
        assert bus.news() == [((1, 1), None), ((2, 1), OPEN)]
        assert not watch.done()
        bus.asked.clear()
        await asyncio.sleep(60)
        assert 60 / SHY_S <= bus.asked.count(1) <= 2 * 60 / SHY_S + 1
        assert bus.asked.count(2) > 100
        assert await poller.read() == {(2, 1): OPEN}
        bus.silent.clear()
        await asyncio.sleep(SHY_S + 1)
        assert bus.news() == [((1, 1), SHUT)]

    watching(story)


def test_when_all_are_silent_the_watch_ends() -> None:
    async def story(bus: Bus, poller: Poller, watch: asyncio.Task[None]) -> None:
        await asyncio.sleep(1)
        bus.silent |= {1, 2}
        with pytest.raises(BoardSilent):
            await watch
        with pytest.raises(BoardSilent):
            await poller.read()

    watching(story)


def test_what_has_just_happened_is_looked_at_now() -> None:
    async def story(bus: Bus, poller: Poller, watch: asyncio.Task[None]) -> None:
        await asyncio.sleep(1.05)  # in the middle between two rounds
        bus.asked.clear()
        poller.nudge()
        await asyncio.sleep(0)
        await asyncio.sleep(0.001)
        assert bus.asked == [1, 2]

    watching(story)


def test_a_door_out_of_sight_is_unseen_and_its_neighbour_is_not() -> None:
    async def story() -> None:
        boxes = {
            label: CompartmentGiven(label, 300, 200, 400, 500, [], unit, 1) for unit, label in [(1, "A"), (2, "B")]
        }
        wall = Wall(lambda *_: None, lambda _: None)
        wall.fit(boxes)
        wall.sense((1, 1), SHUT)
        wall.sense((2, 1), SHUT)
        await asyncio.sleep(STEADY_S + 0.1)
        assert (wall.state("A"), wall.state("B")) == (Door.SHUT, Door.SHUT)
        wall.sense((1, 1), None)
        assert (wall.state("A"), wall.state("B")) == (Door.UNSEEN, Door.SHUT)
        assert (wall.ready("A"), wall.ready("B"), wall.blind()) == (False, True, False)
        wall.sense((1, 1), SHUT)
        await asyncio.sleep(STEADY_S + 0.1)
        assert wall.state("A") is Door.SHUT

    live(story(), VirtualLoop())
