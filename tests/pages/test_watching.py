"""A wall that somebody looks at stays right without being read as a whole each time."""

import asyncio
from uuid import UUID

import msgspec
import pytest

from cranny import fleet, sites
from cranny.core.errors import Refused
from cranny.core.rng import SeededRng
from cranny.pages.operator import board
from cranny.pages.operator.news import news
from cranny.pages.operator.watching import Walls
from cranny.platform import log
from cranny.usecases import deliveries
from cranny.wire.kinds import DoorBlocked, DoorCleared, DoorForced, DoorOpened, DoorShut, DoorUnsecured, OpeningIntended

OPENING = UUID(int=9)


class Kept:
    """A wall as `Walls` keeps it; `read` are the doors that were read, `whole` counts readings of the whole bank."""

    def __init__(self, yard):
        self.yard, self.board, self.position = yard, None, 0
        self.read, self.whole = [], 0

    async def look(self):
        """Take in what is new; it must be what a whole reading finds."""
        async with self.yard.db.transaction(self.yard.tenant) as tx:
            fresh = await board.read(tx, self.yard.box.bank)
            if self.board is None:
                self.board, self.position = fresh, await log.head(tx)
                return self.board.view
            events = await log.read(tx, self.position, 500)
            self.position = events[-1].position if events else self.position
            told = news(self.yard.box.bank, self.board.places, events)
            if told and (told.whole or not self.board.known.heard):
                self.board, self.whole = fresh, self.whole + 1
            elif told:
                self.board = await board.renew(tx, self.board, told.doors, events)
                self.read += sorted(told.doors)
        assert self.said(self.board.view) == self.said(fresh.view)
        assert self.board.places == fresh.places
        return self.board.view

    @staticmethod
    def said(view):
        return msgspec.structs.replace(view, now=None, heard=None)


def states(view):
    return {door.label: door.state for door in view.doors}


async def extend(yard, id_):
    async with yard.db.transaction(yard.tenant) as tx:
        await deliveries.extend(tx, id_, 24)
    await yard.follow()


@pytest.fixture
async def kept(yard):
    """The wall of a bank that has reported once."""
    yard.box.write(DoorShut(OPENING, "A6", 1))
    await yard.box.sync()
    kept = Kept(yard)
    await kept.look()
    return kept


async def test_it_is_what_a_whole_reading_finds_and_costs_the_doors_that_moved(yard, kept) -> None:
    shown = await yard.announce("JD 77", reference="Order 4711")
    assert any(size.promised for size in (await kept.look()).sizes)
    yard.box.write(DoorOpened(OPENING, "A2", 1))
    await yard.box.sync()
    assert states(await kept.look())["A2"] == "open"
    yard.box.deposit(shown.id, door="A2", grant=shown.grants.collect)
    await yard.box.sync()
    view = await kept.look()
    assert (states(view)["A2"], view.doors[1].who) == ("held", "Order 4711")
    assert (kept.whole, set(kept.read)) == (0, {"A2"})


async def test_what_happens_to_a_delivery_shows_at_its_door(yard, kept) -> None:
    """Also where the event names no bank."""
    shown = await yard.announce("JD 77")
    yard.box.deposit(shown.id, door="A2", grant=shown.grants.collect)
    await yard.box.sync()
    view = await kept.look()
    await extend(yard, shown.id)
    assert (await kept.look()).doors[1].until > view.doors[1].until
    await yard.cancel(shown.id)
    assert states(await kept.look())["A2"] == "return"
    yard.box.empty(shown.id, door="A2", grant=shown.grants.collect, purpose="recall")
    await yard.box.sync()
    assert states(await kept.look())["A2"] == "free"
    assert (kept.whole, set(kept.read)) == (0, {"A2"})


async def test_doors_in_trouble_and_back(yard, kept) -> None:
    for body in (DoorBlocked("A3", "not-opened"), DoorOpened(OPENING, "A4", 1), DoorUnsecured(OPENING, "A4")):
        yard.box.write(body)
    await yard.box.sync()
    found = states(await kept.look())
    assert (found["A3"], found["A4"], set(found.values())) == ("blocked", "alarm", {"free", "blocked", "alarm"})
    yard.box.write(DoorCleared(None, "A3"))
    yard.box.write(DoorShut(OPENING, "A4", 1))
    await yard.box.sync()
    assert set(states(await kept.look()).values()) == {"free"}


