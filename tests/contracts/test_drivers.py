"""What every lock board must do, whatever it speaks. A new file in `edge/drivers` is tested here by being there."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from cranny.core.errors import NotFound, Refused
from cranny.edge import drivers
from cranny.edge.drivers import Bench, BoardFault, BoardSilent

from .boards import BENCHES, ONE, PATIENCE_S, THREE, TWO, Seen, on_the_bench


@pytest.fixture(params=BENCHES)
async def bench(request: pytest.FixtureRequest) -> AsyncIterator[Bench]:
    async with on_the_bench(request.param) as found:
        yield found


@pytest.fixture
async def seen(bench: Bench) -> AsyncIterator[Seen]:
    watch = Seen(bench)
    yield watch
    await watch.end()


async def test_a_fresh_line_is_shut_and_says_what_it_can_say(bench: Bench) -> None:
    readings = await bench.driver.read()
    assert set(readings) >= {ONE, TWO}
    for reading in (readings[ONE], readings[TWO]):
        assert not reading.door_open
        assert (reading.content is not None) is bench.driver.has_content
        assert (reading.latched is not None) is bench.driver.has_latch
        assert reading.secured


async def test_a_pulse_opens_one_door_once(bench: Bench, seen: Seen) -> None:
    await seen.until(ONE, door_open=False)
    assert (bench.hands.pulses(ONE), bench.hands.pulses(TWO)) == (0, 0)
    await bench.driver.pulse(*ONE)
    await seen.until(ONE, door_open=True)
    assert (bench.hands.pulses(ONE), bench.hands.pulses(TWO)) == (1, 0)
    assert not (await bench.driver.read())[TWO].door_open


async def test_a_watch_begins_with_what_is(bench: Bench) -> None:
    bench.hands.force(ONE)
    seen = Seen(bench)
    await seen.until(ONE, door_open=True)
    await seen.until(TWO, door_open=False)
    await seen.end()


async def test_a_channel_that_comes_into_use_while_we_watch_is_told(bench: Bench, seen: Seen) -> None:
    """A bank hears of its layout when its doors are already being watched."""
    await seen.until(TWO, door_open=False)
    assert THREE not in {address for address, _ in seen.told}
    bench.driver.fit([ONE, TWO, THREE])
    await seen.until(THREE, door_open=False)
    assert THREE in await bench.driver.read()


async def test_what_a_person_does_is_seen(bench: Bench, seen: Seen) -> None:
    with pytest.raises(Refused):
        bench.hands.put(ONE)
    await bench.driver.pulse(*ONE)
    await seen.until(ONE, door_open=True)
    bench.hands.put(ONE, "thing")
    bench.hands.shut(ONE)
    reading = await seen.until(ONE, door_open=False)
    assert reading.secured
    if bench.driver.has_content:
        assert (await bench.driver.read())[ONE].content is True
    await bench.driver.pulse(*ONE)
    await seen.until(ONE, door_open=True)
    assert bench.hands.take(ONE) == ["thing"]
    if bench.driver.has_content:
        assert (await bench.driver.read())[ONE].content is False


async def test_an_acknowledged_pulse_is_not_an_open_door(bench: Bench) -> None:
    bench.hands.jam(ONE)
    await bench.driver.pulse(*ONE)
    await asyncio.sleep(0.3)
    assert not (await bench.driver.read())[ONE].door_open


async def test_a_driver_never_pulses_by_itself(bench: Bench, seen: Seen) -> None:
    bench.hands.jam(ONE)
    await bench.driver.pulse(*ONE)
    bench.hands.power(on=False)
    bench.hands.jam(ONE, jammed=False)
    bench.hands.power(on=True)
    bench.driver.fit([ONE, TWO])
    await bench.driver.read()
    await asyncio.sleep(0.3)
    assert bench.hands.pulses(ONE) == 1


async def test_a_lock_that_is_not_there_is_a_permanent_fault(bench: Bench) -> None:
    with pytest.raises(BoardFault) as caught:
        await bench.driver.pulse(29, 1)
    assert caught.value.permanent


async def test_a_silent_line_is_told_as_silent(bench: Bench, seen: Seen) -> None:
    await seen.until(ONE, door_open=False)
    bench.hands.power(on=False)
    with pytest.raises(BoardSilent):
        await bench.driver.pulse(*ONE)
    with pytest.raises(BoardSilent):
        await bench.driver.read()
    async with asyncio.timeout(PATIENCE_S):
        with pytest.raises(BoardSilent):
            await seen.task
    bench.hands.power(on=True)
    assert bench.hands.pulses(ONE) == 0
    again = Seen(bench)
    await again.until(ONE, door_open=False)
    await again.end()


async def test_calls_that_overlap_each_reach_their_own_door(bench: Bench, seen: Seen) -> None:
    await asyncio.gather(bench.driver.pulse(*ONE), bench.driver.read(), bench.driver.pulse(*TWO))
    await seen.until(ONE, door_open=True)
    await seen.until(TWO, door_open=True)
    assert (bench.hands.pulses(ONE), bench.hands.pulses(TWO)) == (1, 1)


def test_the_folder_is_the_registry() -> None:
    assert "simulated" in drivers.names()
    with pytest.raises(NotFound, match="simulated"):
        drivers.load("perpetual-motion")
