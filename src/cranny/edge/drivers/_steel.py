"""A cabinet behind a lock board's simulated line: doors that spring open when their lock is released, and hands."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from cranny.core.errors import Refused
from cranny.core.rng import Rng
from cranny.edge.drivers import Address

SPRING_MS: Final = (60, 250)
"""From release to a door that is open."""


@dataclass(slots=True)
class Steel:
    """One compartment as it physically is."""

    door_open: bool = False
    jammed: bool = False
    pulses: int = 0
    things: list[object] = field(default_factory=list)


class Cabinet:
    """`moved` is called with the address after a door or its contents changed. `powered`: whether the board speaks."""

    def __init__(self, rng: Rng, moved: Callable[[Address], None] = lambda _: None) -> None:
        self.boxes: dict[Address, Steel] = {}
        self.moved = moved
        self.powered = True
        self._rng = rng
        self._springs: set[asyncio.Task[None]] = set()

    def box(self, address: Address) -> Steel:
        return self.boxes.setdefault(address, Steel())

    def release(self, address: Address) -> None:
        """The board lets the lock go once."""
        box = self.box(address)
        box.pulses += 1
        if not box.jammed and not box.door_open:
            task = asyncio.create_task(self._spring(address))
            self._springs.add(task)
            task.add_done_callback(self._springs.discard)

    async def close(self) -> None:
        for task in list(self._springs):
            task.cancel()
        await asyncio.gather(*self._springs, return_exceptions=True)

    # ------------------------------------------------------------ hands

    def put(self, address: Address, thing: object = "parcel") -> None:
        self._opened(address).things.append(thing)
        self.moved(address)

    def take(self, address: Address) -> list[object]:
        box = self._opened(address)
        things, box.things = box.things, []
        self.moved(address)
        return things

    def shut(self, address: Address) -> None:
        self._set(address, door_open=False)

    def force(self, address: Address) -> None:
        self._set(address, door_open=True)

    def jam(self, address: Address, *, jammed: bool = True) -> None:
        self.box(address).jammed = jammed

    def power(self, *, on: bool) -> None:
        self.powered = on

    def pulses(self, address: Address) -> int:
        return self.box(address).pulses

    # ------------------------------------------------------------ physics

    def _opened(self, address: Address) -> Steel:
        box = self.box(address)
        if not box.door_open:
            raise Refused("The door is shut.", code="door-shut")
        return box

    def _set(self, address: Address, *, door_open: bool) -> None:
        self.box(address).door_open = door_open
        self.moved(address)

    async def _spring(self, address: Address) -> None:
        low, high = SPRING_MS
        await asyncio.sleep((low + self._rng.below(high - low)) / 1000)
        self._set(address, door_open=True)
