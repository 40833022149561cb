"""Stories of pick-ups: who may open which door, and for how long."""

import asyncio
from typing import Any

from cranny.edge.outcomes import LeftBehind, Opened, Refusal
from cranny.wire.kinds import CollectFinished


def test_what_is_left_behind_is_not_collected(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        parcel = await bank.announce("PARCEL")
        door = await bank.deposit(parcel)
        await bank.controller.type_code(parcel.digits)
        await bank.shut(door)
        assert isinstance(bank.outcomes()[-1], LeftBehind)
        assert bank.bodies("collect.left")[0].grant == parcel.grant
        assert (await bank.controller.type_code(parcel.digits)).door == door
        assert await bank.take(door) == [parcel]
        assert isinstance(bank.bodies("collect.finished")[0], CollectFinished)

    live_bank(story)


def test_who_forgot_something_may_look_again(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        parcel = await bank.announce("PARCEL")
        door = await bank.deposit(parcel)
        assert (await bank.controller.scan(parcel.symbol)).door == door
        await bank.take(door)
        for _ in range(3):
            assert (await bank.controller.type_code(parcel.digits)).door == door
            await bank.shut(door)
        assert await bank.controller.type_code(parcel.digits) == Refusal("wrong")
        assert [body.credential for body in bank.bodies("opening.intended")] == ["tracking", "qr"] + ["reopen"] * 3
        assert len(bank.bodies("collect.finished")) == 1

    live_bank(story)


def test_an_old_code_opens_nothing_for_the_next_parcel_in_the_same_door(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        first = await bank.announce("FIRST")
        door = await bank.deposit(first)
        await bank.controller.type_code(first.digits)
        await bank.take(door)
        second = await bank.announce("SECOND")
        assert await bank.deposit(second) == door
        assert bank.state.occupancies[door].generation == 2
        before = len(bank.pulsed)
        for credential in (bank.controller.type_code(first.digits), bank.controller.scan(first.symbol)):
            assert await credential == Refusal("wrong")
        assert len(bank.pulsed) == before
        assert bank.board.inside(bank.at(door)) == [second]

    live_bank(story, doors=1)


def test_the_time_to_look_again_runs_out(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        parcel = await bank.announce("PARCEL")
        door = await bank.deposit(parcel)
        await bank.controller.type_code(parcel.digits)
        await bank.take(door)
        await bank.settle(301)
        assert await bank.controller.type_code(parcel.digits) == Refusal("wrong")

    live_bank(story)


def test_a_forced_door_is_told_and_leaves_the_pool(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        parcel = await bank.announce("PARCEL")
        door = await bank.deposit(parcel)
        bank.board.force(bank.at(door))
        await bank.settle()
        assert bank.kinds()[-2:] == ["door.forced", "door.blocked"]
        await bank.shut(door)
        assert bank.kinds()[-1] == "door.shut"
        assert bank.bodies("door.shut")[-1].opening is None
        assert (await bank.controller.type_code(parcel.digits)).door == door  # the parcel is still theirs
        await bank.take(door)
        assert bank.state.compartment(door).blocked == "forced"
        inspection = await bank.special(parcel, "inspect", door, 1)
        await bank.controller.type_code(inspection.digits)
        await bank.shut(door)
        assert bank.kinds()[-2:] == ["door.cleared", "collect.finished"]
        assert not bank.state.compartment(door).blocked

    live_bank(story)


def test_a_recall_for_an_earlier_generation_opens_nothing(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        first = await bank.announce("FIRST")
        door = await bank.deposit(first)
        recall = await bank.special(first, "recall", door, 1)
        await bank.controller.type_code(first.digits)
        await bank.take(door)
        await bank.deposit(await bank.announce("SECOND"))
        assert await bank.controller.type_code(recall.digits) == Refusal("nothing_here")

    live_bank(story, doors=1)


def test_the_first_of_two_rights_wins(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        parcel = await bank.announce("PARCEL")
        door = await bank.deposit(parcel)
        recall = await bank.special(parcel, "recall", door, 1)
        opened, refused = await asyncio.gather(bank.controller.scan(parcel.symbol), bank.controller.scan(recall.symbol))
        assert isinstance(opened, Opened)
        assert refused == Refusal("busy")
        await bank.take(door)
        assert await bank.controller.scan(recall.symbol) == Refusal("nothing_here")

    live_bank(story)
