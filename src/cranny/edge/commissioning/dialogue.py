"""Door after door: release the line, ask what opened, see which contact moved, wait until it is shut again.

All is well with one key per door. Nothing is released but in answer to a key of the person at the bank.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping
from typing import Final, Protocol

from cranny.core.errors import CrannyError
from cranny.core.ids import Ids
from cranny.edge.commissioning.findings import Finding, Seen, judge, moved
from cranny.edge.commissioning.ledger import Ledger
from cranny.edge.commissioning.notes import Notes
from cranny.edge.drivers import Address, BoardFault, BoardSilent, Driver, Reading

OPEN_S: Final = 1.5
"""A contact that has not moved so long after the person has spoken does not move."""
SHUT_S: Final = 20.0
LISTEN_S: Final = 10.0
"""For the board's first word."""
AGAIN_S: Final = 1.0
TRIES: Final = 3


class Technician(Protocol):
    """The person at the bank."""

    def say(self, text: str) -> None: ...

    async def ask(self, question: str) -> str:
        """One line, without its end."""
        ...


class Stopped(CrannyError):
    """The person has stopped; what was found is kept."""

    code = "commissioning-stopped"


class Commission:
    """`doors` are all doors of the bank, by label, with the addresses that they are meant to have."""

    def __init__(
        self,
        driver: Driver,
        doors: Mapping[str, Address],
        technician: Technician,
        ledger: Ledger,
        notes: Notes,
        *,
        ids: Ids,
    ) -> None:
        self._driver = driver
        self._doors = doors
        self._technician = technician
        self._ledger = ledger
        self._notes = notes
        self._ids = ids
        self._seen: dict[Address, Reading | None] = {}
        self._news = asyncio.Event()

    async def run(self, doors: Collection[str]) -> None:
        """Try these. Raises Stopped, and BoardSilent when no board has spoken."""
        self._driver.fit(list(self._doors.values()))
        watch = asyncio.create_task(self._watch())
        try:
            await self._first_word()
            await self._technician.ask("Shut every door of the bank, then press Enter.")
            for place, door in enumerate(doors, 1):
                self._notes.keep(await self._examine(door, f"[{place}/{len(doors)}]"))
        finally:
            watch.cancel()
            await asyncio.gather(watch, return_exceptions=True)

    # ------------------------------------------------------------ one door

    async def _examine(self, door: str, count: str) -> Finding:
        for left in reversed(range(TRIES)):
            finding = await self._try(door, count)
            if finding is None:
                continue
            if finding.trouble != "several" or not left:
                return finding
        return Finding(door, "", trouble="several")

    async def _try(self, door: str, count: str) -> Finding | None:
        """None when the person wants this line once more."""
        trial, address, before = self._ids.new(), self._doors[door], dict(self._seen)
        await self._ledger.tried(trial, door, address)
        finding: Finding | None
        try:
            await self._driver.pulse(*address)
        except BoardSilent:
            finding = Finding(door, "", trouble="silent")
            self._technician.say(f"{count} Door {door}: its board does not answer.")
        except BoardFault as fault:
            finding = Finding(door, "", trouble="refused")
            self._technician.say(f"{count} Door {door}: {fault.detail}")
        else:
            finding = await self._look(door, count, before)
        await self._ledger.examined(trial, finding or Finding(door, ""))
        if finding is not None and finding.trouble in ("silent", "refused"):
            return await self._after_trouble(finding)
        return finding

    async def _after_trouble(self, finding: Finding) -> Finding | None:
        answer = await self._answer("Enter goes on, r tries again, q stops.")
        return None if answer == "r" else finding

    async def _look(self, door: str, count: str, before: Seen) -> Finding | None:
        question = f"{count} Door {door} open? Enter: yes. Another door: its label. None: n. Again: r. Stop: q. "
        while True:
            answer = await self._answer(question)
            if answer == "r":
                return None
            opened = "" if answer == "n" else answer or door
            if opened and opened not in self._doors:
                self._technician.say(f"This bank has no door {opened}.")
                continue
            contacts = await self._moved(before)
            if opened:
                return await self._opened(door, opened, contacts, before)
            if not contacts:
                return Finding(door, "")
            self._technician.say(f"But the contact of {_named(contacts)} has moved: some door stands open. Look again.")

    async def _opened(self, door: str, opened: str, contacts: list[Address], before: Seen) -> Finding:
        now = dict(self._seen)
        if not contacts:
            await self._answer(f"No contact has moved. Shut door {opened}, then press Enter. ")
            return Finding(door, opened)
        self._technician.say(f"    Shut door {opened}.")
        if not await self._back(before, contacts):
            return Finding(door, opened, contacts[0], trouble="stays")
        if len(contacts) > 1:
            self._technician.say(f"Several contacts moved together ({_named(contacts)}). Once more, this door alone.")
            return Finding(door, opened, trouble="several")
        shut, open_ = before[contacts[0]], now[contacts[0]]
        if shut is None or open_ is None:
            raise BoardSilent("The board fell silent while a door stood open. Start again: it goes on where it was.")
        return judge(door, opened, contacts[0], shut, open_)

    async def _back(self, before: Seen, contacts: list[Address]) -> bool:
        """Whether the contacts say again what they said before."""
        while not await self._until(lambda: not set(moved(before, self._seen)) & set(contacts), SHUT_S):
            answer = await self._answer(
                f"    The contact of {_named(contacts)} still says open. Shut? Enter: wait. Give up: n. "
            )
            if answer == "n":
                return False
        return True

    async def _moved(self, before: Seen) -> list[Address]:
        await self._until(lambda: bool(moved(before, self._seen)), OPEN_S)
        return moved(before, self._seen)

    async def _answer(self, question: str) -> str:
        answer = (await self._technician.ask(question)).strip()
        if answer == "q":
            raise Stopped("Stopped. What was found is kept: the same command goes on from here.")
        return answer

    # ------------------------------------------------------------ the contacts

    async def _watch(self) -> None:
        while True:
            try:
                await self._driver.watch(self._sense)
            except BoardSilent:
                for address in self._seen:
                    self._seen[address] = None
            await asyncio.sleep(AGAIN_S)

    def _sense(self, address: Address, reading: Reading | None) -> None:
        self._seen[address] = reading
        self._news.set()

    async def _first_word(self) -> None:
        if not await self._until(lambda: any(self._seen.values()), LISTEN_S):
            raise BoardSilent("No lock board answers. Look at its power, its cable and the address in --board.")
        await self._until(lambda: len(self._seen) == len(self._doors), OPEN_S)

    async def _until(self, true: Callable[[], bool], within_s: float) -> bool:
        try:
            async with asyncio.timeout(within_s):
                while not true():
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            return true()
        return True


def _named(contacts: Collection[Address]) -> str:
    return ", ".join(f"board {unit} channel {channel}" for unit, channel in contacts)
