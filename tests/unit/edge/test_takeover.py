"""A box that takes over a bank from another does not know what lies behind its doors, and does not guess."""

from typing import Any

import msgspec
import pytest

from cranny.edge.outcomes import Refusal


@pytest.mark.parametrize("sensors", [True, False])
def test_a_door_is_offered_only_when_it_is_seen_to_be_empty(live_bank: Any, sensors: bool) -> None:
    async def story(bank: Any) -> None:
        bank.identity = msgspec.structs.replace(bank.identity, epoch=2)
        await bank.open()
        parcel = await bank.announce("PARCEL")
        looks = {door.look for door in bank.controller.state().doors}
        if not sensors:
            assert looks == {"blocked"}
            assert bank.controller.free() == 0
            assert await bank.controller.scan("PARCEL") == Refusal("full")
            return
        assert looks == {"free"}
        door = await bank.deposit(parcel)
        await bank.controller.type_code(parcel.digits)
        assert await bank.take(door) == [parcel]

    live_bank(story, content=sensors, opened=False)


def test_no_generation_is_given_out_a_second_time(live_bank: Any) -> None:
    """What was bound to a door by the box before must not open what this one puts there."""

    async def story(bank: Any) -> None:
        bank.identity = msgspec.structs.replace(bank.identity, epoch=3)
        await bank.open()
        door = await bank.deposit(await bank.announce("PARCEL"))
        (stored,) = bank.bodies("deposit.stored")
        old = await bank.special(await bank.announce("EARLIER"), "recall", door, 1)
        assert stored.generation == 2 * 2**32 + 1
        assert await bank.controller.type_code(old.digits) == Refusal("nothing_here")

    live_bank(story, opened=False)
