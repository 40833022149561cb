"""A bank in a simulated world: a cabinet, a disk and a clock that outlive the controller, which is the real one."""

import asyncio
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Final
from uuid import UUID

from cranny.core.errors import Conflict
from cranny.core.ids import TimeIds
from cranny.edge.app import Config, Parts, run_controller
from cranny.edge.desk import Desk
from cranny.edge.drivers import Address, Changed, Meters, Reading
from cranny.edge.drivers.simulated import Box, SimulatedBoard
from cranny.edge.identity import Identity
from cranny.edge.outcomes import Told
from cranny.sim.dice import Dice
from cranny.sim.loop import VirtualClock
from cranny.sim.machines.disk import Platter, SimDisk, Written
from cranny.sim.machines.fates import Fates, Life, Section, odds
from cranny.sim.machines.net import Net
from cranny.sim.machines.tap import Asked, Tap
from cranny.sim.trace import Trace
from cranny.sim.troubles import Troubles
from cranny.wire.brokers.memory import Hub
from cranny.wire.kdf import CheapKdf
from cranny.wire.messages import Layout

VERSION: Final = "sim"
OFF_S: Final = 25.0
"""How long the power stays away, on average."""


ROTS: Final = 0.06
"""At each start."""
REPEATS: Final = 0.5
"""So many boards say now and then what they have said before."""
REPEATS_S: Final = 30.0
AT_ONCE: Final = 0.5
"""So often such a one says, right behind a pulse, that the door is still shut."""
NOTICED_S: Final = 20.0
"""Who runs for so long has read the disk."""


class Unnoticed(Exception):
    """The controller worked with what the disk had changed."""


class Screen(Desk):
    """The kiosk's screen, and who looks at it."""

    def __init__(self, board: SimulatedBoard) -> None:
        super().__init__(board)
        self.eyes: list[Callable[[Told], None]] = []

    def tell(self, told: Told) -> None:
        super().tell(told)
        for look in list(self.eyes):
            look(told)


class Wires:
    """The cabinet as one run of the controller sees it."""

    def __init__(self, board: SimulatedBoard, life: Life, fates: Fates, dice: Dice, repeats_s: float) -> None:
        """It repeats itself every `repeats_s` seconds, never where that is 0."""
        self._board = board
        self._life = life
        self._fates = fates
        self._dice = dice
        self._repeats_s = repeats_s
        self._changed: Changed = _nobody

    @property
    def has_content(self) -> bool:
        return self._board.has_content

    @property
    def has_latch(self) -> bool:
        return self._board.has_latch

    @property
    def meters(self) -> Meters:
        return self._board.meters

    def fit(self, addresses: Collection[Address]) -> None:
        self._board.fit(addresses)

    async def pulse(self, unit: int, channel: int) -> None:
        if self._life.over:
            await self._life.die()
        await self._board.pulse(unit, channel)
        if self._repeats_s and not self._fates.calm and self._dice.chance(AT_ONCE):
            self._again((unit, channel))
        if self._fates.strikes(Section.PULSE):
            await self._life.die()

    async def read(self) -> Mapping[Address, Reading]:
        return await self._board.read()

    async def watch(self, changed: Changed) -> None:
        self._changed = changed
        repeating = asyncio.create_task(self._repeat())
        try:
            await self._board.watch(changed)
        finally:
            repeating.cancel()
            self._changed = _nobody

    async def _repeat(self) -> None:
        """Which doors stand open, and one that need not."""
        while self._repeats_s and not self._fates.calm:
            await asyncio.sleep(self._dice.soon(self._repeats_s))
            boxes = self._board.boxes
            for address in boxes:
                if boxes[address].door_open:
                    self._again(address)
            self._again(list(boxes)[self._dice.below(len(boxes))])

    def _again(self, address: Address) -> None:
        last = self._board.boxes[address].last
        if last is not None and self._board.powered:
            self._changed(address, last)

    async def close(self) -> None:
        """The cabinet stays."""


def _nobody(_: Address, __: Reading | None) -> None:
    """Nobody listens."""


