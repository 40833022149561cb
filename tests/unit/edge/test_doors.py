"""Stories of doors that do not do what they should."""

from typing import Any

import pytest

from cranny.edge.outcomes import PleaseShut, Refusal


def test_a_stuck_door_makes_way_for_the_next(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        parcel = await bank.announce("PARCEL")
        bank.board.jam(bank.at("01"))
        answer = await bank.controller.scan("PARCEL")
        assert (answer.door, answer.passed_over) == ("02", ["01"])
        assert bank.board.pulses(bank.at("01")) == 2
        assert [told.code for told in map(_code, bank.outcomes())] == ["next_door"]
        assert bank.kinds() == [
            "opening.intended", "opening.intended", "door.not_opened", "door.blocked", "deposit.abandoned",
            "opening.intended", "door.opened",
        ]  # fmt: skip
        first, second, third = bank.bodies("opening.intended")
        assert (first.opening, first.attempt, second.attempt) == (second.opening, 1, 2)
        assert (third.door, third.generation, third.attempt) == ("02", 1, 1)
        await bank.put("02")
        await bank.shut("02")
        bank.board.jam(bank.at("01"), jammed=False)
        assert bank.state.compartment("01").blocked == "not-opened"
        assert parcel.delivery in bank.state.occupancies["02"].deliveries

    live_bank(story)


def test_when_every_door_is_stuck_three_are_tried(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        await bank.announce("PARCEL")
        for door in range(1, 21):
            bank.board.jam(bank.at(f"{door:02}"))
        assert await bank.controller.scan("PARCEL") == Refusal("help")
        assert len(bank.bodies("door.blocked")) == 3

    live_bank(story)


def test_a_burnt_lock_is_not_tried_twice(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        await bank.announce("PARCEL")
        bank.board.burn(bank.at("01"))
        answer = await bank.controller.scan("PARCEL")
        assert answer.door == "02"
        assert [body.reason for body in bank.bodies("door.not_opened")] == ["board-fault"]
        assert bank.state.compartment("01").blocked

    live_bank(story)


@pytest.mark.slow
def test_a_door_left_open_is_told_and_nothing_accepted_until_it_is_shut(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        parcel = await bank.announce("PARCEL")
        opened = await bank.controller.scan("PARCEL")
        await bank.put(opened.door)
        await bank.settle(181)
        assert isinstance(bank.outcomes()[-1], PleaseShut)
        assert bank.kinds()[-1] == "door.unsecured"
        assert await bank.controller.type_code(parcel.digits) == Refusal("nothing_here")
        await bank.settle(3600)
        assert bank.kinds()[-2:] == ["door.unsecured", "door.left_open"]
        await bank.shut(opened.door)
        assert bank.kinds()[-2:] == ["door.shut", "deposit.stored"]

    live_bank(story)


def test_left_open_and_nobody_can_look_inside(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        await bank.announce("PARCEL")
        opened = await bank.controller.scan("PARCEL")
        await bank.settle(181)
        await bank.shut(opened.door)
        assert bank.bodies("deposit.abandoned")[-1].reason == "unsecured"
        assert bank.state.compartment(opened.door).blocked == "uncertain"

    live_bank(story, content=False)


def test_a_bouncing_contact_is_one_shut_door(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        for box in bank.layout.compartments:
            bank.board.make_bouncy((box.unit, box.channel))
        parcel = await bank.announce("PARCEL")
        door = await bank.deposit(parcel)
        await bank.controller.type_code(parcel.digits)
        await bank.take(door)
        assert bank.kinds().count("door.shut") == 2
        assert "door.forced" not in bank.kinds()

    live_bank(story)


def test_a_slow_door_opens_at_the_second_try(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        await bank.announce("PARCEL")
        bank.board.make_slow(bank.at("01"), 4.0)
        answer = await bank.controller.scan("PARCEL")
        assert answer.door == "01"
        assert [body.attempt for body in bank.bodies("opening.intended")] == [1, 2]

    live_bank(story)


def test_a_door_that_opens_too_late_is_forced_not_used(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        await bank.announce("PARCEL")
        bank.board.make_slow(bank.at("01"), 7.0)
        answer = await bank.controller.scan("PARCEL")
        assert answer.door == "02"
        await bank.settle(10)
        assert bank.board.is_open(bank.at("01"))
        assert "door.forced" in bank.kinds()
        assert bank.state.compartment("01").blocked == "not-opened"

    live_bank(story)


@pytest.mark.slow
def test_an_open_door_is_heard_seen_told_and_listed(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        parcel = await bank.announce("PARCEL")
        opened = await bank.controller.scan("PARCEL")
        await bank.put(opened.door, parcel)
        await bank.settle(59)
        assert bank.board.beeps == 0
        await bank.settle(2)
        assert bank.board.beeps == 1
        assert bank.outcomes()[-1] == PleaseShut(opened.door)
        assert bank.kinds()[-1] == "door.opened"
        await bank.settle(120)
        assert bank.board.beeps == 13
        assert bank.kinds()[-1] == "door.unsecured"
        await bank.settle(400)
        assert bank.kinds()[-1] == "door.unsecured"
        await bank.settle(3600)
        assert [body.for_s for body in bank.bodies("door.left_open")] == [600]
        assert bank.board.beeps == 13
        await bank.shut(opened.door)
        assert bank.kinds()[-1] == "deposit.stored"

    live_bank(story)


def test_a_door_left_open_after_a_pick_up_is_not_offered_and_is_told(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        parcel, other = await bank.announce("PARCEL"), await bank.announce("OTHER")
        door = await bank.deposit(parcel)
        await bank.controller.scan(parcel.symbol)
        bank.board.take(bank.at(door))
        await bank.settle(700)
        assert [body.door for body in bank.bodies("door.left_open")] == [door]
        assert await bank.controller.scan("OTHER") == Refusal("full")
        assert other
        await bank.shut(door)
        assert bank.kinds()[-1] == "collect.finished"
        assert await bank.deposit(other) == door

    live_bank(story, doors=1)


def _code(told: Any) -> Any:
    class Named:
        code = type(told).__struct_config__.tag

    return Named
