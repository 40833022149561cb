"""What people do at a bank, over the kiosk's HTTP against a real controller, and what the server makes of it."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest_asyncio

from .house import House, together
from .kiosk import Answer, Kiosk, listening
from .parcels import LARGE, SMALL, Parcel, announce, bank_file, collect, deposit, opens
from .patience import eventually

pytestmark = together()

FLAT = (300, 20, 400)
"""Three of these fit behind the smallest door."""


@dataclass
class Corner:
    house: House
    bank: str
    kiosk: Kiosk

    async def inside(self, label: str) -> Answer:
        """What the server knows of a door."""
        doors = (await self.house.get(f"/v1/banks/{self.bank}/compartments"))["items"]
        return next(door for door in doors if door["label"] == label)

    async def told(self, kind: str, label: str) -> list[Answer]:
        return [one["data"] for one in await self.house.events(kind, subject=f"banks/{self.bank}/doors/{label}")]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def corner(house: House) -> AsyncIterator[Corner]:
    """A bank of three sizes. The lock of L1 is jammed."""
    bank, claim = await house.bank(bank_file({"S": 5, "M": 5, "L": 4}, open_wait_s=2))
    house.world("corner").write_text(json.dumps({"1/11": {"jammed": True}}))
    async with house.edge("corner", claim) as kiosk:
        yield Corner(house, bank, kiosk)


async def test_too_small_a_door_is_left_for_a_bigger_one(corner: Corner) -> None:
    kiosk = corner.kiosk
    parcel = await announce(corner.house, corner.bank, size=SMALL)
    async with listening(kiosk.client, "/kiosk/live") as told:
        first = await opens(kiosk, parcel.tracking)
        assert first["door"].startswith("S")
        assert (await kiosk.too_small(first["visit"]))["code"] == "shut_first"
        await kiosk.act(first["door"], "shut")
        assert (await told.hears(code="not_stored"))["reason"] == "too-small"
        second = await told.hears(code="opened")
        assert second["door"].startswith("M")
        await kiosk.act(second["door"], "put", "shut")
        await told.hears(code="stored", door=second["door"])
    assert (await parcel.becomes("stored"))["door"] == second["door"]
    assert [one["reason"] for one in await corner.told("deposit.abandoned", first["door"])] == ["too-small"]
    assert await kiosk.look(first["door"]) == "free"
    await kiosk.done(first["visit"])
    assert await collect(kiosk, parcel) == second["door"]


async def test_a_stuck_door_is_passed_over_and_waits_for_a_person(corner: Corner) -> None:
    kiosk, before = corner.kiosk, corner.kiosk.pulses()
    parcel = await announce(corner.house, corner.bank, size=LARGE)
    opened = await opens(kiosk, parcel.tracking)
    assert (opened["passed_over"], opened["door"]) == (["L1"], "L2")
    assert kiosk.pulses() == before + 3  # twice in vain
    await kiosk.act("L2", "put", "shut")
    await parcel.becomes("stored")
    assert (await corner.inside("L1"))["blocked"] == "not-opened"
    assert await kiosk.look("L1") == "blocked"
    assert [one["reason"] for one in await corner.told("door.not_opened", "L1")] == ["not-seen-open"]
    assert [one["reason"] for one in await corner.told("deposit.abandoned", "L1")] == ["not-opened"]
    assert [one["attempt"] for one in await corner.told("opening.intended", "L1")] == [1, 2]
    await kiosk.done(opened["visit"])

    following = await announce(corner.house, corner.bank, size=LARGE)
    assert await deposit(kiosk, following) == "L3"


async def test_parcels_of_one_recipient_in_one_visit_are_one_door_and_one_code(corner: Corner) -> None:
    house, kiosk = corner.house, corner.kiosk
    ada = {"email": "ada@example.org"}
    parcels = [await announce(house, corner.bank, size=FLAT, recipient=ada) for _ in range(3)]
    mine, *spare = [(await parcel.shown())["grants"]["collect"] for parcel in parcels]
    answers = []
    for parcel in parcels:
        answers.append(await opens(kiosk, parcel.tracking))
        await kiosk.act(answers[-1]["door"], "put", "shut")
        await parcel.becomes("stored")
    await kiosk.done(answers[0]["visit"])
    assert len({answer["door"] for answer in answers}) == 1
    assert [answer["together"] for answer in answers] == [False, True, True]
    shown = [await parcel.shown() for parcel in parcels]
    assert {one["generation"] for one in shown} == {shown[0]["generation"]}

    # One of the three grants lives on, and opens for all of them: there is one code to send.
    assert {one["grants"]["collect"] for one in shown} == {mine}

    async def superseded() -> bool:
        return {(await house.get(f"/v1/grants/{grant}"))["state"] for grant in spare} == {"superseded"}

    await eventually(superseded)
    first = parcels[0]
    await first.ready(kiosk)
    opened = await kiosk.code(first.code)
    assert (opened["code"], opened["door"], opened["items"]) == ("opened", answers[0]["door"], 3)
    await kiosk.act(opened["door"], "take", "shut")
    for parcel in parcels:
        await parcel.becomes("collected")


async def test_called_off_before_it_came(corner: Corner) -> None:
    house, kiosk = corner.house, corner.kiosk
    parcel = await announce(house, corner.bank)
    held = await house.get(f"/v1/banks/{corner.bank}/capacity")
    cancelled = await house.post(f"/v1/deliveries/{parcel.id}/cancel", {"reason": "sold out"})
    assert (cancelled["state"], cancelled["reason"]) == ("cancelled", "sold out")
    assert await house.get(f"/v1/banks/{corner.bank}/capacity") != held
    before = kiosk.pulses()

    async def told() -> bool:
        """Until then the bank lets it in, as it should."""
        return bool(kiosk.mark()[2] == (await house.get(f"/v1/banks/{corner.bank}/status"))["given"])

    await eventually(told)
    assert (await kiosk.scan(parcel.tracking)).get("reason") == "withdrawn"
    assert kiosk.pulses() == before


async def test_called_off_after_it_came(corner: Corner) -> None:
    house, kiosk = corner.house, corner.kiosk
    parcel = await announce(house, corner.bank)
    door = await deposit(kiosk, parcel)
    await parcel.reveal()
    recalling = await house.post(f"/v1/deliveries/{parcel.id}/cancel", {"reason": "wrong hat"})
    assert recalling["state"] == "recalling"

    # The courier's code opens; the recipient's does not, from the moment the bank has heard of it.
    recall = await Parcel(house, parcel.id, parcel.tracking).reveal("recall")
    assert await collect(kiosk, recall) == door
    await parcel.becomes("returned")
    assert (await kiosk.scan(parcel.qr))["reason"] == "wrong"
    assert (await kiosk.code(parcel.code))["reason"] == "wrong"
    assert [one["purpose"] for one in await corner.told("collect.finished", door)][-1] == "recall"


async def test_an_unknown_parcel_is_for_the_bank_s_policy_to_take_or_refuse(corner: Corner) -> None:
    house, kiosk, policy = corner.house, corner.kiosk, f"/v1/banks/{corner.bank}/policy"
    before = kiosk.pulses()
    assert await kiosk.scan("STRANGE 1") == {"code": "refused", "reason": "unknown_tracking", "wait_s": 0}
    assert kiosk.pulses() == before

    await house.put(policy, {"open_wait_s": 2, "unknown_tracking": "accept"})
    opened = await opens(kiosk, "STRANGE 1")
    await kiosk.act(opened["door"], "put", "shut")
    await kiosk.done(opened["visit"])

    async def found() -> Answer | None:
        return next(iter((await house.get("/v1/deliveries?tracking=strange1"))["items"]), None)

    stored = await eventually(found)
    assert (stored["state"], stored["door"], stored["recipient"]) == ("stored", opened["door"], None)

    # Whoever announces it gets the parcel that lies there, and its recipient a code for it.
    adopted = await announce(house, corner.bank, tracking="STRANGE 1")
    assert adopted.id == stored["id"]
    assert await collect(kiosk, adopted) == opened["door"]
    await adopted.becomes("collected")
