"""Relay boards over Modbus: the whole driver contract over a serial line as well, and what only a bus can do wrong."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from pymodbus import FramerType

from cranny.core.clock import SystemClock
from cranny.core.errors import Conflict, Invalid
from cranny.core.rng import SeededRng
from cranny.edge.drivers import Address, Bench, BoardFault, BoardSilent, Reading, modbus
from cranny.edge.drivers._modbus.bench import Bus, open_bench
from cranny.edge.drivers._modbus.line import Coil
from cranny.edge.drivers._modbus.map import Map, read_map
from cranny.edge.drivers._serial.address import Port
from cranny.edge.drivers.modbus import ModbusBoard, open_board, open_modbus
from tests.contracts.test_drivers import (
    ONE,
    TWO,
    Seen,
    seen,
    test_a_driver_never_pulses_by_itself,
    test_a_fresh_line_is_shut_and_says_what_it_can_say,
    test_a_lock_that_is_not_there_is_a_permanent_fault,
    test_a_pulse_opens_one_door_once,
    test_a_silent_line_is_told_as_silent,
    test_calls_that_overlap_each_reach_their_own_door,
    test_what_a_person_does_is_seen,
)

__all__ = [
    "seen",
    "test_a_driver_never_pulses_by_itself",
    "test_a_fresh_line_is_shut_and_says_what_it_can_say",
    "test_a_lock_that_is_not_there_is_a_permanent_fault",
    "test_a_pulse_opens_one_door_once",
    "test_a_silent_line_is_told_as_silent",
    "test_calls_that_overlap_each_reach_their_own_door",
    "test_what_a_person_does_is_seen",
]

OTHER = (2, 1)


async def _board(where: Map) -> ModbusBoard:
    return await open_modbus(where, clock=SystemClock(), rng=SeededRng(1))


class Line:
    """Two boards on a serial bus, and a third that is not there."""

    def __init__(self, board: ModbusBoard, bus: Bus) -> None:
        self.bus = bus
        self.board = board
        self.bench = Bench(self.board, bus.cabinet)


@pytest.fixture
async def line() -> AsyncIterator[Line]:
    async with open_bench(SeededRng(1), "rtu", units=(1, 2)) as (where, bus):
        found = Line(await _board(where), bus)
        yield found
        await found.board.close()


@pytest.fixture
async def bench(line: Line) -> Bench:
    """What the contract's tests, imported above, run against."""
    line.board.fit([ONE, TWO])
    return line.bench


async def test_two_boards_on_one_bus_each_have_their_own_doors(line: Line) -> None:
    line.board.fit([ONE, OTHER])
    watch = Seen(line.bench)
    await watch.until(OTHER, door_open=False)
    await line.board.pulse(*OTHER)
    await watch.until(OTHER, door_open=True)
    assert (line.bus.cabinet.pulses(ONE), line.bus.cabinet.pulses(OTHER)) == (0, 1)
    assert not (await line.board.read())[ONE].door_open
    watch.task.cancel()


async def test_a_pulse_that_nobody_answers_is_not_sent_again(line: Line) -> None:
    """The board did it, and its answer was lost: what then happened is not known, and a second pulse would be wrong."""
    line.board.fit([ONE])
    await line.board.read()
    line.bus.mute.add(1)
    with pytest.raises(BoardSilent):
        await line.board.pulse(*ONE)
    assert line.bus.cabinet.pulses(ONE) == 1
    assert line.board.meters.boards[1].timeouts == 1


async def test_a_board_that_is_not_there_leaves_the_others_alone(line: Line) -> None:
    line.board.fit([ONE, (3, 1)])
    watch = Seen(line.bench)
    await watch.until(ONE, door_open=False)
    await line.board.pulse(*ONE)
    await watch.until(ONE, door_open=True)
    assert {address for address, _ in watch.told} == {ONE}
    assert set(await line.board.read()) == {ONE}
    with pytest.raises(BoardSilent):
        await line.board.pulse(3, 1)
    watch.task.cancel()


async def test_a_board_that_falls_silent_takes_only_its_own_doors_with_it(line: Line) -> None:
    line.board.fit([ONE, OTHER])
    news: asyncio.Queue[tuple[Address, Reading | None]] = asyncio.Queue()
    watch = asyncio.create_task(line.board.watch(lambda address, reading: news.put_nowait((address, reading))))
    async with asyncio.timeout(5):
        assert {(await news.get())[0], (await news.get())[0]} == {ONE, OTHER}
        line.bus.units.discard(2)
        assert await news.get() == (OTHER, None)
        line.bus.cabinet.force(ONE)
        address, reading = await news.get()
        assert address == ONE
        assert reading is not None
        assert reading.door_open
        line.bus.units.add(2)
        address, reading = await news.get()
        assert address == OTHER
        assert reading is not None
    assert not watch.done()
    watch.cancel()


