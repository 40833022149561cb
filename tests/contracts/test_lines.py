"""What every board on a line must bear: noise, silence, echoes, torn and late answers, a pulled cable. A board is
tested here by having a line on its bench."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from cranny.edge.drivers import Bench, BoardSilent, Line

from .boards import BENCHES, ONE, PATIENCE_S, TWO, WITHOUT_A_LINE, Seen, on_the_bench

NEIGHBOUR = (2, 1)
"""A lock of the other board."""
LATE_S = 0.6
"""Later than any bench waits for an answer, and sooner than it has forgotten that it asked."""
NEVER = 10_000
"""More answers than any test waits for."""


@pytest.fixture(params=[name for name in BENCHES if name not in WITHOUT_A_LINE])
async def bench(request: pytest.FixtureRequest) -> AsyncIterator[Bench]:
    async with on_the_bench(request.param) as found:
        yield found


@pytest.fixture
def line(bench: Bench) -> Line:
    assert bench.line is not None
    return bench.line


def noisy(line: Line) -> None:
    line.noise = b"\x00\x8a\x02\x90\x80\xff"


def echoing(line: Line) -> None:
    line.echo = True


def slow(line: Line) -> None:
    line.byte_s = 0.004


def noisy_echo(line: Line) -> None:
    line.echo, line.noise = True, b"\xff\x00"


@pytest.mark.parametrize("trouble", [noisy, echoing, slow, noisy_echo])
async def test_on_a_bad_line_doors_open_and_are_seen(bench: Bench, line: Line, trouble: Callable[[Line], None]) -> None:
    trouble(line)
    seen = Seen(bench)
    await seen.until(ONE, door_open=False)
    await bench.driver.pulse(*ONE)
    await seen.until(ONE, door_open=True)
    bench.hands.put(ONE)
    bench.hands.shut(ONE)
    reading = await seen.until(ONE, door_open=False)
    assert (await bench.driver.read())[ONE].content is (True if bench.driver.has_content else None)
    assert reading.secured
    assert (bench.hands.pulses(ONE), bench.hands.pulses(TWO)) == (1, 0)
    tally = bench.driver.meters.boards[1]
    assert tally.requests > 0
    assert bool(tally.echoes) is line.echo
    assert tally.timeouts == 0 or line.noise
    await seen.end()


async def test_an_answer_with_a_wrong_checksum_says_nothing(bench: Bench, line: Line) -> None:
    assert not (await bench.driver.read())[ONE].door_open
    bench.hands.force(ONE)
    line.spoiled = NEVER
    with pytest.raises(BoardSilent):
        await bench.driver.read()
    line.spoiled = 0
    assert (await bench.driver.read())[ONE].door_open
    line.spoiled = 1
    assert (await bench.driver.read())[ONE].door_open  # a question is simply asked again
    tally = bench.driver.meters.boards[1]
    assert tally.checksum_errors + tally.noise_bytes > 0
    assert tally.timeouts > 0


async def test_a_pulse_whose_answer_is_damaged_is_not_sent_again(bench: Bench, line: Line) -> None:
    await bench.driver.read()
    line.spoiled = NEVER
    with pytest.raises(BoardSilent):
        await bench.driver.pulse(*ONE)
    line.spoiled, line.torn = 0, NEVER
    assert bench.hands.pulses(ONE) == 1
    with pytest.raises(BoardSilent):
        await bench.driver.pulse(*TWO)
    line.torn = 0
    await bench.driver.read()
    assert (bench.hands.pulses(ONE), bench.hands.pulses(TWO)) == (1, 1)


async def test_a_torn_answer_is_asked_for_again(bench: Bench, line: Line) -> None:
    await bench.driver.read()
    line.torn = 1
    readings = await bench.driver.read()
    assert not readings[ONE].door_open


async def test_a_late_answer_counts_for_nothing(bench: Bench, line: Line) -> None:
    """It says that the door is shut, which was so when it was asked."""
    await bench.driver.read()
    line.late_s = LATE_S
    with pytest.raises(BoardSilent):
        await bench.driver.read()
    line.late_s = 0.0
    bench.hands.force(ONE)
    assert (await bench.driver.read())[ONE].door_open
    assert bench.driver.meters.boards[1].late_bytes > 0


async def test_an_answer_that_is_later_than_any_patience_makes_no_door_open(bench: Bench, line: Line) -> None:
    """It comes when the question has been asked again already. The door stood open then, and is shut now."""
    await bench.driver.read()
    bench.hands.force(ONE)
    line.late_s = 1.0
    before = bench.driver.meters.boards[1].requests
    reading = asyncio.create_task(bench.driver.read())
    await _becomes(lambda: bench.driver.meters.boards[1].requests > before)
    await asyncio.sleep(0.1)
    line.late_s = 0.0
    bench.hands.shut(ONE)
    assert not (await reading)[ONE].door_open
    assert not (await bench.driver.read())[ONE].door_open


async def test_a_late_answer_of_a_pulse_counts_for_nothing(bench: Bench, line: Line) -> None:
    await bench.driver.read()
    line.late_s = LATE_S
    with pytest.raises(BoardSilent):
        await bench.driver.pulse(*ONE)
    line.late_s, line.mute = 0.0, {1}
    with pytest.raises(BoardSilent):
        await bench.driver.pulse(*ONE)
    assert bench.hands.pulses(ONE) == 2


async def test_one_silent_board_leaves_the_other_in_sight(bench: Bench, line: Line) -> None:
    bench.driver.fit([ONE, NEIGHBOUR])
    seen = Seen(bench)
    await seen.until(ONE, door_open=False)
    await seen.until(NEIGHBOUR, door_open=False)
    line.mute = {1}
    await seen.until_lost(ONE)
    assert set(await bench.driver.read()) == {NEIGHBOUR}
    await bench.driver.pulse(*NEIGHBOUR)
    await seen.until(NEIGHBOUR, door_open=True)
    line.mute = set()
    await seen.until(ONE, door_open=False)
    assert (bench.hands.pulses(ONE), bench.hands.pulses(NEIGHBOUR)) == (0, 1)
    await seen.end()


async def test_a_pulled_cable_is_silence_and_plugged_in_again_all_is_seen(bench: Bench, line: Line) -> None:
    seen = Seen(bench)
    await seen.until(ONE, door_open=False)
    await line.unplug()
    async with asyncio.timeout(PATIENCE_S):
        with pytest.raises(BoardSilent):
            await seen.task
    with pytest.raises(BoardSilent):
        await bench.driver.read()
    with pytest.raises(BoardSilent):
        await bench.driver.pulse(*ONE)
    bench.hands.force(TWO)
    await line.plug()
    await _speaks(bench)
    again = Seen(bench)
    await again.until(ONE, door_open=False)
    await again.until(TWO, door_open=True)
    assert bench.hands.pulses(ONE) == 0  # what was asked in the dark is never done
    await bench.driver.pulse(*ONE)
    await again.until(ONE, door_open=True)
    assert bench.driver.meters.connections == 2
    await again.end()


async def test_a_pulse_that_is_given_up_leaves_the_line_in_order(bench: Bench, line: Line) -> None:
    await bench.driver.read()
    line.late_s = 0.2
    pulse = asyncio.create_task(bench.driver.pulse(*ONE))
    await _becomes(lambda: bench.hands.pulses(ONE) > 0)
    pulse.cancel()
    await asyncio.gather(pulse, return_exceptions=True)
    line.late_s = 0.0
    bench.hands.force(ONE)
    assert (await bench.driver.read())[ONE].door_open
    assert bench.hands.pulses(ONE) == 1


@pytest.mark.parametrize("name", BENCHES)
async def test_nothing_moves_by_opening_reconnecting_or_closing(name: str) -> None:
    async with on_the_bench(name) as bench:
        hands, line = bench.hands, bench.line
        await bench.driver.read()
        if line is not None:
            await line.unplug()
            await line.plug()
            await _speaks(bench)
    assert [hands.pulses(door) for door in (ONE, TWO, NEIGHBOUR) if door[0] == 1 or line] == [0] * (3 if line else 2)


async def _becomes(question: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not question():  # noqa: ASYNC110 - the other side has no bell
            await asyncio.sleep(0.01)


async def _speaks(bench: Bench) -> None:
    """Wait until the boards answer again."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                await bench.driver.read()
            except BoardSilent:
                await asyncio.sleep(0.05)
            else:
                return
