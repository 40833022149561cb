"""A cabinet of no steel at all, with the physics that matter: latches, springs, bounces, jams, wires.

It outlives the controller, as a real cabinet does: things stay inside, doors stay open, and what was released a
moment before the power failed still swings open. With a file for its world it outlives the process as well.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from cranny.core.clock import Clock
from cranny.core.errors import Invalid, Refused
from cranny.core.rng import Rng
from cranny.edge.drivers import Address, Bench, BoardFault, BoardSilent, Changed, Driver, Meters, Reading
from cranny.edge.drivers._world import Box, World

__all__ = ["Box", "SimulatedBoard", "bench", "open_board"]

LINE_S = 0.02
"""A command's way over the line."""
SPRING_MS = (60, 250)
"""From release to a door that is seen open."""
BOUNCE_S = 0.015
FALLS_SHUT_S = 8.0
"""Time to see it open and to press a key."""


class SimulatedBoard:
    """`released` is called with the address whenever a lock is released: the physical truth for an oracle. `world`
    is where that truth is found at the start, and kept."""

    def __init__(
        self,
        *,
        rng: Rng,
        content: bool = True,
        latch: bool = True,
        released: Callable[[Address], None] | None = None,
        world: World | None = None,
        falls_shut_s: float = 0.0,
    ) -> None:
        """`falls_shut_s` after it was released a door falls shut by itself; 0: it waits for a hand."""
        self.has_content = content
        self.has_latch = latch
        self.meters = Meters()
        self.powered = True
        self.beeps = 0
        self.boxes: dict[Address, Box] = world.read() if world else {}
        self._fitted: dict[Address, None] = {}  # in order, as below
        self._world = world
        self._falls_shut_s = falls_shut_s
        self._rng = rng
        self._released = released
        self._line = asyncio.Lock()
        self._watchers: dict[Changed, asyncio.Event] = {}
        self._motions: dict[asyncio.Task[None], None] = {}  # in order, so that a simulated day repeats itself

    # ------------------------------------------------------------ the driver's side

    def fit(self, addresses: Collection[Address]) -> None:
        for address in addresses:
            if address not in self._fitted:
                self._fitted[address] = None
                self.boxes.setdefault(address, Box()).last = None
                self._tell(address)

    async def pulse(self, unit: int, channel: int) -> None:
        async with self._line:
            await asyncio.sleep(LINE_S)
            if not self.powered:
                raise BoardSilent("The lock board does not answer.")
            box = self.boxes.get((unit, channel))
            if box is None:
                raise BoardFault(f"There is no lock {channel} on board {unit}.", permanent=True)
            if box.burnt:
                raise BoardFault(f"The lock {channel} on board {unit} draws no current.", permanent=True)
            swings = not box.jammed and not box.door_open
            box.pulses, box.latched = box.pulses + 1, box.latched and not swings
            self._keep()
            if self._released is not None:
                self._released((unit, channel))
            if swings:
                self._move(self._spring((unit, channel), box))

    async def read(self) -> Mapping[Address, Reading]:
        async with self._line:
            await asyncio.sleep(LINE_S)
            if not self.powered:
                raise BoardSilent("The lock board does not answer.")
            return {address: self._reading(self.boxes[address]) for address in self._fitted}

    async def watch(self, changed: Changed) -> None:
        dark = self._watchers[changed] = asyncio.Event()
        try:
            for address, reading in (await self.read()).items():
                self.boxes[address].last = reading
                changed(address, reading)
            await dark.wait()
        finally:
            del self._watchers[changed]
        raise BoardSilent("The lock board fell silent.")

    async def beep(self) -> None:
        self.beeps += 1

    async def close(self) -> None:
        for task in self._motions:
            task.cancel()
        await asyncio.gather(*self._motions, return_exceptions=True)

    # ------------------------------------------------------------ hands and bad luck

    def put(self, address: Address, thing: object = "parcel") -> None:
        self._opened(address).things.append(thing)
        self._changed(address)

    def take(self, address: Address) -> list[object]:
        box = self._opened(address)
        things, box.things = box.things, []
        self._changed(address)
        return things

    def shut(self, address: Address) -> None:
        box = self.boxes[address]
        was_open, box.door_open, box.latched = box.door_open, False, True
        self._changed(address)
        if was_open and box.bounces:
            self._move(self._bounce(address, box))

    def force(self, address: Address) -> None:
        box = self.boxes[address]
        box.door_open, box.latched = True, False
        self._changed(address)

    def jam(self, address: Address, *, jammed: bool = True) -> None:
        self.boxes[address].jammed = jammed
        self._keep()

    def burn(self, address: Address) -> None:
        """The coil is gone: the board notices that no current flows."""
        self.boxes[address].burnt = True
        self._keep()

    def make_slow(self, address: Address, seconds: float) -> None:
        """A door that takes so much longer to swing open."""
        self.boxes[address].slow_s = seconds
        self._keep()

    def make_bouncy(self, address: Address) -> None:
        """A door switch that flickers after the door falls shut."""
        self.boxes[address].bounces = True
        self._keep()

    def break_sensor(self, address: Address, shows: bool | None = None) -> None:
        """From now on the content sensor says `shows`, whatever is inside."""
        box = self.boxes[address]
        box.content_broken, box.shown_content = True, shows
        self._changed(address)

    def power(self, *, on: bool) -> None:
        self.powered = on
        if not on:
            for dark in self._watchers.values():
                dark.set()

    def pulses(self, address: Address) -> int:
        return self.boxes[address].pulses

    def is_open(self, address: Address) -> bool:
        return self.boxes[address].door_open

    def inside(self, address: Address) -> list[object]:
        """What physically lies there, whatever any sensor says."""
        return list(self.boxes[address].things)

    # ------------------------------------------------------------ physics

    def _opened(self, address: Address) -> Box:
        box = self.boxes[address]
        if not box.door_open:
            raise Refused("The door is shut.", code="door-shut")
        return box

    async def _spring(self, address: Address, box: Box) -> None:
        low, high = SPRING_MS
        await asyncio.sleep((low + self._rng.below(high - low)) / 1000 + box.slow_s)
        if box.latched:  # pushed shut since: what was released has been held again
            return
        box.door_open = True
        self._changed(address)
        if self._falls_shut_s:
            await asyncio.sleep(self._falls_shut_s)
            self.shut(address)

    async def _bounce(self, address: Address, box: Box) -> None:
        for _ in range(1 + self._rng.below(3)):
            for bouncing in (True, False):
                await asyncio.sleep(BOUNCE_S)
                box.bouncing = bouncing
                self._tell(address)

    def _move(self, motion: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(motion)
        self._motions[task] = None
        task.add_done_callback(self._motions.pop)

    def _reading(self, box: Box) -> Reading:
        content: bool | None = None
        if self.has_content:
            content = box.shown_content if box.content_broken else bool(box.things)
        return Reading(box.door_open or box.bouncing, box.latched if self.has_latch else None, content)

    def _changed(self, address: Address) -> None:
        self._keep()
        self._tell(address)

    def _keep(self) -> None:
        if self._world is not None:
            self._world.write(self.boxes)

    def _tell(self, address: Address) -> None:
        box = self.boxes[address]
        reading = self._reading(box)
        if reading == box.last or not self.powered or address not in self._fitted:
            return
        box.last = reading
        for changed in list(self._watchers):
            changed(address, reading)


async def open_board(address: str, *, clock: Clock, rng: Rng) -> Driver:  # noqa: ARG001 - springs need no clock
    """`address`, all of it optional and after commas: `no-content` for a cabinet that can't see inside, `falls-shut`
    for one whose doors do so by themselves (to rehearse commissioning, where nobody has hands at a simulated door), and
    the absolute path of the file of its world. Raises Invalid, codes `board-address-invalid` and `world-invalid`."""
    content, falls_shut_s, world = True, 0.0, None
    for word in filter(None, address.split(",")):
        if word == "no-content":
            content = False
        elif word == "falls-shut":
            falls_shut_s = FALLS_SHUT_S
        elif word.startswith("/"):
            world = World(Path(word))
        else:
            raise Invalid(
                f"A simulated board has no {word!r}: no-content, falls-shut, /path/world.json",
                code="board-address-invalid",
            )
    return SimulatedBoard(rng=rng, content=content, world=world, falls_shut_s=falls_shut_s)


@asynccontextmanager
async def bench(*, clock: Clock, rng: Rng) -> AsyncIterator[Bench]:  # noqa: ARG001 - springs need no clock
    board = SimulatedBoard(rng=rng)
    yield Bench(board, board)
    await board.close()
