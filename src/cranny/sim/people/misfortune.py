"""What goes wrong at a bank besides its network: power, locks, doors, the disk, the clock."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from cranny.sim.machines.bank import VirtualBank
from cranny.sim.people.lobby import Lobby
from cranny.sim.trace import Trace
from cranny.sim.troubles import Troubles, pause

AMBUSH: Final = 0.012
"""At each intent, pulse and opened door."""
SKEWS: Final = (timedelta(), timedelta(seconds=3), timedelta(hours=-1), timedelta(days=400), timedelta(days=-4000))


@dataclass(frozen=True, slots=True)
class Far:
    """What goes wrong elsewhere."""

    part: Callable[[], Coroutine[None, None, None]]
    restart: Callable[[], Coroutine[None, None, None]]
    kill: Callable[[], Coroutine[None, None, None]]
    heard: Callable[[str], None]
    """Told of what goes wrong here (`coverage.FAULTS`)."""


class Misfortune:
    """At one bank, until cancelled; then everything works again, except what has burnt."""

    def __init__(
        self, bank: VirtualBank, lobby: Lobby, troubles: Troubles, trace: Trace, *, pace: float, far: Far
    ) -> None:
        self._bank = bank
        self._lobby = lobby
        self._troubles = troubles
        self._trace = trace
        self._pace = pace
        self._far = far
        self._struck: dict[asyncio.Task[None], None] = {}
        self._ways: Sequence[tuple[float, Callable[[], Coroutine[None, None, None]]]] = (
            (troubles.power, self._power),
            (troubles.doors, self._silence),
            (troubles.disks, self._fill),
            (troubles.doors, self._clock),
            (troubles.partitions, far.part),
            (troubles.broker, far.restart),
            (troubles.server, far.kill),
        )
        self._doors = list(bank.address)

    async def strike(self) -> None:
        self._build_in()
        much = self._troubles
        ways: Sequence[tuple[float, float, Callable[[], Awaitable[None]]]] = [
            (1500.0, much.power, self._power),
            (2500.0, much.doors, self._silence),
            (1500.0, much.doors, self._jam),
            (9000.0, much.doors, self._burn),
            (4000.0, much.doors, self._force),
            (6000.0, much.disks, self._fill),
            (2500.0, much.doors, self._clock),
        ]
        try:
            async with asyncio.TaskGroup() as group:
                for usual, factor, strike in ways:
                    group.create_task(self._again(usual, factor, strike))
        finally:
            for task in self._struck:
                task.cancel()
            self._mend()

    def moment(self) -> None:
        """The bank is in the middle of something: perhaps that is when it happens."""
        if self._bank.fates.calm or not self._bank.dice.chance(AMBUSH):
            return
        much, way = self._ways[self._bank.dice.below(len(self._ways))]
        if much:
            task = asyncio.ensure_future(way())
            self._struck[task] = None
            task.add_done_callback(lambda done: self._struck.pop(done, None))

    async def _again(self, usual: float, much: float, strike: Callable[[], Awaitable[None]]) -> None:
        while True:
            await pause(self._bank.dice, usual * self._pace, much)
            await strike()

    def _build_in(self) -> None:
        """Some doors flicker, some are slow, one of them too slow."""
        for door in self._doors:
            if self._bank.dice.chance(0.3):
                self._bank.board.make_bouncy(self._bank.address[door])
        for seconds in (1.2, 2.5, 5.0):
            self._bank.board.make_slow(self._bank.address[self._door()], seconds)

    def _mend(self) -> None:
        board = self._bank.board
        board.power(on=True)
        self._bank.platter.full = False
        for address in self._bank.address.values():
            board.jam(address, jammed=False)
            board.make_slow(address, 0.0)

    def _door(self) -> str:
        return self._doors[self._bank.dice.below(len(self._doors))]

    def _say(self, what: str) -> None:
        self._trace.count(f"misfortune: {what.split(maxsplit=1)[0]}")
        self._trace.say(self._bank.name, f"~~~ {what}")

    async def _power(self) -> None:
        self._bank.cut()

    async def _silence(self) -> None:
        self._say("silence on the line")
        self._far.heard("silent board")
        self._bank.board.power(on=False)
        await asyncio.sleep(self._bank.dice.between(0.5, 60.0))
        self._bank.board.power(on=True)

    async def _jam(self) -> None:
        door = self._door()
        self._say(f"jammed door {door}")
        self._bank.board.jam(self._bank.address[door])
        await asyncio.sleep(self._bank.dice.between(60.0, 1200.0))
        self._bank.board.jam(self._bank.address[door], jammed=False)

    async def _burn(self) -> None:
        door = self._door()
        self._say(f"burnt lock of door {door}")
        self._bank.board.burn(self._bank.address[door])

    async def _force(self) -> None:
        door = self._door()
        if door not in self._lobby.open_doors() and not self._lobby.is_open(door):
            self._say(f"forced door {door}")
            self._bank.board.force(self._bank.address[door])

    async def _fill(self) -> None:
        self._say("full disk")
        self._far.heard("full disk")
        self._bank.platter.full = True
        await asyncio.sleep(self._bank.dice.between(20.0, 300.0))
        self._bank.platter.full = False

    async def _clock(self) -> None:
        self._bank.clock.skew = SKEWS[self._bank.dice.below(len(SKEWS))]
        self._far.heard("clock jump")
        self._say(f"clock off by {self._bank.clock.skew}")
