"""Readers at a running bank: what they read goes the kiosk's way, and what comes of it stands on its screen."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from cranny.core.clock import SystemClock
from cranny.core.rng import SeededRng
from cranny.edge import readers
from cranny.edge.listening import AT_ONCE, PAUSE_S, Listener
from cranny.edge.outcomes import Refusal
from cranny.edge.readers import Bench, Presented

from .conftest import Bank, running


@asynccontextmanager
async def listening(bank: Bank, name: str) -> AsyncIterator[Bench]:
    clock = SystemClock()
    async with readers.load(name).bench(clock=clock, rng=SeededRng(1)) as bench:
        task = asyncio.create_task(Listener(bench.reader, bank.desk, clock=clock).run())
        yield bench
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize("name", ["serial", "input", "hidraw"])
async def test_a_scan_opens_a_door_and_the_screen_shows_it(tmp_path: Path, name: str) -> None:
    async with running(tmp_path) as bank, listening(bank, name) as bench:
        seen = asyncio.create_task(bank.seen("opened"))
        async with asyncio.timeout(20):
            while not seen.done():
                await bench.hand.hold("JJD014600006281230701")
                await asyncio.sleep(0.5)
        assert (await seen).purpose == "deposit"
        page = await bank.client.get("/screen")
        assert (await seen).door in page.text


class Cards:
    """A reader that is held what a test says."""

    def __init__(self) -> None:
        self.held: asyncio.Queue[Presented] = asyncio.Queue()

    async def presented(self) -> AsyncIterator[Presented]:
        while True:
            yield await self.held.get()
            self.held.task_done()


class Counter:
    """In the controller's place."""

    def __init__(self) -> None:
        self.badges: list[str] = []
        self.scans: list[str] = []
        self.open = asyncio.Event()

    async def show_badge(self, text: str) -> Refusal:
        self.badges.append(text)
        return Refusal("unknown_badge")

    async def scan(self, text: str) -> Refusal:
        self.scans.append(text)
        await self.open.wait()
        raise ValueError("a mistake of ours")


class Moment:
    now_s = 100.0

    def monotonic(self) -> float:
        return self.now_s


class Told:
    def __init__(self) -> None:
        self.controller = Counter()
        self.told: asyncio.Queue[Refusal] = asyncio.Queue()

    def tell(self, what: Refusal) -> None:
        self.told.put_nowait(what)


async def test_badges_that_nobody_knows_are_not_tried_out_in_a_row() -> None:
    cards, desk, clock = Cards(), Told(), Moment()
    task = asyncio.create_task(Listener(cards, desk, clock=clock).run())  # type: ignore[arg-type]
    cards.held.put_nowait(Presented("badge", "1"))
    assert await desk.told.get() == Refusal("unknown_badge")
    for text in ("2", "3", "4"):
        cards.held.put_nowait(Presented("badge", text))
    await cards.held.join()
    clock.now_s += PAUSE_S
    cards.held.put_nowait(Presented("badge", "5"))
    await desk.told.get()
    assert desk.controller.badges == ["1", "5"]
    task.cancel()


async def test_a_scanner_gone_wild_fills_no_queue_and_a_mistake_of_ours_ends_no_reader() -> None:
    cards, desk = Cards(), Told()
    task = asyncio.create_task(Listener(cards, desk, clock=SystemClock()).run())  # type: ignore[arg-type]
    for n in range(100):
        cards.held.put_nowait(Presented("text", str(n)))
    await cards.held.join()
    await asyncio.sleep(0)  # those that were let in begin
    assert len(desk.controller.scans) == AT_ONCE
    desk.controller.open.set()
    assert [await desk.told.get() for _ in range(AT_ONCE)] == [Refusal("help")] * AT_ONCE
    cards.held.put_nowait(Presented("text", "once more"))
    await desk.told.get()
    assert desk.controller.scans[-1] == "once more"
    assert not task.done()
    task.cancel()
