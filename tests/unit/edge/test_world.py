"""A simulated cabinet outlives its process when it is given a file: what lies inside, what stands open, what was
released a moment before the end."""

import asyncio
from pathlib import Path

import pytest

from cranny.core.clock import SystemClock
from cranny.core.errors import Invalid
from cranny.core.rng import SeededRng
from cranny.edge import drivers
from cranny.edge.drivers import Address, simulated
from cranny.edge.drivers.simulated import SimulatedBoard

ONE, TWO = (1, 1), (2, 16)


async def board(address: str) -> SimulatedBoard:
    opened = await drivers.load("simulated").open_board(address, clock=SystemClock(), rng=SeededRng(1))
    assert isinstance(opened, SimulatedBoard)
    opened.fit([ONE, TWO])
    return opened


@pytest.mark.slow
async def test_the_next_process_finds_the_cabinet_as_the_last_one_left_it(tmp_path: Path) -> None:
    at = str(tmp_path / "world.json")
    first = await board(at)
    first.force(ONE)
    first.put(ONE, "a hat")
    first.shut(ONE)
    first.jam(TWO)
    await first.pulse(*TWO)
    second = await board(at)
    assert (second.inside(ONE), second.is_open(ONE), second.pulses(ONE)) == (["a hat"], False, 0)
    assert (second.is_open(TWO), second.pulses(TWO)) == (False, 1)
    await second.pulse(*TWO)
    await asyncio.sleep(0.3)
    assert not second.is_open(TWO)  # it is still jammed


async def test_what_was_released_before_the_end_swings_open_meanwhile(tmp_path: Path) -> None:
    at = str(tmp_path / "world.json")
    first = await board(at)
    await first.pulse(*ONE)
    await first.close()  # before the spring has done its work
    assert not first.is_open(ONE)
    second = await board(at)
    assert (second.is_open(ONE), second.pulses(ONE)) == (True, 1)
    second.shut(ONE)
    assert not (await board(at)).is_open(ONE)


@pytest.mark.slow
async def test_what_is_in_the_file_is_told_once_the_layout_is_known(tmp_path: Path) -> None:
    first = await board(str(tmp_path / "world.json"))
    first.force(TWO)
    told: list[Address] = []
    second = await drivers.load("simulated").open_board(
        str(tmp_path / "world.json"), clock=SystemClock(), rng=SeededRng(1)
    )
    watch = asyncio.create_task(second.watch(lambda address, _: told.append(address)))
    await asyncio.sleep(0.1)
    assert told == []
    second.fit([TWO])
    assert told == [TWO]
    watch.cancel()


async def test_an_address_says_what_it_means(tmp_path: Path) -> None:
    assert (await board("")).has_content
    blind = await board(f"no-content,{tmp_path}/world.json")
    assert not blind.has_content
    blind.force(ONE)
    assert (tmp_path / "world.json").exists()
    with pytest.raises(Invalid, match="no-content"):
        await board("some/path")


async def test_a_door_that_nobody_can_shut_falls_shut_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulated, "FALLS_SHUT_S", 0.05)
    monkeypatch.setattr(simulated, "SPRING_MS", (1, 2))
    waits, falls = await board(""), await board("falls-shut")
    for one in (waits, falls):
        seen: asyncio.Queue[bool] = asyncio.Queue()
        watch = asyncio.create_task(one.watch(lambda _, now, seen=seen: seen.put_nowait(now.door_open)))
        assert [await seen.get(), await seen.get()] == [False, False]
        await one.pulse(*ONE)
        assert await seen.get()
        if one is falls:
            assert not await seen.get()
        assert one.is_open(ONE) is (one is waits)
        watch.cancel()
        await one.close()


@pytest.mark.parametrize("content", ["", "[]", '{"1": {}}', '{"1/1": {"door_open": 3}}'])
async def test_a_file_that_is_no_world_is_left_alone(tmp_path: Path, content: str) -> None:
    at = tmp_path / "world.json"
    at.write_text(content)
    with pytest.raises(Invalid, match="holds no simulated cabinet"):
        await board(str(at))
    assert at.read_text() == content
