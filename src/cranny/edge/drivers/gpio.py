"""Locks and door contacts on the pins of the computer itself, through drivers or relays.

A pin has no clock of its own: a thread ends each pulse, whatever the event loop does meanwhile. What no thread
survives is the death of the process in those few hundred milliseconds; then the lock stays energised until the next
start drives it to rest. A cabinet whose locks do not bear that needs a board that times its own pulses.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Final

from gpiozero import GPIOZeroError

from cranny.core.clock import Clock
from cranny.core.errors import Invalid
from cranny.core.rng import Rng
from cranny.edge.devices import PINS
from cranny.edge.drivers import Address, Bench, BoardFault, BoardSilent, Changed, Driver, Meters, Reading, Tally
from cranny.edge.drivers._pins.pins import ChipPins, PinMap, Pins, TakePins, ZeroPins, read_pins
from cranny.edge.drivers._polling import Poller

NEEDS: Final = PINS
UNIT: Final = 1
EVERY_S: Final = 0.02


class GpioBoard:
    def __init__(self, where: PinMap, take: TakePins, *, clock: Clock, rng: Rng) -> None:
        self.has_content = False
        self.has_latch = False
        self._where = where
        self._take = take
        self._pins: Pins | None = None
        self._taken = 0
        self._tally = Tally()
        self._clock = clock
        self._poller = Poller(self._ask, clock=clock, rng=rng, every_s=EVERY_S)
        self._doors = [Steady(where.debounce_ms / 1000) for _ in where.doors]
        self._hand = ThreadPoolExecutor(1, thread_name_prefix="locks")  # one: two locks at once ask much of a supply

    @property
    def meters(self) -> Meters:
        return Meters(self._pins is not None, self._taken, {UNIT: self._tally})

    def fit(self, addresses: Collection[Address]) -> None:
        self._poller.fit(addresses)

    async def pulse(self, unit: int, channel: int) -> None:
        if (unit, channel) not in self._poller or unit != UNIT or not 1 <= channel <= len(self._where.locks):
            raise BoardFault(f"There is no lock {channel} on board {unit}.", permanent=True)
        loop = asyncio.get_running_loop()
        try:
            pins = self._open()
            await asyncio.shield(loop.run_in_executor(self._hand, self._release, pins, channel - 1))
        except OSError as error:
            raise self._lost(error) from error

    async def read(self) -> Mapping[Address, Reading]:
        return await self._poller.read()

    async def watch(self, changed: Changed) -> None:
        await self._poller.watch(changed)

    async def close(self) -> None:
        await asyncio.to_thread(self._hand.shutdown)  # a pulse ends before the pins are let go
        self._let_go()

    def open(self) -> None:
        """Take the pins now: every lock at rest. Raises Invalid, code `board-address-invalid`, when that can't be."""
        try:
            self._open()
        except ImportError as error:
            raise Invalid(
                f"The library for these pins is missing ({error}): pip install 'cranny[boards]', and name "
                "the chip as chip=/dev/gpiochip0.",
                code="board-address-invalid",
            ) from error
        except (OSError, GPIOZeroError) as error:
            raise Invalid(f"These pins can't be had: {error}", code="board-address-invalid") from error

    def _release(self, pins: Pins, lock: int) -> None:
        pins.hold(lock, released=True)
        try:
            threading.Event().wait(self._where.pulse_ms / 1000)
        finally:
            pins.hold(lock, released=False)

    async def _ask(self, unit: int) -> Mapping[Address, Reading]:
        try:
            shut = self._open().shut()
        except OSError as error:
            raise self._lost(error) from error
        self._tally.requests += 1
        now = self._clock.monotonic()
        return {
            (unit, channel): Reading(door_open=not self._doors[channel - 1].see(shut[channel - 1], now))
            for channel in self._poller.fitted(unit)
            if unit == UNIT and 1 <= channel <= len(shut)
        }

    def _open(self) -> Pins:
        if self._pins is None:
            self._pins = self._take(self._where)
            self._taken += 1
        return self._pins

    def _lost(self, error: OSError) -> BoardSilent:
        self._tally.timeouts += 1
        self._let_go()
        return BoardSilent(f"The pins do not answer: {error}")

    def _let_go(self) -> None:
        pins, self._pins = self._pins, None
        if pins is not None:
            try:
                pins.close()
            except OSError:
                self._tally.timeouts += 1  # they are gone, and can't be given back


class Steady:
    """A contact counts once it has stood still for `for_s`."""

    def __init__(self, for_s: float) -> None:
        self._for_s = for_s
        self._value: bool | None = None
        self._since: float | None = None

    def see(self, raw: bool, now: float) -> bool:
        """What counts, having seen `raw` at the moment `now`."""
        if self._value is None:
            self._value = raw
        if raw == self._value:
            self._since = None
        elif self._since is None:
            self._since = now
        if self._since is not None and now - self._since >= self._for_s:
            self._value, self._since = raw, None
        return self._value


async def open_board(address: str, *, clock: Clock, rng: Rng) -> Driver:
    """`address` as in `_pins.pins.read_pins`. Raises Invalid, code `board-address-invalid`."""
    where = read_pins(address)
    board = GpioBoard(where, ChipPins if where.chip else ZeroPins, clock=clock, rng=rng)
    await asyncio.to_thread(board.open)
    return board


@asynccontextmanager
async def bench(*, clock: Clock, rng: Rng) -> AsyncIterator[Bench]:
    """On gpiozero's mock pins."""
    from cranny.edge.drivers._pins.bench import MockWiring

    wiring = MockWiring(rng, channels=4)
    board = GpioBoard(wiring.where, wiring.take, clock=clock, rng=rng)
    board.open()
    yield Bench(board, wiring.cabinet)
    await board.close()
    await wiring.cabinet.close()
