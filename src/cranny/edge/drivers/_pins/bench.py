"""gpiozero's mock pins, wired to a cabinet: for tests and for trying out."""

import asyncio
import errno
from typing import Any

from gpiozero.pins.mock import MockFactory, MockPin

from cranny.core.rng import Rng
from cranny.edge.drivers import Address
from cranny.edge.drivers._pins.pins import PinMap, Pins, ZeroPins
from cranny.edge.drivers._steel import Cabinet

FIRST_DOOR = 14
"""Locks are on the pins below."""


class MockWiring:
    """`levels` is what each lock's pin went through, as (channel, high)."""

    def __init__(self, rng: Rng, *, channels: int) -> None:
        self.cabinet = Cabinet(rng, self._moved)
        self.where = PinMap(
            locks=tuple(range(2, 2 + channels)),
            doors=tuple(range(FIRST_DOOR, FIRST_DOOR + channels)),
            pulse_ms=50,
            debounce_ms=20,
        )
        self.levels: list[tuple[int, bool]] = []
        self.pulsed = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._factory: Any = None

    def take(self, where: PinMap) -> Pins:
        if not self.cabinet.powered:
            raise _gone()
        wiring = self

        class Pin(MockPin):  # type: ignore[misc] # gpiozero has no types
            """Tells of its level from whichever thread sets it."""

            def _get_state(self) -> Any:
                if not wiring.cabinet.powered:
                    raise _gone()
                return super()._get_state()

            def _set_state(self, value: Any) -> None:
                if not wiring.cabinet.powered:
                    raise _gone()
                super()._set_state(value)
                if self.info.name.startswith("GPIO") and (pin := int(self.info.name[4:])) in where.locks:
                    wiring.driven(where.locks.index(pin) + 1, bool(value))

        self._factory = MockFactory(pin_class=Pin)
        pins = ZeroPins(where, self._factory)
        for channel in range(1, len(where.doors) + 1):
            self._moved((1, channel))
        return pins

    def driven(self, channel: int, level: bool) -> None:
        before = next((high for its, high in reversed(self.levels) if its == channel), False)
        self.levels.append((channel, level))
        if level and not before:
            self._loop.call_soon_threadsafe(self._released, channel)

    def _released(self, channel: int) -> None:
        self.pulsed.set()
        self.cabinet.release((1, channel))

    def contact(self, channel: int, *, closed: bool) -> None:
        """What the door's contact does, whatever the door does. A closed contact pulls the pin low."""
        pin = self._factory.pin(f"GPIO{self.where.doors[channel - 1]}")
        if closed:
            pin.drive_low()
        else:
            pin.drive_high()

    def _moved(self, address: Address) -> None:
        if self._factory is not None and address[1] <= len(self.where.doors):
            self.contact(address[1], closed=not self.cabinet.box(address).door_open)


def _gone() -> OSError:
    return OSError(errno.ENODEV, "the expander is not there")
