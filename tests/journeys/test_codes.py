"""Nine digits at a real kiosk: right ones, old ones, and somebody who guesses. The keypad of this bank waits a 40th of
what it says; that its real delays stay below 30 s is for tests/unit/edge/test_keypad.py."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest_asyncio

from .house import House, dying, together
from .kiosk import Answer, Kiosk
from .parcels import MEDIUM, SMALL, announce, bank_file, deposit
from .patience import eventually

pytestmark = together()

LONGEST_S = 30 / 40


@dataclass
class Corner:
    house: House
    bank: str
    kiosk: Kiosk


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def corner(house: House) -> AsyncIterator[Corner]:
    """A bank with one door for each of two sizes."""
    bank, claim = await house.bank(bank_file({"S": 1, "M": 1}))
    async with house.edge("codes", claim, command=dying("hasty_keypad")) as kiosk:
        yield Corner(house, bank, kiosk)


async def test_a_used_code_opens_again_for_whoever_forgot_something_but_never_the_next_parcel(corner: Corner) -> None:
    house, kiosk = corner.house, corner.kiosk
    first = await announce(house, corner.bank, size=MEDIUM)
    assert await deposit(kiosk, first) == "M1"
    await first.ready(kiosk)
    for credential in ("code", "reopen"):
        assert (await kiosk.code(first.code))["door"] == "M1"
        await kiosk.act("M1", "take", "shut")
        await first.becomes("collected")
        await kiosk.shows("M1", "free")
        intended = await house.events("opening.intended", subject=f"banks/{corner.bank}/doors/M1")
        assert intended[-1]["data"]["credential"] == credential

    second = await announce(house, corner.bank, size=MEDIUM)
    assert await deposit(kiosk, second) == "M1"
    pulses = kiosk.pulses()
    assert (await kiosk.code(first.code))["reason"] == "wrong"
    assert (await kiosk.scan(first.qr))["reason"] == "wrong"
    assert kiosk.pulses() == pulses
    await second.ready(kiosk)
    assert second.code[:3] != first.code[:3]
    assert (await kiosk.code(second.code))["door"] == "M1"
    await kiosk.act("M1", "take", "shut")
    await second.becomes("collected")
    assert (await second.shown())["generation"] == 2


async def test_eleven_wrong_codes(corner: Corner) -> None:
    house, kiosk = corner.house, corner.kiosk
    guessed, other = await announce(house, corner.bank, size=MEDIUM), await announce(house, corner.bank, size=SMALL)
    for parcel in (guessed, other):
        await deposit(kiosk, parcel)
        await parcel.ready(kiosk)
    pulses, seen = kiosk.pulses(), Counter[str]()

    async def tried(code: str) -> Answer:
        """What the keypad says once it takes a code again."""
        while True:
            answer = await kiosk.code(code)
            seen[answer.get("reason", answer["code"])] += 1
            if answer.get("reason") != "wait":
                return answer
            assert 0 < answer["wait_s"] <= 30
            await asyncio.sleep(0.02)

    for n in range(1, 10):
        assert (await tried(guessed.wrong(n)))["reason"] == "wrong"
    assert seen["wait"] > 0  # it slows down
    assert (await tried(guessed.wrong(10)))["reason"] == "exhausted"
    assert (await tried(guessed.code))["reason"] == "exhausted"  # the eleventh is right, and too late
    assert kiosk.pulses() == pulses

    # Nobody else is locked out, and waits no longer than the keypad's longest delay.
    async with asyncio.timeout(LONGEST_S + 1.5):
        assert (await tried(other.code))["door"] == "S1"
    await kiosk.act("S1", "take", "shut")
    await other.becomes("collected")

    # The server knows; the code is off for good, the QR is not.
    grant = (await guessed.shown())["grants"]["collect"]

    async def off() -> bool:
        return bool((await house.get(f"/v1/grants/{grant}"))["code_off"])

    await eventually(off)
    shown = await house.post(f"/v1/grants/{grant}/reveal", {"reason": "recipient calls"})
    assert (shown["code"], shown["qr"]) == (None, guessed.qr)
    assert len(await house.events("code.exhausted", subject=f"banks/{corner.bank}")) == 1
    slowed = [one["data"]["delay_ms"] for one in await house.events("keypad.slowed", subject=f"banks/{corner.bank}")]
    assert slowed[-5:] == [2000, 4000, 8000, 16000, 30000]
    assert (await kiosk.scan(guessed.qr))["door"] == "M1"
    await kiosk.act("M1", "take", "shut")
    await guessed.becomes("collected")
