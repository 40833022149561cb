"""People who come to take something out: recipients with the code of their message, depositors who take back what
they sent. They mistype, change their minds, forget to shut the door, and come again when it did not work."""

import asyncio
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from cranny.edge.outcomes import Answer, Opened, Refusal
from cranny.sim.dice import Dice
from cranny.sim.oracles.witness import Taker
from cranny.sim.people.day import Day
from cranny.sim.people.lobby import Lobby
from cranny.sim.things import Thing
from cranny.sim.trace import Trace

MISTYPES: Final = 0.2
ONLY_LOOKS: Final = 0.06
FORGETS: Final = 0.06
COMES_AGAIN: Final = 0.2
"""Opens once more to look whether something was left."""
SCANS: Final = 0.3
"""Shows the QR instead of typing."""
AGAIN_S: Final = 240.0
PATIENT_S: Final = 120.0
"""Whoever stands at the keypad for so long because of it goes away."""
TRIES: Final = 8
"""Then people wait for the evening, in which it has to work as soon as their bank has heard of everything."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """What somebody was sent: the code as it is typed (`wrong` is close to it), the QR as it is scanned."""

    grant: UUID
    digits: str
    wrong: str
    symbol: str


class Collector:
    def __init__(
        self,
        taker: Taker,
        ticket: Ticket,
        lobby: Lobby,
        *,
        dice: Dice,
        trace: Trace,
        day: Day,
        is_staff: bool = False,
    ) -> None:
        """Staff leaves what belongs there."""
        self.ticket = ticket
        self.got: list[Thing] = []
        self.done = False
        self.is_staff = is_staff
        self._taker = taker
        self._lobby = lobby
        self._dice = dice
        self._trace = trace
        self._day = day
        self._scans = dice.chance(SCANS)

    async def come(self, *, after: float) -> None:
        """Until it is done, or there is no hope: by day, in the evening, and once more when the banks have had the time
        to hear of everything."""
        await self._pause(after)
        await self._try()
        chances = [("in the evening", self._day.evening), ("late in the evening", self._day.late)]
        for when, wait in chances[: 1 if self.is_staff else 2]:
            if self.done:
                return
            self._trace.count(f"comes back {when}")
            self._trace.say(self._taker.name, f"comes back {when}")
            await wait()
            await self._pause(AGAIN_S)
            await self._try()
        if not self.done:
            self._trace.count("gives up")
            self._trace.say(self._taker.name, "gives up")

    async def _try(self) -> None:
        """Some times. A screen that says nothing has refused nothing: that is none of them. Whose QR is wrong in the
        evening loses heart twice as fast: it was called off, or somebody else collects it now."""
        left = TRIES
        while left > 0 and not self.done:
            if not self._day.over and self._dice.chance(MISTYPES):
                await self._lobby.type_code(self._taker.name, self.ticket.wrong, None)
            before = {door for door in self._lobby.bank.address if not self._lobby.is_open(door)}
            answer = await self._prove()
            left -= answer is not None
            left -= self._scans and self._day.over and isinstance(answer, Refusal) and answer.reason == "wrong"
            await self._met(answer, before)

    async def _prove(self) -> Answer | None:
        ticket = self.ticket
        if self._scans:
            return await self._lobby.scan(self._taker.name, ticket.symbol, ticket.grant)
        waited = 0.0
        async with self._lobby.keypad:
            while True:
                answer = await self._lobby.type_code(self._taker.name, ticket.digits, ticket.grant)
                if not isinstance(answer, Refusal) or answer.reason != "wait" or waited > PATIENT_S:
                    break
                pause = answer.wait_s + self._dice.between(0.1, 2.0)
                waited += pause
                await asyncio.sleep(pause)
        turned_away = isinstance(answer, Refusal) and answer.reason in ("wait", "busy")
        self._trace.count("turned away at the keypad", int(turned_away))
        self._trace.count("proofs at the keypad")
        self._trace.longest("wait at the keypad", waited)
        return answer

    async def _met(self, answer: Answer | None, shut_before: set[str]) -> None:
        match answer:
            case Opened():
                await self._at(answer.door)
            case Refusal(reason="wait"):
                await asyncio.sleep(answer.wait_s + self._dice.between(0.1, 5.0))
            case Refusal(reason="busy"):
                await asyncio.sleep(self._dice.between(20.0, 60.0))
                await self._pause(AGAIN_S)
            case Refusal(reason="exhausted"):
                self._scans = True
            case Refusal(reason="wrong"):
                # The keypad can't tell a code that is off from a wrong one; the QR can.
                self._scans = True
                await self._pause(3 * AGAIN_S)
            case Refusal():
                await self._pause(AGAIN_S)
            case None:
                await asyncio.sleep(self._dice.between(1.0, 3.0))
                sprung = [door for door in self._lobby.open_doors() if door in shut_before]
                if len(sprung) == 1 and any(self._taker.may(thing) for thing in self._lobby.inside(sprung[0])):
                    self._trace.count("taken without an answer")
                    await self._at(sprung[0])
                await self._pause(AGAIN_S)

    async def _at(self, door: str) -> None:
        with self._lobby.standing_at(door):
            await asyncio.sleep(self._dice.between(1.0, 8.0))
            if not self._lobby.is_open(door):
                return
            if self._lobby.sees_inside and not self._day.over and self._dice.chance(ONLY_LOOKS):
                self._trace.count("only looked")
                self._lobby.shut(self._taker.name, door)
                await asyncio.sleep(self._dice.between(2.0, 30.0))
                return
            self.got += self._lobby.take(self._taker, door, only=self._taker.may if self.is_staff else _all)
            self.done = True
            await asyncio.sleep(self._dice.between(0.5, 4.0))
            if self._dice.chance(FORGETS):
                self._trace.count("left open")
                self._trace.say(self._taker.name, f"leaves door {door} open")
                return
            if self._lobby.is_open(door):
                self._lobby.shut(self._taker.name, door)
        if not self._day.over and self._dice.chance(COMES_AGAIN):
            await self._again()

    async def _again(self) -> None:
        await asyncio.sleep(self._dice.between(3.0, 60.0))
        answer = await self._prove()
        if isinstance(answer, Opened):
            self._trace.count("opened again")
            with self._lobby.standing_at(answer.door):
                await asyncio.sleep(self._dice.between(1.0, 5.0))
                if self._lobby.is_open(answer.door):
                    self._lobby.take(self._taker, answer.door, only=self._taker.may if self.is_staff else _all)
                    self._lobby.shut(self._taker.name, answer.door)

    async def _pause(self, mean: float) -> None:
        """Shorter once the day is over."""
        if await self._day.nap(self._dice.soon(mean)):
            await asyncio.sleep(self._dice.between(5.0, 30.0))


def _all(_: Thing) -> bool:
    return True


class Vandal:
    """Types codes at random, and hammers at one locator."""

    def __init__(self, name: str, lobby: Lobby, dice: Dice, day: Day, trace: Trace) -> None:
        self._name = name
        self._lobby = lobby
        self._dice = dice
        self._day = day
        self._trace = trace

    async def play(self, codes: list[str], tries: int) -> None:
        """`codes` are wrong ones of people who wait."""
        victim = codes[self._dice.below(len(codes))] if codes else "000 000 000"
        for _ in range(tries):
            if self._day.over:
                return
            digits = victim if self._dice.chance(0.8) else f"{self._dice.below(10**9):09}"
            async with self._lobby.keypad:
                answer = await self._lobby.type_code(self._name, digits, None)
            await asyncio.sleep(answer.wait_s if isinstance(answer, Refusal) else 1.0)

    async def never_stop(self) -> None:
        """As fast as the keypad lets one, at random."""
        while not self._day.over:
            async with self._lobby.keypad:
                answer = await self._lobby.type_code(self._name, f"{self._dice.below(900 * 10**6):09}", None)
            self._trace.count("pranks")
            await asyncio.sleep(max(0.5, answer.wait_s) if isinstance(answer, Refusal) else 0.5)
