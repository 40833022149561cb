"""When everything is quiet: server, controller and physical truth say the same, or somebody is told that they do
not (I7); whoever was waiting has been told (I5); every opening and every fact is accounted for (I3, I4, I8)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol
from uuid import UUID

import msgspec

from cranny.access import Grant
from cranny.sim.machines.bank import VirtualBank
from cranny.sim.oracles.witness import Witness
from cranny.sim.reference.authority import Lost
from cranny.sim.reference.books import Books, DeliveryKept
from cranny.sim.things import Thing
from cranny.usecases.deliveries import Delivery

OCCUPIED: Final = "SELECT label, generation, deliveries FROM occupancies WHERE NOT ended"
BLOCKED: Final = "SELECT label FROM compartments WHERE blocked <> ''"
UNDER_WAY: Final = "SELECT door FROM openings WHERE state <> 'ended'"
GRANTS: Final = 'SELECT "grant", state FROM grants'
INSIDE: Final = (Delivery.STORED, Delivery.OVERDUE, Delivery.RECALLING)

Lying = dict[str, tuple[int, frozenset[UUID]]]
"""By door: the generation, and the deliveries."""


class Told(Protocol):
    """Somebody who got a message; `done` when they opened the door that it was about."""

    done: bool


@dataclass(slots=True)
class EverLost:
    """What restores of the server have taken away, and what may be missing there to the end: listed, then."""

    deliveries: dict[UUID, DeliveryKept] = field(default_factory=dict)
    grants: set[UUID] = field(default_factory=set)

    def add(self, lost: Lost) -> None:
        self.deliveries.update(lost.deliveries)
        self.grants.update(lost.grants)


class Ends:
    """The last look at one bank. `told` are those who got a message, by grant."""

    def __init__(
        self, bank: VirtualBank, witness: Witness, told: Mapping[UUID, Told], books: Books, lost: EverLost
    ) -> None:
        self._bank = bank
        self._witness = witness
        self._told = told
        self._books = books
        self._lost = lost

    async def judge(self) -> None:
        self._witness.openings.close()
        self._witness.commands.close()
        self._witness.codes.close()
        self._witness.chain.close()
        await self._synced()
        lying = await self._lying()
        self._served(lying)
        self._found_inside(lying)
        await self._grants()
        self._noticed()

    # ------------------------------------------------------------ I7: one truth

    async def _synced(self) -> None:
        uplink = self._books.uplinks.kept[self._bank.id]
        ((applied, acked, seq),) = await self._bank.platter.read("SELECT applied, acked, seq FROM marks")
        if (applied, acked) != (uplink.down_head, uplink.cursor.seq) or acked != seq:
            self._say("I7", "", f"it holds {seq} facts, {acked} acked, {applied} entries; the server says {uplink}")
        for (door,) in await self._bank.platter.read(UNDER_WAY):
            self._say("I7", f"/doors/{door}", "everybody has gone and an opening is still under way")

    async def _lying(self) -> Lying:
        """What the bank's journal holds, when it is what its facts say."""
        found = await self._bank.platter.read(OCCUPIED)
        held = {door: (generation, _ids(deliveries)) for door, generation, deliveries in found}
        told = {
            label: (door.live, frozenset(door.deliveries))
            for label, door in self._witness.doors.doors.items()
            if door.live
        }
        self._compare("its journal and its facts", held, told)
        blocked = {door for (door,) in await self._bank.platter.read(BLOCKED)}
        said = {label for label, door in self._witness.doors.doors.items() if door.blocked}
        if blocked != said:
            self._say("I7", "", f"blocked are {sorted(blocked)}, told are {sorted(said)}")
        return held

    def _served(self, lying: Lying) -> None:
        """The server has the same occupancies, the same blocked doors, and its deliveries lie there."""
        books, bank = self._books, self._bank.id
        held = {
            door: (generation, frozenset(lies.deliveries))
            for (of, door, generation), lies in books.lies.kept.items()
            if of == bank and lies.live
        }
        self._compare("the bank and the server", lying, held)
        blocked = {door for (of, door), why in books.blocked.kept.items() if of == bank and why}
        said = {label for label, door in self._witness.doors.doors.items() if door.blocked}
        if blocked != said:
            self._say("I7", "", f"the server has {sorted(blocked)} blocked, the bank {sorted(said)}")
        rows = [row for row in books.deliveries.kept.values() if row.bank == bank and row.state in INSIDE]
        for row in rows:
            here = lying.get(row.door)
            if here is None or here[0] != row.generation or not here[1] & {row.id, row.known_as}:
                self._say("I7", f"/deliveries/{row.tracking}", f"the server has it {row.state}, the bank has not")
        names = {name for row in rows for name in (row.id, row.known_as)}
        for door, (_, deliveries) in lying.items():
            for lost in deliveries - names - self._listed(deliveries):
                self._say("I7", f"/doors/{door}", f"the bank has delivery {lost}, the server has not")

    def _found_inside(self, lying: Lying) -> None:
        """Open every door and look. Where it is not as it should be, the bank has said that it is in doubt."""
        for door in self._bank.address:
            generation, deliveries = lying.get(door, (0, frozenset()))
            should = sorted(row.tracking for row in self._rows(deliveries))
            there = sorted(thing.tracking for thing in self._inside(door))
            if should == there or self._listed(deliveries):
                continue
            told = self._witness.doors.door(door)
            sees = self._bank.board.has_content
            if not told.blocked and (sees or generation not in told.doubts):
                self._say("I7", f"/doors/{door}/{generation}", f"inside are {there}, and {should} should be")

    def _rows(self, deliveries: Iterable[UUID]) -> list[DeliveryKept]:
        wanted, named = set(deliveries), self._named()
        left = wanted - named.keys()
        found = list({named[id_].id: named[id_] for id_ in wanted - left}.values())
        return found + [row for row in self._lost.deliveries.values() if left & {row.id, row.known_as}]

    def _named(self) -> dict[UUID, DeliveryKept]:
        """What the server means by each id; what this bank means by it, where the two differ."""
        rows = self._books.deliveries.kept
        return dict(rows) | {row.known_as: row for row in rows.values() if row.known_as and row.bank == self._bank.id}

    def _listed(self, deliveries: Iterable[UUID]) -> set[UUID]:
        """Those that a restore has lost, and of which somebody can see that the bank speaks of them."""
        known, bank = self._books.anomalies.kept, self._bank.id
        lost = self._lost.deliveries.keys() & set(deliveries)
        return {id_ for id_ in lost if (bank, "unknown_delivery", f"deliveries/{id_}") in known}

    def _inside(self, door: str) -> list[Thing]:
        found = self._bank.board.inside(self._bank.address[door])
        return [thing for thing in found if isinstance(thing, Thing)]

    def _compare(self, what: str, left: Lying, right: Lying) -> None:
        for door in sorted(left.keys() | right.keys()):
            if left.get(door) != right.get(door):
                self._say("I7", f"/doors/{door}", f"{what} differ: {left.get(door)} and {right.get(door)}")

    # ------------------------------------------------------------ I7 and I5: rights and messages

    async def _grants(self) -> None:
        ahead = (self._bank.id, "downlink_ahead", f"banks/{self._bank.id}")
        here = {UUID(id_): state for id_, state in await self._bank.platter.read(GRANTS)}
        for id_, state in here.items():
            grant = self._books.grants.kept.get(id_)
            if grant is None and id_ in self._lost.grants and ahead in self._books.anomalies.kept:
                continue  # it opens for whoever was told of it, and the server says that it has lost some
            if grant is None:
                self._say("I7", f"/grants/{id_}", "the bank has a grant that nobody issued")
            elif state == "live" and not grant.live:
                self._say("I7", f"/grants/{id_}", f"it opens at the bank and is {grant.state}")
            elif state == "used" and grant.state not in (Grant.USED, Grant.REVOKED, Grant.SUPERSEDED):
                self._say("I7", f"/grants/{id_}", f"it was used at the bank and is {grant.state}")
        for grant in self._books.grants.kept.values():
            opens = grant.bank == self._bank.id and grant.state is Grant.ACTIVE
            if opens and here.get(grant.id) != "live":
                self._say("I7", f"/grants/{grant.id}", f"it is active and the bank has it {here.get(grant.id)}")

    def _noticed(self) -> None:
        """Whatever was accepted: somebody was told, or can see that something is wrong."""
        names = self._named()
        for delivery, (door, generation) in self._witness.doors.stored.items():
            row = names.get(delivery)
            about = f"/doors/{door}/{generation}"
            if row is None and self._listed([delivery]):
                continue
            if row is None:
                self._say("I5", about, f"delivery {delivery} was accepted and the server does not know it")
            elif row.state in INSIDE:
                self._waits(row, about)

    def _waits(self, row: DeliveryKept, about: str) -> None:
        wanted = row.recall_grant if row.state is Delivery.RECALLING else row.collect_grant
        if wanted is None:
            if row.owner:
                self._say("I5", about, f"{row.tracking} has a recipient and no grant")
            return
        collector = self._told.get(wanted)
        grant = self._books.grants.kept[wanted]
        if collector is None:
            self._say("I5", about, f"{row.tracking} waits, its grant is {grant.state}, and nobody was told")
        elif not collector.done and not self._witness.doors.door(row.door).blocked:
            self._say("I14", about, f"{row.tracking} could not be taken out, and nothing is said to be wrong")

    def _say(self, invariant: str, about: str, detail: str) -> None:
        self._witness.verdicts.say(invariant, f"{self._bank.name}{about}", detail)


def _ids(column: str) -> frozenset[UUID]:
    return frozenset(msgspec.json.decode(column, type=list[UUID]))
