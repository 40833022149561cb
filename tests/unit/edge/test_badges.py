"""Badges at the bank: one opens what lies there for its holder, the oldest first, and no reader ever names a door."""

from typing import Any
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cranny.edge.outcomes import Opened, Refusal
from cranny.wire.codes import badge_verifier, normal_badge
from cranny.wire.messages import BadgeGiven, GrantRevoked

from .conftest import BANK, PEPPER, TENANT, Parcel

UID = "04:A1:B2:C3:D4:E5:80"
ACCEPT = {"unknown_tracking": "accept"}


def verifier(badge: str) -> bytes:
    return badge_verifier(PEPPER, TENANT, BANK, badge)


async def for_holder(bank: Any, tracking: str, badge: str = UID) -> Parcel:
    """A parcel whose grant opens with the badge."""
    parcel: Parcel = await bank.announce(tracking)
    await bank.give(BadgeGiven(parcel.grant, verifier(badge)))
    return parcel


def test_a_badge_opens_the_oldest_first_one_door_at_a_time(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        first, second = await for_holder(bank, "FIRST"), await for_holder(bank, "SECOND")
        stranger = await bank.announce("OTHER")
        doors = [await bank.deposit(parcel) for parcel in (stranger, second, first)]
        before = len(bank.pulsed)
        for parcel, door in ((first, doors[2]), (second, doors[1])):
            answer = await bank.controller.show_badge("04a1b2c3d4e580")
            assert isinstance(answer, Opened)
            assert answer.door == door
            again = await bank.controller.show_badge(UID)
            assert again.door == door, "held to the reader twice, it opens nothing else meanwhile"
            assert await bank.take(door) == [parcel]
        assert len(bank.pulsed) == before + 2
        used = [body for body in bank.bodies("opening.intended") if body.credential == "badge"]
        assert [body.grant for body in used] == [first.grant, second.grant]
        assert bank.board.inside(bank.at(doors[0])) == [stranger]
        assert bank.state.by_badge == bank.state.badges == {}, "a grant that has ended keeps no badge"
        assert bank.connection.execute("SELECT count(*) FROM badges WHERE verifier <> x''").fetchone() == (0,)

    live_bank(story)


def test_a_reader_that_types_like_a_scanner_is_a_badge_reader_too(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        door = await bank.deposit(await for_holder(bank, "PARCEL"))
        await bank.restart()
        assert (await bank.controller.scan(UID)).door == door

    live_bank(story, **ACCEPT)


def test_a_label_that_is_awaited_is_no_badge(live_bank: Any) -> None:
    """Whoever registers a parcel's number as a badge must not turn its deposit into an opening."""

    async def story(bank: Any) -> None:
        mine = await bank.deposit(await for_holder(bank, "MINE", badge="PARCEL-7"))
        await bank.announce("PARCEL-7")
        answer = await bank.controller.scan("PARCEL-7")
        assert (answer.purpose, answer.door != mine) == ("deposit", True)

    live_bank(story)


def test_who_forgot_something_holds_the_badge_again(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        door = await bank.deposit(await for_holder(bank, "PARCEL"))
        assert (await bank.controller.show_badge(UID)).door == door
        await bank.take(door)
        assert (await bank.controller.show_badge(UID)).door == door
        await bank.shut(door)
        await bank.settle(600)
        assert await bank.controller.show_badge(UID) == Refusal("unknown_badge")

    live_bank(story)


def test_a_lost_badge_is_taken_away_and_another_one_given(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        parcel = await for_holder(bank, "PARCEL")
        door = await bank.deposit(parcel)
        await bank.give(BadgeGiven(parcel.grant, b""))
        assert await bank.controller.show_badge(UID) == Refusal("unknown_badge")
        await bank.give(BadgeGiven(parcel.grant, verifier("11223344")))
        assert await bank.controller.show_badge(UID) == Refusal("unknown_badge")
        await bank.restart()
        assert (await bank.controller.show_badge("11 22 33 44")).door == door

    live_bank(story)


def test_a_badge_for_nothing_or_for_an_ended_grant_opens_nothing(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        parcel = await for_holder(bank, "PARCEL")
        assert await bank.controller.show_badge(UID) == Refusal("nothing_here")
        await bank.deposit(parcel)
        await bank.give(GrantRevoked(parcel.grant), BadgeGiven(parcel.grant, verifier(UID)))
        await bank.give(BadgeGiven(UUID(int=9), verifier(UID)))
        before = len(bank.pulsed)
        assert await bank.controller.show_badge(UID) == Refusal("unknown_badge")
        await bank.restart()
        assert await bank.controller.show_badge(UID) == Refusal("unknown_badge")
        assert len(bank.pulsed) == before

    live_bank(story)


def test_verifiers_that_come_with_the_grant_count_as_well(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        parcel = await bank.announce("PARCEL")
        other = await bank.grant(parcel, "recall", UUID(int=5), "", 0)
        door = await bank.deposit(parcel)
        generation = bank.state.occupancies[door].generation
        given = type(other)(
            **{name: getattr(other, name) for name in other.__struct_fields__}
            | {
                "badge_verifier": verifier(UID),
                "door": door,
                "generation": generation,
                "locator": 77,
            }
        )
        await bank.give(given)
        answer = await bank.controller.show_badge(UID)
        assert (answer.purpose, answer.door) == ("recall", door)

    live_bank(story)


def test_a_policy_switches_badges_off(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        parcel = await for_holder(bank, "PARCEL")
        await bank.deposit(parcel)
        assert await bank.controller.show_badge(UID) == Refusal("unknown_badge")
        assert await bank.controller.scan(UID) == Refusal("unknown_tracking")
        assert isinstance(await bank.controller.scan(parcel.symbol), Opened)

    live_bank(story, badges=False)


DRESSES = ["03", "door 03", "DOOR:03", "1/3", "(1, 3)", '{"door": "03"}', "open 03", "03\n", "A103", "C03", "%03%"]
"""A door's label, its address, its name, as somebody would try to smuggle it in."""


def doors_for(live_bank: Any, texts: list[str], **policy: Any) -> list[str]:
    """The doors that these scans open, each shut again empty."""
    doors: list[str] = []

    async def story(bank: Any) -> None:
        for text in texts:
            before = len(bank.pulsed)
            assert isinstance(await bank.controller.show_badge(text), Refusal)
            assert len(bank.pulsed) == before, "a badge that is not known opens nothing"
            told = await bank.controller.scan(text)
            if isinstance(told, Opened):
                doors.append(told.door)
                await bank.shut(told.door)
            else:
                assert len(bank.pulsed) == before

    live_bank(story, **policy)
    return doors


@pytest.mark.slow
def test_nothing_that_a_reader_reads_chooses_a_door(live_bank: Any) -> None:
    """Where strangers' parcels are refused nothing opens; where they are taken, the doors are those that any other
    texts would have got."""
    assert doors_for(live_bank, DRESSES) == []
    opened = doors_for(live_bank, DRESSES, **ACCEPT)
    assert len(opened) > len(DRESSES) // 2
    assert opened == doors_for(live_bank, [f"PARCEL-{n}" for n in range(len(opened))], **ACCEPT)


@pytest.mark.slow
@given(st.text(max_size=80))
@example("04:A1-B2 c3")
@example("\ud800aaaa")
def test_a_badge_s_number_has_one_form(text: str) -> None:
    plain = normal_badge(text)
    assert plain == "" or (4 <= len(plain) <= 64 and plain == normal_badge(plain))
    assert len(badge_verifier(PEPPER, TENANT, BANK, text)) == 32
    assert badge_verifier(PEPPER, TENANT, BANK, text) != badge_verifier(PEPPER, TENANT, UUID(int=8), text)
