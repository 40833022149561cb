"""What banks send, over a NATS connection of their own: late, twice, in no order, nonsense, and two histories."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import pytest

from cranny.core.rng import SeededRng
from cranny.wire.kinds import DoorBlocked, DoorForced

from .box import Box
from .house import House, together
from .kiosk import Answer, Kiosk
from .parcels import LARGE, Parcel, announce, bank_file, collect, deposit
from .patience import eventually

pytestmark = together()


@asynccontextmanager
async def bank_of(house: House, doors: int = 3) -> AsyncIterator[tuple[str, Box]]:
    bank, claim = await house.bank(bank_file({"M": doors}))
    async with Box.enrolled(house, claim) as box:
        yield bank, box


def fifty(box: Box) -> Box:
    """Parcels that come and go behind three doors, one of which is blocked in the end."""
    for n in range(24):
        door, parcel = f"M{n % 3 + 1}", UUID(int=1000 + n)
        box.stored(door, parcel)
        box.collected(door, parcel)
    box.stored("M1", UUID(int=2000))
    box.say(DoorBlocked("M3", "jam"))
    assert len(box.facts) == 50
    return box


async def came_of_it(house: House, bank: str) -> tuple[list[Answer], list[Answer]]:
    """What the server knows of the doors, and has told of them, without what tells two banks apart."""
    doors = (await house.get(f"/v1/banks/{bank}/compartments"))["items"]
    told = [one for one in await house.events() if one["subject"].startswith(f"banks/{bank}/doors/")]
    kept = ("label", "generation", "deliveries", "blocked")
    return (
        [{name: door[name] for name in kept} for door in doors],
        [{"type": one["type"]} | one["data"] | {"bank": ""} for one in told],
    )


async def test_fifty_facts_twice_and_shuffled_are_fifty_facts_once_in_order(house: House) -> None:
    async with bank_of(house) as (tidy, once), bank_of(house) as (wild, often):
        await fifty(once).sync()
        fifty(often)
        rng = SeededRng(50)
        spans = [(first, first + 4) for first in range(1, 51, 5)] * 2
        spans += [(first, 50) for first in (1, 20, 33, 50)]
        spans.sort(key=lambda _: rng.below(1000))
        # Six at a time, as a network does it that holds some of them back.
        for start in range(0, len(spans), 6):
            acks = await asyncio.gather(*(often.send(often.batch(*span)) for span in spans[start : start + 6]))
            assert not any(ack.forked or ack.refused for ack in acks)
        await often.sync()
        assert await came_of_it(house, wild) == await came_of_it(house, tidy)
        assert len((await came_of_it(house, wild))[1]) >= 50


async def test_nonsense_among_a_hundred_facts_holds_up_nothing_behind_it(house: House) -> None:
    async with bank_of(house) as (bank, box):
        for n in range(100):
            match n:
                case 20:
                    box.write("door.painted", {"door": "M1", "colour": "blue"})  # a newer controller's kind
                case 40:
                    box.stored("Z9", UUID(int=7))  # a door that is not there: no row can hold it
                case 60:
                    box.facts.append(b"\x00 no fact at all \xff")
                case 80:
                    box.write("door.forced", {"door": 7})
                case _:
                    box.say(DoorForced("M2"))
        ack = await box.send(box.batch())
        assert (ack.seq, ack.forked, ack.refused) == (100, False, "")
        assert sorted(await house.anomalies(bank)) == [
            ("fact_invalid", 1), ("fact_invalid", 1), ("fact_refused", 1), ("fact_unknown", 1),
        ]  # fmt: skip
        box.say(DoorForced("M3"))
        await box.sync()
        await house.happens("door.forced", f"banks/{bank}/doors/M3")
        told = await house.events("door.forced", subject=f"banks/{bank}/doors/M2")
        assert [one["data"]["seq"] for one in told] == [n for n in range(1, 101) if n not in {21, 41, 61, 81}]
    assert await house.check() == ""


async def deposited_around_a_copy(house: House, name: str, bank: str, claim: str) -> tuple[Parcel, Parcel]:
    """One parcel before the disk was copied, one after; then the copy is put back."""
    async with house.edge(name, claim) as kiosk:
        early = await announce(house, bank, size=LARGE)
        assert await deposit(kiosk, early) == "L1"
    copy = shutil.copytree(house.home(name), house.data / "copy")
    async with house.edge(name) as kiosk:
        late = await announce(house, bank)
        assert await deposit(kiosk, late) == "M1"
    shutil.rmtree(house.home(name))
    copy.rename(house.home(name))
    return early, late


async def begins(house: House, bank: str, epoch: int) -> None:
    """Wait until the server has heard of the bank's new epoch."""

    async def heard() -> bool:
        status = await house.get(f"/v1/banks/{bank}/status")
        return (status["state"], status["epoch"]) == ("online", epoch)

    await eventually(heard)


async def refused(kiosk: Kiosk, parcel: Parcel, reason: str) -> None:
    """Wait until its QR opens nothing, for this reason."""

    async def so() -> bool:
        return (await kiosk.scan(parcel.qr)).get("reason") == reason

    await eventually(so)


async def test_a_controller_whose_disk_was_restored_from_an_older_copy(house: House) -> None:
    name, (bank, claim) = "restored", await house.bank(bank_file({"M": 2, "L": 1}))
    early, late = await deposited_around_a_copy(house, name, bank, claim)
    async with house.edge(name) as kiosk:
        pulses = kiosk.pulses()
        await begins(house, bank, 2)
        assert sorted(kind for kind, _ in await house.anomalies(bank)) == ["chain_forked", "epoch_started"]
        # What the server took stands. The doors in which its sensors see something wait for a person, and until then
        # the rights that the bank was given anew open nothing.
        for door in ("L1", "M1"):
            await kiosk.shows(door, "blocked")
        assert [await parcel.state() for parcel in (early, late)] == ["stored", "stored"]
        for parcel in (early, late):
            await parcel.reveal()
            await refused(kiosk, parcel, "inventory")
        assert kiosk.pulses() == pulses
        # The empty door goes on.
        await kiosk.shows("M2", "free")
        another = await announce(house, bank)
        assert await deposit(kiosk, another) == "M2"
        assert await collect(kiosk, another) == "M2"
        await another.becomes("collected")
        await house.happens("door.blocked", f"banks/{bank}/doors/L1")
    assert await house.check() == ""


@pytest.mark.prove
async def test_a_journal_that_is_gone_and_a_box_that_is_replaced(house: House) -> None:
    name, (bank, claim) = "gone", await house.bank(bank_file({"M": 2}))
    async with house.edge(name, claim) as kiosk:
        parcel = await announce(house, bank)
        assert await deposit(kiosk, parcel) == "M1"
        await parcel.reveal()
        journal = kiosk.journal
    for file in journal.parent.glob(f"{journal.name}*"):
        file.unlink()
    async with house.edge(name) as kiosk:
        await begins(house, bank, 2)
        await kiosk.shows("M2", "free")
        await refused(kiosk, parcel, "inventory")
    claim = (await house.post(f"/v1/banks/{bank}/claims", {}))["claim"]
    async with house.edge(name, claim, home=house.data / "another-box") as kiosk:
        await begins(house, bank, 3)
        await kiosk.shows("M1", "blocked")
        await refused(kiosk, parcel, "inventory")
        assert await deposit(kiosk, await announce(house, bank)) == "M2"
    assert await house.check() == ""