async def test_what_is_about_the_whole_bank_is_read_as_a_whole_and_what_is_about_others_not_at_all(yard, kept) -> None:
    async with yard.db.transaction(yard.tenant) as tx:
        await fleet.raise_anomaly(tx, yard.box.bank, "brand_new", f"banks/{yard.box.bank}/x", {})
    await yard.follow()
    assert (await kept.look()).odd_count == 1
    assert kept.whole == 1
    other = await yard.announce("JD 78", bank=yard.other.bank)
    yard.other.deposit(other.id, door="A2", grant=other.grants.collect)
    await yard.other.sync()
    yard.box.write(OpeningIntended(OPENING, "A2", 1, "collect", None, "code", 1))
    await yard.box.sync()
    before = kept.board
    await kept.look()
    assert kept.board is before, "another bank's doors, and an intent, which shows nothing"


async def test_a_wall_says_what_its_bank_and_its_site_are_called_now(yard, kept) -> None:
    async with yard.db.transaction(yard.tenant) as tx:
        await sites.change_bank(tx, yard.box.bank, sites.BankChange("North"), by="keys/1")
    await yard.follow()
    view = await kept.look()
    assert (view.bank, view.feed[0].type) == ("North", "bank.changed")
    async with yard.db.transaction(yard.tenant) as tx:
        site = (await sites.get_bank(tx, yard.box.bank)).site
        await sites.change_site(tx, site, sites.SiteChange("Station"), by="keys/1")
    await yard.follow()
    assert (await kept.look()).site == "Station"
    assert kept.whole == 2


@pytest.mark.parametrize("seed", range(4))
async def test_any_order_of_happenings(yard, kept, seed) -> None:
    """Whatever happens, and however much of it is taken in at once."""
    rng, inside = SeededRng(seed), {}
    for n in range(40):
        label = f"A{1 + rng.below(6)}"
        deed = rng.below(8)
        if deed == 0 and label not in inside:
            try:
                shown = await yard.announce(f"JD {n}")
            except Refused:  # every door is out of use
                continue
            yard.box.deposit(shown.id, door=label, grant=shown.grants.collect)
            inside[label] = shown
        elif deed == 1 and label in inside:
            shown = inside.pop(label)
            yard.box.empty(shown.id, door=label, grant=shown.grants.collect)
        elif deed == 2 and label in inside:
            await yard.box.sync()
            await extend(yard, inside[label].id)
        else:
            bodies = (
                DoorOpened(OPENING, label, 1),
                DoorShut(OPENING, label, 1),
                DoorForced(label),
                DoorBlocked(label, "uncertain"),
                DoorCleared(None, label),
            )
            yard.box.write(bodies[deed - 3])
        if rng.below(2):
            await yard.box.sync()
            await kept.look()
    assert kept.read


async def test_a_lost_poke_and_a_browser_that_comes_back(yard, monkeypatch) -> None:
    """Nobody pokes: the log is looked at all the same. Who connects anew gets every door as it is."""
    read, whole = board.read, []

    async def counting(tx, bank):
        whole.append(bank)
        return await read(tx, bank)

    yard.box.write(DoorShut(OPENING, "A6", 1))
    await yard.box.sync()
    monkeypatch.setattr(board, "read", counting)
    walls = Walls(yard.db, yard.parts.broker, yard.clock)
    first = walls.follow(yard.tenant, yard.box.bank)
    await anext(first)
    shown = await yard.announce("JD 79")
    yard.box.deposit(shown.id, door="A5", grant=shown.grants.collect)
    yard.box.write(DoorOpened(OPENING, "A1", 1))
    await yard.box.sync()
    async with asyncio.timeout(10):
        while (told := await anext(first)) is None or states(told.view)["A5"] != "held":
            pass
    second = walls.follow(yard.tenant, yard.box.bank)
    again = await anext(second)
    assert len(again.changed) == 6
    assert (states(again.view)["A5"], states(again.view)["A1"]) == ("held", "open")
    assert len(whole) == 1, "only to begin with"
    await second.aclose()
    await first.aclose()