class VirtualBank:
    """`released` is told of every lock that is released, with the door's label; `written` of every commit;
    `asked` of every batch that is sent, which tells who is told of its answer."""

    def __init__(
        self,
        name: str,
        identity: Identity,
        layout: Layout,
        *,
        content: bool,
        clock: VirtualClock,
        seed: int,
        troubles: Troubles,
        hub: Hub,
        net: Net,
        trace: Trace,
        released: Callable[[str], None],
        written: Callable[[Written], None],
        asked: Asked,
        path: Path | None,
        beat_s: float,
        pace: float,
    ) -> None:
        self.name = name
        self.identity = identity
        self.layout = layout
        self.clock = clock
        self.address = {box.label: (box.unit, box.channel) for box in layout.compartments}
        self.label = {address: label for label, address in self.address.items()}
        self.dice = Dice(seed, name, "bad luck")
        self.fates = Fates(name, odds(troubles), Dice(seed, name, "fates"), trace)
        self.board = SimulatedBoard(
            rng=Dice(seed, name, "board"), content=content, released=lambda address: released(self.label[address])
        )
        self.board.boxes.update({address: Box() for address in self.label})
        self.screen = Screen(self.board)
        self.platter = Platter(path, written)
        self._rng = Dice(seed, name, "controller")
        self._disk_dice = Dice(seed, name, "disk")
        self._hub = hub
        self._net = net
        self._trace = trace
        self._asked = asked
        self._beat_s = beat_s
        self._rot_dice = Dice(seed, name, "rot")
        self._much_rot = troubles.rot
        self._line_dice = Dice(seed, name, "line")
        self._repeats_s = REPEATS_S * pace if troubles.doors and self._line_dice.chance(REPEATS) else 0.0
        self._life = Life()

    @property
    def id(self) -> UUID:
        return self.identity.bank

    async def live(self) -> None:
        """Power on, until it goes; off for a while; on again. Raises Conflict when the controller refuses its own
        journal."""
        while True:
            await self._perhaps_rotten()
            off = 2.0 if self.fates.calm else self.dice.soon(OFF_S)
            self._trace.say(self.name, f"off for {off:.0f} s")
            await asyncio.sleep(off)

    def cut(self) -> None:
        """The power goes."""
        if not self._life.over:
            self.fates.note(Section.IDLE)
            self._life.end()

    async def close(self) -> None:
        await self.board.close()
        await self.platter.close()

    async def _perhaps_rotten(self) -> None:
        """A life; perhaps on a disk that has changed meanwhile, which is found before anything else happens."""
        flipped = None
        if not self.fates.calm and self._rot_dice.chance(ROTS * self._much_rot):
            flipped = await self.platter.rot(self._rot_dice)
        if flipped is None:
            await self._one_life()
            return
        self._trace.count("misfortune: rot")
        self.fates.heard("bit rot")
        self._trace.say(self.name, f"~~~ a bit of {flipped.place.name} has flipped")
        began = self.clock.monotonic()
        try:
            await self._one_life()
        except Conflict:
            self._trace.count("rot found")
        else:
            if self.clock.monotonic() - began > NOTICED_S:
                raise Unnoticed(f"a flipped bit of {flipped.place.name} was served")
        await self.platter.heal(flipped)

    async def _one_life(self) -> None:
        life = self._life = Life()
        broker = self._net.join(self._hub, self.name)
        parts = Parts(
            clock=self.clock,
            rng=self._rng,
            ids=TimeIds(self.clock, self._rng),
            disk=SimDisk(self.platter, life, self.fates, self._disk_dice),
            broker=Tap(broker, self.identity, self._asked),
            kdf=CheapKdf(),
            driver=Wires(self.board, life, self.fates, self._line_dice, self._repeats_s),
        )
        config = Config(self.identity, VERSION, port=None, beat_s=self._beat_s)
        program = asyncio.create_task(run_controller(config, parts, self.screen))
        death = asyncio.create_task(life.ended())
        try:
            await asyncio.wait({program, death}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            life.end()
            conflict = program.exception() if program.done() and not program.cancelled() else None
            for task in (program, death):
                task.cancel()
            await asyncio.gather(program, death, return_exceptions=True)
            await broker.close()
            await self.platter.power_off()
        if isinstance(conflict, Conflict):
            raise conflict
