"""The doors as they are at this moment: every reading goes through the door's table (`wire.doors`).

Contacts bounce, so a reading counts once it has stood still for a moment; only an opening that we wait for
counts at once.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from cranny.core.lifecycle import Move
from cranny.edge.drivers import Address, Reading
from cranny.wire.doors import DOOR, Door, Happening
from cranny.wire.messages import CompartmentGiven

STEADY_S: Final = 0.3

Surprised = Callable[[str, Door, Move[Door]], None]
"""Told with (label, state before, row) when a door moves by itself and the row says what to journal."""


@dataclass(slots=True)
class LiveDoor:
    """`reading` is the last one; `state` follows the steady ones."""

    state: Door = DOOR.start
    reading: Reading | None = None
    timer: asyncio.TimerHandle | None = None
    changed: asyncio.Event = field(default_factory=asyncio.Event)


class Wall:
    def __init__(self, surprised: Surprised, moved: Callable[[str], None]) -> None:
        """`moved` is told with the label whenever a door's state changes."""
        self.unfit: Mapping[str, str] = {}
        """Doors that nothing is put behind now, and why: what their sensors say, or don't."""
        self._doors: dict[str, LiveDoor] = {}
        self._labels: dict[Address, str] = {}
        self._surprised = surprised
        self._moved = moved

    def fit(self, boxes: Mapping[str, CompartmentGiven]) -> None:
        """The doors there are. What is known of those that stay is kept."""
        self._labels = {(box.unit, box.channel): label for label, box in boxes.items()}
        for label in boxes:
            self._doors.setdefault(label, LiveDoor())

    def state(self, label: str) -> Door:
        """A door that was never fitted is unseen."""
        door = self._doors.get(label)
        return door.state if door else Door.UNSEEN

    def content(self, label: str) -> bool | None:
        """What the content sensor says now."""
        door = self._doors.get(label)
        return door.reading.content if door and door.reading else None

    def ready(self, label: str) -> bool:
        """Shut and held: it may be released."""
        door = self._doors.get(label)
        return bool(door and door.state is Door.SHUT and door.reading and door.reading.secured)

    def fit_for_use(self, label: str) -> bool:
        """Nothing is known against putting something in."""
        return label not in self.unfit

    def stands_open(self, label: str) -> bool:
        """The sensor says open at this very moment."""
        door = self._doors.get(label)
        return bool(door and door.reading and door.reading.door_open)

    def blind(self) -> bool:
        """Not one door can be seen."""
        return all(door.reading is None for door in self._doors.values())

    def sense(self, address: Address, reading: Reading | None) -> None:
        """A raw reading, as the driver tells it; None when it can't see this door any more."""
        label = self._labels.get(address)
        if label is None:
            return
        door = self._doors[label]
        if reading is None:
            self._lose(label, door)
            return
        if door.timer is not None:
            door.timer.cancel()
        door.reading = reading
        if reading.door_open and door.state is Door.RELEASED:
            self.happen(label, Happening.OPENED)
        door.timer = asyncio.get_running_loop().call_later(STEADY_S, self._steady, label, reading)

    def silent(self) -> None:
        """The board does not answer: nothing is known any more."""
        for label, door in self._doors.items():
            self._lose(label, door)

    def happen(self, label: str, happening: Happening) -> Door:
        """Move the door; returns its new state. Raises Refused when it can't be released now."""
        door = self._doors.setdefault(label, LiveDoor())
        before, move = door.state, DOOR.move(door.state, happening)
        if move.to is before:
            return before
        door.state = move.to
        changed, door.changed = door.changed, asyncio.Event()
        changed.set()
        self._moved(label)
        self._surprised(label, before, move)
        return move.to

    async def leaves(self, label: str, state: Door, timeout: float | None) -> Door:
        """Wait until the door is not in `state` any more, `timeout` seconds at most; returns where it is then."""
        door = self._doors.setdefault(label, LiveDoor())
        if door.state is state:
            try:
                async with asyncio.timeout(timeout):
                    await door.changed.wait()
            except TimeoutError:
                pass
        return door.state

    def close(self) -> None:
        """Let no timer act any more."""
        for door in self._doors.values():
            if door.timer is not None:
                door.timer.cancel()

    def _lose(self, label: str, door: LiveDoor) -> None:
        if door.timer is not None:
            door.timer.cancel()
        door.reading = None
        self.happen(label, Happening.SILENT)

    def _steady(self, label: str, reading: Reading) -> None:
        if reading.door_open:
            self.happen(label, Happening.OPENED)
        elif reading.secured:
            self.happen(label, Happening.SHUT)
