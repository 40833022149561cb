"""The recipient: reads letters, comes when it suits, types the code, takes what is behind the door, shuts it."""

import asyncio
from typing import Final

from cranny.edge.outcomes import Opened, Refusal
from cranny.sim.city.hours import Hours
from cranny.sim.city.kiosk import Kiosk
from cranny.sim.city.ledger import Ledger
from cranny.sim.city.letters import Letter
from cranny.sim.city.model import Parcel, Person, Quirk, by_day

TRIES: Final = 6
PAUSE_S: Final = 0.4
PASSING: Final = frozenset({"busy", "wait", "not_ready"})
THINKS_S: Final = 1.0
COMES_BACK_H: Final = 1.0
"""Whoever left something behind notices and comes again."""


class Recipient:
    def __init__(self, person: Person, kiosk: Kiosk, ledger: Ledger, hours: Hours) -> None:
        self._person = person
        self._kiosk = kiosk
        self._ledger = ledger
        self._hours = hours
        self._meant: set[int] = set()
        """The parcels that this person has planned to fetch."""

    async def read(self, letter: Letter) -> None:
        """A letter came. One that tells a new code makes its reader come, some day; or later than the city lives."""
        codes = self._ledger.codes[self._person.email]
        if letter.code is None or letter.code in codes:
            return
        codes[letter.code] = False
        parcel = self._next()
        if parcel is None:
            return
        due = by_day(self._ledger.since[parcel.number] + parcel.dwell, parcel.whim)
        if due > self._hours.horizon:
            return
        await self._hours.until(due)
        await self._fetch(letter.code, parcel.quirk)

    def _next(self) -> Parcel | None:
        waiting = [parcel for parcel in self._ledger.waiting(self._person) if parcel.number not in self._meant]
        if not waiting:
            return None
        first = min(waiting, key=lambda parcel: self._ledger.since[parcel.number])
        door = next(parcels for parcels in self._ledger.behind.values() if first in parcels)
        self._meant.update(parcel.number for parcel in door)
        return first

    async def _fetch(self, code: str, quirk: Quirk) -> None:
        if quirk is Quirk.LEFT and self._kiosk.sees:
            if not await self._look(code):
                return
            await self._hours.until(self._hours.now() + COMES_BACK_H)
        async with self._kiosk.screen:
            if quirk is Quirk.MISTYPED:
                await self._mistype(code)
            opened = await self._type(code)
            if opened is None:
                return
            self._ledger.codes[self._person.email][code] = True
            await self._take(opened)
            if quirk is Quirk.FORGOTTEN:
                await self._again(code)

    async def _take(self, opened: Opened) -> None:
        await self._kiosk.hands(opened.door, "take")
        self._ledger.take((self._kiosk.number, opened.door), by=self._person)
        await self._kiosk.hands(opened.door, "shut")

    async def _look(self, code: str) -> bool:
        """Open the door and shut it again with everything inside."""
        async with self._kiosk.screen:
            opened = await self._type(code)
            if opened is not None:
                self._ledger.deeds["door shut with the parcel inside"] += 1
                await self._kiosk.hands(opened.door, "shut")
        return opened is not None

    async def _mistype(self, code: str) -> None:
        last = (int(code[-1]) + 1) % 10
        answer = await self._kiosk.code(code[:-1] + str(last))
        if isinstance(answer, Opened):
            self._ledger.find("I1", self._kiosk.number, "a mistyped code opened a door")
            await self._take(answer)
            return
        self._ledger.refusals["collection", f"{answer.reason} (mistyped)"] += 1

    async def _again(self, code: str) -> None:
        """Something may have been left: the same code opens the same door for a while."""
        await asyncio.sleep(THINKS_S)
        answer = await self._try(code)
        if isinstance(answer, Opened):
            self._ledger.deeds["door opened once more"] += 1
            await self._kiosk.hands(answer.door, "shut")
        else:
            self._ledger.refusals["collection", f"{answer.reason} (once more)"] += 1

    async def _type(self, code: str) -> Opened | None:
        """None when it does not open: then nothing of theirs may lie there any more."""
        answer = await self._try(code)
        if isinstance(answer, Opened):
            return answer
        self._ledger.refusals["collection", answer.reason] += 1
        waiting = self._ledger.waiting(self._person)
        if answer.reason == "wrong" and waiting and not any(one.tracking in self._ledger.recalled for one in waiting):
            self._ledger.find("I1", self._kiosk.number, f"{self._person.email} typed the right code and was refused")
        return None

    async def _try(self, code: str) -> Opened | Refusal:
        for _ in range(TRIES):
            began = self._hours.real()
            answer = await self._kiosk.code(code)
            if isinstance(answer, Opened):
                self._ledger.to_open.append(self._hours.real() - began)
                break
            if answer.reason not in PASSING:
                break
            await asyncio.sleep(max(PAUSE_S, answer.wait_s))
        return answer
