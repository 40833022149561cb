"""What a bank does by itself: unknown parcels within a budget, codes of its own for who stores for themselves."""

from typing import Any

import pytest

from cranny.edge.outcomes import Collected, Opened, Refusal
from cranny.wire.allocation import Size
from cranny.wire.codes import BANK_LOCATORS, SERVER_LOCATORS, parse_code
from cranny.wire.kinds import DepositPaused
from cranny.wire.messages import GrantRevoked

NO_SIZE = Size(0, 0, 0)
UNKNOWN = Refusal("unknown_tracking")


async def store(bank: Any, text: str) -> Any:
    answer = await bank.controller.scan(text)
    if isinstance(answer, Opened):
        await bank.put(answer.door, text)
        await bank.shut(answer.door)
    return answer


@pytest.mark.slow
def test_unknown_parcels_are_taken_in_as_often_as_the_policy_says(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        for n in range(3):
            assert isinstance(await store(bank, f"UNKNOWN{n}"), Opened)
        assert await store(bank, "UNKNOWN3") == UNKNOWN
        assert await store(bank, "UNKNOWN4") == UNKNOWN
        assert bank.bodies("deposit.paused") == [DepositPaused("budget", 3)]
        await bank.restart()  # counted on the disk
        assert await store(bank, "UNKNOWN5") == UNKNOWN
        parcel = await bank.announce("KNOWN")
        await bank.deposit(parcel)  # known ones have no limit
        bank.hub.cut("bank")
        await bank.settle(86_400)
        assert isinstance(await store(bank, "UNKNOWN6"), Opened)
        assert len(bank.bodies("deposit.paused")) == 1

    live_bank(story, unknown_tracking="accept", unknown_per_day=3)


@pytest.mark.slow
def test_a_bank_that_is_alone_for_too_long_takes_no_more_unknown_ones(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        parcels = [await bank.announce(f"KNOWN{n}") for n in range(3)]
        inside = await bank.deposit(parcels[0])
        await bank.settle(60)
        bank.hub.cut("bank")
        await bank.settle(71 * 3600)
        assert isinstance(await store(bank, "UNKNOWN1"), Opened)
        await bank.settle(2 * 3600)
        await bank.restart()
        assert await store(bank, "UNKNOWN2") == UNKNOWN
        assert bank.bodies("deposit.paused")[-1].reason == "offline"
        await bank.deposit(parcels[1])
        assert (await bank.controller.type_code(parcels[0].digits)).door == inside
        await bank.take(inside)
        bank.hub.mend("bank")
        await bank.settle(60)
        assert isinstance(await store(bank, "UNKNOWN3"), Opened)

    live_bank(story, unknown_tracking="accept")


def test_who_stores_for_themselves_gets_a_code_that_the_bank_made(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        bank.hub.cut("bank")
        opened = await bank.controller.store_own(NO_SIZE)
        assert isinstance(opened, Opened)
        assert bank.controller.take_code(opened.visit) is None  # nothing is stored yet
        await bank.put(opened.door, "skis")
        await bank.shut(opened.door)
        minted = bank.controller.take_code(opened.visit)
        assert bank.controller.take_code(opened.visit) is None  # shown once
        assert parse_code(minted.code).locator in BANK_LOCATORS
        digits = minted.code.replace(" ", "")
        for stored in bank.stored():
            assert digits.encode() not in stored
            assert digits[3:].encode() not in stored
        assert digits not in repr(minted)
        assert all(minted.code not in str(row) for row in bank.connection.iterdump())
        (fact,) = bank.bodies("deposit.stored")
        assert (fact.minted, fact.grant) == (True, minted.grant.grant)
        assert fact.unannounced == fact.deliveries

        await bank.restart()
        again = await bank.controller.type_code(minted.code)
        assert again.door == opened.door
        assert await bank.take(opened.door) == ["skis"]
        assert isinstance(bank.outcomes()[-1], Collected)

    live_bank(story, own_storage=True)


def test_its_qr_opens_as_well_and_a_revoked_one_opens_nothing(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        codes = []
        for n in range(2):
            opened = await bank.controller.store_own(Size(50, 50, 50))
            await bank.put(opened.door, n)
            await bank.shut(opened.door)
            codes.append(bank.controller.take_code(opened.visit))
        assert (await bank.controller.scan(codes[0].qr)).purpose == "collect"
        await bank.give(GrantRevoked(codes[1].grant.grant))
        assert await bank.controller.type_code(codes[1].code) == Refusal("wrong")

    live_bank(story, own_storage=True)


def test_nothing_stored_means_no_code(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        assert await bank.controller.store_own(NO_SIZE) == UNKNOWN  # not by this policy

    async def empty(bank: Any) -> None:
        opened = await bank.controller.store_own(NO_SIZE)
        grant = next(iter(bank.state.grants.values()))
        await bank.shut(opened.door)
        assert bank.controller.take_code(opened.visit) is None
        bank.controller.done(opened.visit)
        await bank.announce("NEXT")
        await bank.controller.scan("NEXT")  # the next visit clears up
        assert bank.state.grants[grant.grant].state == "revoked"
        assert not bank.state.grants[grant.grant].code_verifier

    live_bank(story)
    live_bank(empty, own_storage=True)


@pytest.mark.slow
def test_codes_of_the_bank_and_of_the_server_never_meet(live_bank: Any) -> None:
    """I9: while both give codes, no two living ones have one locator; the longest-rested is given again."""

    async def story(bank: Any) -> None:
        assert not set(BANK_LOCATORS) & set(SERVER_LOCATORS)
        seen: list[int] = []
        for _ in range(103):
            opened = await bank.controller.store_own(NO_SIZE)
            await bank.put(opened.door)
            await bank.shut(opened.door)
            minted = bank.controller.take_code(opened.visit)
            if not len(seen) % 20:
                await bank.announce(f"PARCEL{len(seen)}")
            live = [grant.locator for grant in bank.state.grants.values() if grant.state == "live"]
            assert len(live) == len(set(live))
            seen.append(minted.grant.locator)
            await bank.controller.type_code(minted.code)
            await bank.take(opened.door)
            bank.controller.done(opened.visit)
        assert len(set(seen[:100])) == 100
        assert seen[100:] == seen[:3]

    live_bank(story, own_storage=True, unknown_per_day=1000)
