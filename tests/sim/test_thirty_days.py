"""I14: thirty days without a network. Every grant that the bank had heard of opens, couriers bring what was announced,
and afterwards all of it is told once, in order. The product's own controller, ingest and tables, in virtual time."""

import asyncio
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from cranny.core.ids import TimeIds
from cranny.edge.outcomes import Opened
from cranny.sim.dice import Dice
from cranny.sim.loop import VirtualLoop, live
from cranny.sim.oracles.witness import Taker
from cranny.sim.plan import PARCELS, Plan
from cranny.sim.reference.authority import Announced
from cranny.sim.reference.server import Outside
from cranny.sim.things import Thing
from cranny.sim.world import World
from cranny.usecases.deliveries import Delivery
from cranny.wire.codes import show_code, show_qr
from cranny.wire.facts import GENESIS, decode, digest

DAY_S = 86_400.0
BEFORE, DURING = 6, 24
"""Parcels that lie in the bank when its network goes, and those that are brought while it is gone."""
SMALL = PARCELS[0]


@dataclass
class Parcel:
    thing: Thing
    door: str = ""


class Month:
    """A world in which nothing goes wrong but the network, once, for thirty days."""

    def __init__(self, loop: VirtualLoop) -> None:
        self.world = World(3, Plan(banks=1, doors=12, beat_s=1800), loop)
        world: Any = self.world
        world._net.calm = world._server.fates.calm = True
        (self.bank,), (self.lobby,), (self.witness,) = world._banks, world._lobbies, world._witnesses
        self.bank.fates.calm = True
        self.flaws: list[str] = []
        self.books, self.server, self.hub, self.net = world._server.books, world._server, world._hub, world._net
        self.messages: list[UUID] = []
        """The grants of which somebody was told."""
        self.server._outside = Outside(lambda grant: self.messages.append(grant.id), self.flaws.append)
        self._ids = TimeIds(self.bank.clock, Dice(3, "people"))
        self._machines = [asyncio.create_task(self.server.live()), asyncio.create_task(self.bank.live())]

    async def announce(self, n: int) -> Parcel:
        owner: UUID = self._ids.new()
        thing = Thing(f"PARCEL{n:03}", owner, SMALL)
        asked = Announced(self.bank.id, owner, thing.tracking, SMALL)
        assert await self.server.announce(asked)
        return Parcel(thing)

    def row(self, parcel: Parcel) -> Any:
        return next(row for row in self.books.deliveries.kept.values() if row.tracking == parcel.thing.tracking)

    async def bring(self, parcel: Parcel) -> None:
        """A courier: scan, put in, shut, go."""
        answer = await self.lobby.scan("courier", parcel.thing.tracking)
        assert isinstance(answer, Opened), answer
        parcel.door = answer.door
        self.lobby.put("courier", answer.door, parcel.thing)
        self.lobby.shut("courier", answer.door)
        await asyncio.sleep(5)
        assert answer.visit is not None
        self.lobby.done(answer.visit)

    async def fetch(self, parcel: Parcel, *, by_qr: bool) -> None:
        """Its recipient, with what the server would have told them."""
        grant = self.books.grants.kept[self.row(parcel).collect_grant]
        name = f"owner of {parcel.thing}"
        if by_qr:
            answer = await self.lobby.scan(name, show_qr(grant.qr), grant.id)
        else:
            answer = await self.lobby.type_code(name, show_code(grant.code), grant.id)
        assert isinstance(answer, Opened), f"{parcel.thing}: {answer}"
        assert answer.door == parcel.door
        taker = Taker(name, lambda thing: thing.owner == parcel.thing.owner)
        assert self.lobby.take(taker, answer.door) == [parcel.thing]
        self.lobby.shut(name, answer.door)
        await asyncio.sleep(5)

    async def in_step(self) -> None:
        """The server holds every fact, the bank every right, and all that follows has followed."""
        world: Any = self.world
        assert await world._until(world._quiet, DAY_S)

    async def stop(self) -> None:
        for machine in self._machines:
            machine.cancel()
        await asyncio.gather(*self._machines, return_exceptions=True)
        await self.bank.close()


async def the_month(loop: VirtualLoop) -> None:
    month = Month(loop)
    await asyncio.sleep(60)
    inside = [await month.announce(n) for n in range(BEFORE)]
    coming = [await month.announce(n) for n in range(BEFORE, BEFORE + DURING)]
    await month.in_step()
    for parcel in inside:
        await month.bring(parcel)
    await month.in_step()

    month.net._cut.add(month.bank.name)  # who restarts meanwhile finds no network either
    month.hub.cut(month.bank.name)
    told = month.books.uplinks.kept[month.bank.id].cursor.seq
    began = loop.time()
    for number, parcel in enumerate(coming):  # most of a day apart, and the power goes every third night
        await month.bring(parcel)
        if number % 3 == 2:
            month.bank.cut()
            await asyncio.sleep(600)
        await asyncio.sleep(DAY_S)
        if number >= 4:  # what was brought four days ago is fetched, by who was told before the network went
            await month.fetch(coming[number - 4], by_qr=bool(number % 2))
    await asyncio.sleep(max(0.0, began + 30 * DAY_S - loop.time()))
    assert loop.time() - began >= 30 * DAY_S
    assert month.books.uplinks.kept[month.bank.id].cursor.seq == told  # not a word got through
    for number, parcel in enumerate(inside):
        await month.fetch(parcel, by_qr=bool(number % 2))

    month.net._cut.clear()
    month.hub.mend(month.bank.name)
    await month.in_step()
    _told_once_in_order(month)
    _as_it_was(month, inside, coming)
    await month.stop()
    assert not month.world.verdicts.found, month.world.verdicts.found


def _told_once_in_order(month: Month) -> None:
    kept = [month.books.facts.kept[key] for key in sorted(month.books.facts.kept)]
    assert [fact.link.seq for fact in kept] == list(range(1, len(kept) + 1))
    head = GENESIS
    for fact in kept:
        assert decode(fact.link.stored).prev_hash == head
        head = digest(fact.link.stored)
    openings = [decode(fact.link.stored) for fact in kept]
    intents = [fact.body["opening"] for fact in openings if fact.kind == "opening.intended"]
    assert len(intents) == len(set(intents)) == 2 * BEFORE + DURING + DURING - 4
    alone = [fact.offline for fact in openings]
    assert alone.index(True) < len(alone)
    types = [event.type for _, event in sorted(month.books.events.kept.items())]
    assert types.count("delivery.stored") == BEFORE + DURING
    assert types.count("delivery.collected") == BEFORE + DURING - 4
    assert len(month.messages) == len(set(month.messages)) == BEFORE + DURING
    assert not month.books.anomalies.kept
    assert not month.flaws


def _as_it_was(month: Month, inside: list[Parcel], coming: list[Parcel]) -> None:
    """Server, bank and cabinet say the same."""
    for parcel in [*inside, *coming[:-4]]:
        assert month.row(parcel).state is Delivery.COLLECTED
    for parcel in coming[-4:]:
        row = month.row(parcel)
        assert (row.state, row.door) == (Delivery.STORED, parcel.door)
        assert month.lobby.inside(parcel.door) == [parcel.thing]


def test_thirty_days_without_a_network() -> None:
    loop = VirtualLoop()
    live(the_month(loop), loop)
