"""Locks and contacts on pins: what the driver contract can't ask because it knows no pins."""

import asyncio
import threading
from collections.abc import AsyncIterator

import pytest
from gpiozero import PinFactoryFallback
from gpiozero.pins.mock import MockFactory

from cranny.core.clock import SystemClock
from cranny.core.errors import Invalid
from cranny.core.rng import SeededRng
from cranny.edge.drivers import Bench, BoardSilent
from cranny.edge.drivers._pins.bench import MockWiring
from cranny.edge.drivers._pins.pins import PinMap, ZeroPins, read_pins
from cranny.edge.drivers.gpio import GpioBoard, Steady, open_board
from tests.contracts.test_drivers import ONE, TWO, Seen


class Bank:
    def __init__(self) -> None:
        self.wiring = MockWiring(SeededRng(1), channels=2)
        self.board = GpioBoard(self.wiring.where, self.wiring.take, clock=SystemClock(), rng=SeededRng(1))
        self.board.open()
        self.board.fit([ONE, TWO])
        self.bench = Bench(self.board, self.wiring.cabinet)


@pytest.fixture
async def bank() -> AsyncIterator[Bank]:
    found = Bank()
    yield found
    await found.board.close()
    await found.wiring.cabinet.close()


async def test_taking_the_pins_pulses_nothing(bank: Bank) -> None:
    assert {level for _, level in bank.wiring.levels} <= {False}
    await bank.board.read()
    assert bank.wiring.cabinet.pulses(ONE) == bank.wiring.cabinet.pulses(TWO) == 0


@pytest.mark.parametrize("release", ["high", "low"])
def test_a_lock_s_pin_is_at_rest_from_its_first_moment(release: str) -> None:
    factory = MockFactory()
    where = PinMap(locks=(2,), doors=(14,), release=release)  # type: ignore[arg-type]
    pins = ZeroPins(where, factory)
    pin = factory.pin("GPIO2")
    assert pin.function == "output"
    assert pin.state is (release == "low")
    pins.hold(0, released=True)
    pins.hold(0, released=False)
    states = [state.state for state in pin.states][-3:]
    assert states == [release == "low", release == "high", release == "low"]
    pins.close()


async def test_pulses_come_one_after_the_other_and_each_ends(bank: Bank) -> None:
    await asyncio.gather(bank.board.pulse(*ONE), bank.board.pulse(*TWO))
    levels = [each for each in bank.wiring.levels if each[1] or (each[0], True) in bank.wiring.levels]
    first, second = levels[-4][0], levels[-2][0]
    assert levels[-4:] == [(first, True), (first, False), (second, True), (second, False)]


async def test_a_pulse_ends_when_the_event_loop_hangs(bank: Bank) -> None:
    pulse = asyncio.create_task(bank.board.pulse(*ONE))
    await bank.wiring.pulsed.wait()
    threading.Event().wait(0.5)  # nothing else runs on the loop meanwhile
    assert bank.wiring.levels[-1] == (1, False)
    await pulse


async def test_a_pulse_that_nobody_waits_for_any_more_ends(bank: Bank) -> None:
    pulse = asyncio.create_task(bank.board.pulse(*ONE))
    await bank.wiring.pulsed.wait()
    pulse.cancel()
    await asyncio.gather(pulse, return_exceptions=True)
    await bank.board.close()
    assert bank.wiring.levels[-1] == (1, False)
    assert bank.wiring.cabinet.pulses(ONE) <= 1


async def test_pins_that_come_back_are_taken_anew_without_a_pulse(bank: Bank) -> None:
    assert bank.board.meters.connections == 1
    bank.wiring.cabinet.power(on=False)
    for _ in range(3):
        with pytest.raises(BoardSilent):
            await bank.board.read()
    bank.wiring.cabinet.power(on=True)
    watch = Seen(bank.bench)
    await watch.until(ONE, door_open=False)
    assert bank.board.meters.connections == 2
    assert bank.board.meters.boards[1].timeouts == 3
    assert bank.wiring.cabinet.pulses(ONE) == 0
    watch.task.cancel()


def test_a_contact_counts_once_it_stands_still() -> None:
    contact = Steady(0.05)
    assert contact.see(True, 0.0)
    assert contact.see(False, 0.02), "it flickers"
    assert contact.see(True, 0.04)
    assert contact.see(False, 0.06)
    assert contact.see(False, 0.10)
    assert not contact.see(False, 0.11), "it stood still for 50 ms"
    assert not contact.see(True, 0.12), "and this may be the next flicker"
    assert contact.see(True, 0.18)


async def test_a_broken_wire_reads_as_an_open_door(bank: Bank) -> None:
    """The pull-up wins when nothing pulls the pin down: a door that can't be seen is never thought shut."""
    watch = Seen(bank.bench)
    await watch.until(ONE, door_open=False)
    bank.wiring.contact(1, closed=False)
    await watch.until(ONE, door_open=True)
    watch.task.cancel()


@pytest.mark.parametrize(
    "address",
    [
        "",
        "locks=17",
        "locks=17,doors=17",
        "locks=17+27,doors=5",
        "locks=17+17,doors=5+6",
        "locks=a,doors=5",
        "locks=17,doors=5,pulse-ms=60000",
        "locks=17,doors=5,shut=maybe",
        "locks=17,doors=5,chip=gpiochip0",
        "locks=17,doors=5,nonsense=1",
    ],
)
def test_an_address_that_can_t_be_meant_is_refused(address: str) -> None:
    with pytest.raises(Invalid, match="GPIO"):
        read_pins(address)


def test_an_address_is_read() -> None:
    found = read_pins("locks=17+27,doors=5+6,release=low,shut=high,pulse-ms=250,debounce-ms=30,chip=/dev/gpiochip0")
    assert found == PinMap((17, 27), (5, 6), "low", "high", 250, 30, "/dev/gpiochip0")


async def test_a_machine_without_pins_is_a_sentence() -> None:
    with pytest.raises(Invalid, match=r"chip=/dev/gpiochip0|can't be had"), pytest.warns(PinFactoryFallback):
        await open_board("locks=17,doors=5", clock=SystemClock(), rng=SeededRng(1))


async def test_a_chip_that_is_not_there_is_a_sentence() -> None:
    pytest.importorskip("gpiod", reason="the extra `boards` is not installed: pip install 'cranny[boards]'")
    with pytest.raises(Invalid, match="can't be had"):
        await open_board("locks=17,doors=5,chip=/dev/no-such-chip", clock=SystemClock(), rng=SeededRng(1))
