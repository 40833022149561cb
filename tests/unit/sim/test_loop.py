"""Virtual time: a month passes at once, in the same order every time, and no thread slips in."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from cranny.sim.loop import Stuck, VirtualClock, VirtualLoop, live

START = datetime(2026, 3, 1, tzinfo=UTC)


def test_a_month_passes_at_once() -> None:
    loop = VirtualLoop()
    clock = VirtualClock(loop, START)

    async def month() -> datetime:
        await asyncio.sleep(30 * 86_400)
        return clock.now()

    assert live(month(), loop) == START + timedelta(days=30)


def test_sleepers_wake_in_order_of_time_then_of_going_to_sleep() -> None:
    woken: list[str] = []

    async def sleeper(name: str, seconds: float) -> None:
        await asyncio.sleep(seconds)
        woken.append(name)

    async def story() -> None:
        await asyncio.gather(sleeper("late", 2), sleeper("first", 1), sleeper("second", 1))

    live(story(), VirtualLoop())
    assert woken == ["first", "second", "late"]


def test_threads_are_refused() -> None:
    async def story() -> None:
        await asyncio.to_thread(len, "x")

    with pytest.raises(RuntimeError, match="no threads"):
        live(story(), VirtualLoop())


def test_a_story_that_can_never_go_on_is_found() -> None:
    async def story() -> None:
        await asyncio.Event().wait()

    with pytest.raises(Stuck):
        live(story(), VirtualLoop())


def test_running_in_circles_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cranny.sim.loop.STILL", 100)

    async def story() -> None:
        for _ in range(1000):
            await asyncio.sleep(0)

    with pytest.raises(Stuck, match="circles"):
        live(story(), VirtualLoop())


def test_an_error_in_a_background_task_is_not_lost() -> None:
    async def background() -> None:
        raise ValueError("lost?")

    async def story() -> None:
        task = asyncio.get_running_loop().create_task(background())
        await asyncio.sleep(1)
        del task

    with pytest.raises(ValueError, match="lost"):
        live(story(), VirtualLoop())