async def test_an_answer_is_found_behind_noise(line: Line) -> None:
    line.board.fit([ONE])
    line.bus.noise = b"\x01\x82\x55\xaa\x00"
    assert not (await line.board.read())[ONE].door_open
    await line.board.pulse(*ONE)
    tally = line.board.meters.boards[1]
    assert tally.noise_bytes >= 5 * len(line.bus.asked)
    assert tally.checksum_errors > 0
    assert line.bus.cabinet.pulses(ONE) == 1


async def test_the_doors_late_answer_is_not_the_latches() -> None:
    """Three questions have the same shape, and their answers have no number. One comes so late that it answers the
    next: a door that stood open has a latch that does not hold, and nothing inside."""
    async with modbus.bench(clock=SystemClock(), rng=SeededRng(1)) as found:
        assert found.line is not None
        found.driver.fit([ONE])
        shut = (await found.driver.read())[ONE]
        for late_s in (0.6, 0.9, 1.3):
            found.hands.force(ONE)
            found.line.late_s = late_s
            reading = asyncio.create_task(found.driver.read())
            await asyncio.sleep(0.1)
            found.hands.shut(ONE)
            found.line.late_s = 0.0
            assert (await reading)[ONE] == shut


async def test_a_channel_that_the_board_does_not_have_is_refused_for_good(line: Line) -> None:
    line.board.fit([(1, 17)])
    with pytest.raises(BoardFault) as caught:
        await line.board.pulse(1, 17)
    assert caught.value.permanent


async def test_the_port_is_opened_anew_for_as_long_as_it_takes() -> None:
    bus = Bus(SeededRng(1), (1,), FramerType.SOCKET)
    where = Map(Port(host="127.0.0.1", number=await bus.start()))
    board = await _board(where)
    board.fit([ONE])
    assert await board.read()
    await bus.stop()
    for _ in range(3):
        with pytest.raises(BoardSilent):
            await board.read()
    again = Bus(SeededRng(1), (1,), FramerType.SOCKET)
    again.port = where.port.number
    await again.start()
    assert await board.read()
    assert again.cabinet.pulses(ONE) == 0
    await board.close()
    await again.stop()


async def test_a_board_that_keeps_its_own_time_is_only_switched_on(line: Line) -> None:
    where = read_map(f"{line.board.where.port},pulse=momentary,coils=3,inputs=3")
    await line.board.close()
    board = await _board(where)
    board.fit([ONE])
    await board.pulse(*ONE)
    assert line.bus.cabinet.pulses((1, 4)) == 1
    sent = [pdu for pdu in line.bus.asked if isinstance(pdu, Coil)]
    assert [(pdu.address, pdu.value) for pdu in sent] == [(3, 0xFF00)]
    await board.close()


async def test_the_other_polarity_is_a_setting(line: Line) -> None:
    where = read_map(f"{line.board.where.port},shut-bit=0")
    await line.board.close()
    board = await _board(where)
    board.fit([ONE])
    assert (await board.read())[ONE].door_open
    await board.close()


async def test_a_serial_port_has_one_owner(line: Line) -> None:
    line.board.fit([ONE])
    assert await line.board.read()
    with pytest.raises(Conflict, match="one owner"):
        await _board(line.board.where)
    assert await line.board.read()


async def test_a_converter_has_one_owner() -> None:
    bus = Bus(SeededRng(1), (1,), FramerType.SOCKET)
    address = f"tcp://127.0.0.1:{await bus.start()}"
    first = await open_board(address, clock=SystemClock(), rng=SeededRng(1))
    with pytest.raises(Conflict, match="one owner"):
        await open_board(address, clock=SystemClock(), rng=SeededRng(1))
    await first.close()
    again = await open_board(address, clock=SystemClock(), rng=SeededRng(1))
    again.fit([ONE])
    assert await again.read()
    await again.close()
    await bus.stop()


@pytest.mark.parametrize(
    "address",
    [
        "",
        "tcp://",
        "tcp://host:0",
        "/dev/ttyUSB0,pulse=software",
        "/dev/ttyUSB0,pulse-ms=60000",
        "/dev/ttyUSB0,pulse-ms=150",
        "/dev/ttyUSB0,baud=fast",
        "/dev/ttyUSB0,shut-bit=2",
        "tcp://host:502,nonsense=1",
    ],
)
def test_an_address_that_can_t_be_meant_is_refused(address: str) -> None:
    with pytest.raises(Invalid, match="address"):
        read_map(address)


def test_an_address_is_read() -> None:
    words = "baud=19200,parity=even,coils=8,inputs=16,latches=24,shut-bit=0,pulse-ms=500"
    found = read_map(f"/dev/ttyUSB0,{words}")
    assert found == Map(
        Port("/dev/ttyUSB0"), "rtu", 19200, "even", coils=8, inputs=16, latches=24, shut=False, pulse_ms=500
    )
    assert found.flash_steps == 5
    assert read_map("tcp://10.0.0.7:502") == Map(Port(host="10.0.0.7", number=502), "tcp")
    assert read_map("tcp://10.0.0.7:4196,framing=rtu").framing == "rtu"
