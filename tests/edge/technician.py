"""A cabinet whose wires may lead anywhere, and a scripted technician in front of it, in virtual time."""

import asyncio
import re
from collections.abc import Collection, Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from cranny.core.ids import TimeIds
from cranny.core.rng import SeededRng
from cranny.edge.commissioning import Commission, JournalLedger, Notes, conclude
from cranny.edge.disk import InlineDisk
from cranny.edge.drivers import Address, BoardFault, BoardSilent, Changed, Meters, Reading
from cranny.edge.journal import Journal, load
from cranny.edge.schema import ALL_FACTS
from cranny.edge.wiring import Wire, Wired, Wiring
from cranny.sim.loop import VirtualClock, VirtualLoop, live
from cranny.wire.facts import decode
from cranny.wire.kinds import DoorExamined, DoorTried, unpack

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
LOOK_S, KEY_S, SHUT_S = 2.5, 1.0, 2.5
"""How long a person takes to look where a door has opened, to press a key, to walk to the door and shut it."""


def doors(count: int) -> dict[str, Address]:
    return {f"{n + 1:02}": (1 + n // 16, 1 + n % 16) for n in range(count)}


@dataclass
class Contact:
    """At one address: the doors whose opening moves it."""

    doors: set[str]
    inverted: bool = False
    latch_inverted: bool = False
    latch_dead: bool = False


class Cabinet:
    """A driver whose lines lead somewhere else than was meant. `pulses` are (line, facts on the disk by then)."""

    has_content, has_latch, meters = False, True, Meters()

    def __init__(self, meant: Mapping[str, Address]) -> None:
        self.meant = dict(meant)
        self.locks: dict[Address, str | None] = {address: door for door, address in meant.items()}
        self.contacts: dict[Address, Contact] = {address: Contact({door}) for door, address in meant.items()}
        self.open: set[str] = set()
        self.pulses: list[tuple[Address, int]] = []
        self.facts = 0
        self.silences: dict[Address, int] = {}
        self.sticks: set[str] = set()
        self.powered = True
        self._watchers: list[Changed] = []
        self._last: dict[Address, Reading] = {}

    def swap_locks(self, one: str, other: str) -> None:
        a, b = self.meant[one], self.meant[other]
        self.locks[a], self.locks[b] = self.locks[b], self.locks[a]

    def swap_contacts(self, one: str, other: str) -> None:
        a, b = self.meant[one], self.meant[other]
        self.contacts[a], self.contacts[b] = self.contacts[b], self.contacts[a]

    def move(self, door: str, *, open_: bool) -> None:
        if open_ or door not in self.sticks:
            (self.open.add if open_ else self.open.discard)(door)
        self.tell()

    def tell(self) -> None:
        for address, contact in self.contacts.items():
            reading = self._reading(contact)
            if self._last.get(address) != reading:
                self._last[address] = reading
                for changed in self._watchers:
                    changed(address, reading)

    def fit(self, addresses: Collection[Address]) -> None:
        self.fitted = set(addresses)

    async def pulse(self, unit: int, channel: int) -> None:
        await asyncio.sleep(0.02)
        if self.silences.get((unit, channel), 0) > 0:
            self.silences[unit, channel] -= 1
            raise BoardSilent("silent")
        self.pulses.append(((unit, channel), self.facts))
        door = self.locks.get((unit, channel))
        if door is not None:
            asyncio.get_running_loop().call_later(0.15, lambda: self.move(door, open_=True))

    async def read(self) -> Mapping[Address, Reading]:
        return {address: self._reading(contact) for address, contact in self.contacts.items()}

    async def watch(self, changed: Changed) -> None:
        if not self.powered:
            raise BoardSilent("no power")
        self._last = dict(await self.read())
        for address, reading in self._last.items():
            changed(address, reading)
        self._watchers.append(changed)
        try:
            await asyncio.Event().wait()
        finally:
            self._watchers.remove(changed)

    async def close(self) -> None: ...

    def _reading(self, contact: Contact) -> Reading:
        open_ = bool(contact.doors & self.open)
        held = True if contact.latch_dead else open_ is contact.latch_inverted
        return Reading(open_ is not contact.inverted, held)


@dataclass
class Person:
    """Looks, presses a key, shuts what stands open. `says` are answers to give instead, by the door that is asked for;
    `hands` is False for somebody who shuts nothing."""

    cabinet: Cabinet
    says: dict[str, list[str]] = field(default_factory=dict)
    prompts: list[str] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)

    def say(self, text: str) -> None:
        self.heard.append(text)
        if found := re.search(r"Shut door (\S+)\.", text):
            asyncio.get_running_loop().call_later(SHUT_S, self._shut, found[1])

    async def ask(self, question: str) -> str:
        self.prompts.append(question)
        await asyncio.sleep(LOOK_S + KEY_S)
        if found := re.search(r"Shut door (\S+), then", question):
            self._shut(found[1])
            await asyncio.sleep(SHUT_S)
            return ""
        asked = re.search(r"Door (\S+) open\?", question)
        if asked is None:
            return self.says["else"].pop(0) if self.says.get("else") else ""
        if scripted := self.says.get(asked[1]):
            return scripted.pop(0)
        if not self.cabinet.open:
            return "n"
        seen = min(self.cabinet.open)
        return "" if seen == asked[1] else seen

    def _shut(self, door: str) -> None:
        self.cabinet.move(door, open_=False)


class Room:
    """One sitting after the other at one cabinet, its journal and its notes on the disk."""

    def __init__(self, home: Path, cabinet: Cabinet) -> None:
        self.home = home
        self.cabinet = cabinet
        self.loop = VirtualLoop()
        self.clock = VirtualClock(self.loop, START)
        self.disk = InlineDisk()
        self.person = Person(cabinet)

    async def sit(self, only: Collection[str] = ()) -> Notes:
        notes = Notes(self.home, "board", self.cabinet.meant)
        ids = TimeIds(self.clock, SeededRng(1))
        journal = await load(
            self.disk, UUID(int=1), UUID(int=2), clock=self.clock, boot=ids.new(), offline=lambda: True
        )
        ledger = Counting(journal, self.cabinet)
        await Commission(self.cabinet, self.cabinet.meant, self.person, ledger, notes, ids=ids).run(
            list(only) or notes.open_doors()
        )
        return notes

    def wires(self, notes: Notes) -> dict[str, Wire]:
        return {wire.door: wire for wire in conclude(self.cabinet.meant, list(notes.findings.values()))}

    async def facts(self) -> list[DoorTried | DoorExamined]:
        stored = await self.disk.run(lambda connection: connection.execute(ALL_FACTS).fetchall())
        found = [unpack(fact.kind, fact.body) for fact in (decode(row) for (row,) in stored)]
        return [body for body in found if isinstance(body, DoorTried | DoorExamined)]


class Counting(JournalLedger):
    """Tells the cabinet how many intents are on the disk."""

    def __init__(self, journal: Journal, cabinet: Cabinet) -> None:
        super().__init__(journal)
        self._cabinet = cabinet

    async def tried(self, trial: UUID, door: str, address: Address) -> None:
        await super().tried(trial, door, address)
        self._cabinet.facts += 1


def story(room: Room, work: Coroutine[Any, Any, None]) -> None:
    live(work, room.loop)


def both(room: Room, wires: Mapping[str, Wire]) -> list[tuple[tuple[str, Address], Wire]]:
    return list(zip(room.cabinet.meant.items(), wires.values(), strict=True))


async def all_work(cabinet: Cabinet, wires: Mapping[str, Wire]) -> None:
    """Behind the wiring every door that works is where the layout says, and none that does not can be released."""
    driver = Wired(cabinet, Wiring("board", 0, list(wires.values())))
    driver.fit(list(cabinet.meant.values()))
    for door, at in cabinet.meant.items():
        if wires[door].fault:
            with pytest.raises(BoardFault):
                await driver.pulse(*at)
            assert at not in await driver.read()
            continue
        assert not (await driver.read())[at].door_open
        await driver.pulse(*at)
        await asyncio.sleep(0.3)
        assert cabinet.open == {door}
        open_ = [found for found, reading in (await driver.read()).items() if reading.door_open]
        assert open_ == [at]
        cabinet.move(door, open_=False)
        assert (await driver.read())[at].secured
