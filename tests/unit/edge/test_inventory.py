"""The guided inventory: somebody looks behind door after door, and what they see settles what was in doubt."""

from typing import Any

import pytest

from cranny.edge.outcomes import Counting, Refusal
from cranny.wire.kinds import InventoryBegan, InventoryEnded

from .test_renewal import InlineDisk, begin_anew, replace_disk


async def technician(bank: Any) -> Any:
    """A grant to inspect, for no door in particular."""
    return await bank.special(await bank.announce("ANY"), "inspect", "", 0)


async def begin(bank: Any, badge: Any) -> Any:
    assert await bank.controller.scan(badge.symbol) == Refusal("counting")
    return bank.controller.counter.session


async def look(bank: Any, session: Any, found: str, *, early: bool = True, hands: Any = None) -> str:
    """Open the next door, look, say, shut. The door."""
    assert await bank.controller.counter.next(session) == Counting(session)
    door = str(bank.state.inventory.door)
    await bank.settle(1)
    assert bank.board.is_open(bank.at(door))
    if hands:
        hands(door)
    if early:
        assert await bank.controller.counter.answer(session, found) == Counting(session)
    await bank.shut(door)
    if not early:
        assert await bank.controller.counter.answer(session, found) == Counting(session)
    return door


@pytest.mark.slow
@pytest.mark.parametrize("early", [True, False], ids=["said while open", "said when shut"])
@pytest.mark.parametrize("content", [True, False], ids=["sees inside", "blind"])
def test_after_a_new_epoch_what_lies_there_can_be_fetched_again(live_bank: Any, content: bool, early: bool) -> None:
    async def story(bank: Any) -> None:
        one, two = await bank.announce("FIRST"), await bank.announce("SECOND")
        doors = [await bank.deposit(one), await bank.deposit(two)]
        badge = await technician(bank)
        await replace_disk(bank, InlineDisk())
        await begin_anew(bank)
        assert await bank.controller.type_code(one.digits) == Refusal("inventory")
        bank.board.boxes[bank.at(doors[1])].things.clear()  # somebody was there with a screwdriver
        bank.board._changed(bank.at(doors[1]))
        session = await begin(bank, badge)
        assert len(bank.pulsed) == 0  # a code opens nothing by itself here
        seen = {}
        while bank.state.inventory is not None:
            door = await look(bank, session, "there" if doors[0] not in seen else "not_there", early=early)
            seen[door] = True
        assert list(seen)[:2] == doors
        assert set(seen) == set(bank.state.boxes)
        assert not any(bank.state.compartment(door).blocked for door in seen)
        assert bank.bodies("inventory.ended")[-1] == InventoryEnded(inventory=session, looked=4, left=0)
        assert bank.controller.free() == 3
        counted = {body.door: body for body in bank.bodies("door.counted")}
        assert counted[doors[1]].deliveries == [two.delivery]
        assert await bank.controller.type_code(two.digits) == Refusal("nothing_here")
        assert (await bank.controller.type_code(one.digits)).door == doors[0]
        assert await bank.take(doors[0]) == [one]

    live_bank(story, doors=4, content=content)


def test_something_else_is_inside_and_is_handed_to_nobody(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        parcel = await bank.announce("PARCEL")
        door = await bank.deposit(parcel)
        session = await begin(bank, await technician(bank))
        assert bank.bodies("inventory.began")[0] == InventoryBegan(
            inventory=session, grant=bank.state.inventory.grant, command=None, doors=2
        )
        assert await look(bank, session, "other") == door
        assert bank.state.compartment(door).blocked == "inventory-other"
        assert await bank.controller.type_code(parcel.digits) == Refusal("inventory")
        assert await bank.controller.counter.end(session) == Counting(session)
        assert bank.bodies("inventory.ended")[-1].left == 1
        assert await bank.controller.counter.next(session) == Refusal("no_visit")
        # Somebody puts it right, and counts once more.
        session = await begin(bank, await technician(bank))
        assert await look(bank, session, "there") == door
        assert (await bank.controller.type_code(parcel.digits)).door == door

    live_bank(story, doors=2, content=False)


@pytest.mark.parametrize(("full", "said"), [(True, "not_there"), (False, "other")])
def test_where_the_sensor_disagrees_the_door_stays_in_doubt(live_bank: Any, full: bool, said: str) -> None:
    async def story(bank: Any) -> None:
        parcel = await bank.announce("PARCEL")
        if full:
            await bank.deposit(parcel)
        session = await begin(bank, await technician(bank))
        door = await look(bank, session, said)
        assert bank.state.compartment(door).blocked == "sensor-contradiction"
        assert (door in bank.state.occupancies) is full

    live_bank(story, doors=1)


def test_a_door_that_is_stuck_is_passed_over(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        bank.board.jam(bank.at("01"))
        session = await begin(bank, await technician(bank))
        await bank.controller.counter.next(session)
        assert bank.state.compartment("01").blocked == "not-opened"
        assert await look(bank, session, "not_there") == "02"
        assert bank.state.inventory is None
        assert bank.state.compartment("01").blocked == "not-opened"

    live_bank(story, doors=2)


def test_the_power_goes_and_whoever_began_goes_on(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        parcel = await bank.announce("PARCEL")
        door = await bank.deposit(parcel)
        badge = await technician(bank)
        session = await begin(bank, badge)
        await bank.controller.counter.next(session)
        await bank.controller.counter.answer(session, "not_there")
        await bank.crash()
        await bank.shut(door)
        pulses = len(bank.pulsed)
        await bank.boot()
        await bank.settle(10)
        # What was said before the cut counts for nothing, and nothing goes on by itself.
        assert bank.bodies("door.counted") == []
        assert bank.controller.counter.session is None
        assert await bank.controller.counter.next(session) == Refusal("no_visit")
        assert len(bank.pulsed) == pulses
        assert await begin(bank, badge) == session
        assert await look(bank, session, "there") == door
        assert len(bank.bodies("inventory.began")) == 1

    live_bank(story, doors=2, content=False)


def test_after_quiet_time_nobody_is_there_any_more(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        session = await begin(bank, await technician(bank))
        await bank.settle(91)
        assert await bank.controller.counter.next(session) == Refusal("no_visit")
        assert bank.pulsed == []

    live_bank(story)


@pytest.mark.slow
def test_one_question_at_a_time(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        session = await begin(bank, await technician(bank))
        counter = bank.controller.counter
        assert await counter.answer(session, "not_there") == Refusal("no_visit")
        await counter.next(session)
        assert await counter.next(session) == Refusal("busy")
        assert await counter.answer(session, "there") == Refusal("no_visit")  # nothing should lie there
        assert len(bank.pulsed) == 1

    live_bank(story)
