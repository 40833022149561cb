"""Couriers: they bring things, in a hurry, and not always as the screen says."""

import asyncio
from typing import Final
from uuid import UUID

from cranny.edge.outcomes import Answer, Opened, Refusal, ShutFirst, Told
from cranny.sim.dice import Dice
from cranny.sim.people.lobby import Lobby
from cranny.sim.things import Thing
from cranny.sim.trace import Trace

FORGETS: Final = 0.04
"""Leaves the door open behind the parcel."""
CHANGES_MIND: Final = 0.04
KEEPS_OPEN: Final = 0.5
"""Scans the next one for the same person before shutting."""
TRUSTS: Final = 0.5
"""Puts it in though the screen has died."""
LARGER_S: Final = 25.0
"""How long to wait for a larger door."""
HELD_OPEN_S: Final = 80.0
"""Longer than any bank here lets a door stand open without saying so."""


class Courier:
    """One tour to one bank."""

    def __init__(self, name: str, lobby: Lobby, dice: Dice, trace: Trace) -> None:
        self.name = name
        self.left: list[Thing] = []
        """What the courier could not get rid of."""
        self._lobby = lobby
        self._dice = dice
        self._trace = trace
        self._visit: UUID | None = None
        self._unanswered = 0
        """Scans in a row: the door that springs open by and by may be an earlier one's."""

    async def tour(self, load: list[Thing]) -> None:
        async with self._lobby.couriers:
            self._trace.say(self.name, f"comes to {self._lobby.name} with {len(load)}")
            while load:
                await self._bring(load.pop(0), load)
                await asyncio.sleep(self._dice.between(1.0, 6.0))
            if self._visit and self._dice.chance(0.6):
                self._lobby.done(self._visit)

    async def _bring(self, thing: Thing, load: list[Thing]) -> None:
        shut_before = {door for door in self._lobby.bank.address if not self._lobby.is_open(door)}
        answer = await self._scan(thing)
        match answer:
            case Opened():
                self._visit = answer.visit
                await self._at(answer.door, thing, load)
            case Refusal():
                self.left.append(thing)
            case None:
                await asyncio.sleep(self._dice.between(1.0, 3.0))
                await self._without_screen(thing, shut_before)

    async def _scan(self, thing: Thing) -> Answer | None:
        answer = await self._lobby.scan(self.name, thing.tracking)
        self._unanswered = self._unanswered + 1 if answer is None else 0
        return answer

    async def _at(self, door: str, thing: Thing, load: list[Thing]) -> None:
        """The door stands open for `thing`."""
        with self._lobby.standing_at(door):
            await asyncio.sleep(self._dice.between(1.0, 8.0))
            if not self._lobby.is_open(door):
                self.left.append(thing)
                return
            if not self._lobby.has_room(door, thing):
                await self._too_small(door, thing, load)
                return
            if self._lobby.sees_inside and self._dice.chance(CHANGES_MIND):
                self.left.append(thing)
            else:
                self._lobby.put(self.name, door, thing)
                await self._more(door, thing.owner, load)
            await self._leave(door)

    async def _more(self, door: str, owner: UUID, load: list[Thing]) -> None:
        """The next ones of the same person, while the door stands open."""
        while load and load[0].owner == owner and self._dice.chance(KEEPS_OPEN):
            thing = load.pop(0)
            answer = await self._scan(thing)
            if not isinstance(answer, Opened):
                self.left.append(thing)
            elif answer.door != door:
                await self._at(answer.door, thing, load)
            elif not self._lobby.has_room(door, thing):
                await self._too_small(door, thing, load)
            else:
                self._trace.count("joined")
                self._lobby.put(self.name, door, thing)

    async def _too_small(self, door: str, thing: Thing, load: list[Thing]) -> None:
        """It does not go in: ask for a larger door."""
        self._trace.count("too small")
        if self._visit is None:
            raise AssertionError("a door opened without a visit")
        with self._lobby.watching() as screen:
            said = await self._lobby.too_small(self._visit)
            if not isinstance(said, ShutFirst):
                self.left.append(thing)
                await self._not_taken(door)
                return
            await asyncio.sleep(self._dice.between(1.0, 4.0))
            if self._lobby.is_open(door):
                self._lobby.shut(self.name, door)
            larger = await _next_answer(screen)
        if isinstance(larger, Opened):
            self._trace.say(self.name, f"sees the larger door {larger.door} open")
            await self._at(larger.door, thing, load)
        else:
            self.left.append(thing)

    async def _not_taken(self, door: str) -> None:
        """Nobody took in that the parcel is not inside. Where no sensor sees it, a door held open tells."""
        if not self._lobby.sees_inside:
            await asyncio.sleep(HELD_OPEN_S)
        await self._leave(door)

    async def _leave(self, door: str) -> None:
        await asyncio.sleep(self._dice.between(0.5, 4.0))
        if self._dice.chance(FORGETS):
            self._trace.count("left open")
            self._trace.say(self.name, f"leaves door {door} open")
        elif self._lobby.is_open(door):
            self._lobby.shut(self.name, door)

    async def _without_screen(self, thing: Thing, shut_before: set[str]) -> None:
        """No answer came. If one door has sprung open before one's eyes, it must be the one."""
        sprung = [door for door in self._lobby.open_doors() if door in shut_before]
        if len(sprung) != 1:
            self.left.append(thing)
            return
        (door,) = sprung
        with self._lobby.standing_at(door):
            alone = not self._lobby.inside(door) and self._lobby.has_room(door, thing)
            if alone and self._unanswered == 1 and self._dice.chance(TRUSTS):
                self._trace.count("put in without an answer")
                self._lobby.put(self.name, door, thing)
            else:
                self.left.append(thing)
            await self._leave(door)


async def _next_answer(screen: "asyncio.Queue[Told]") -> Opened | Refusal | None:
    try:
        async with asyncio.timeout(LARGER_S):
            while True:
                told = await screen.get()
                if isinstance(told, Opened | Refusal):
                    return told
    except TimeoutError:
        return None
