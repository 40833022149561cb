"""What a power cut does not take away: the keypad's patience, and the right to open one's door once more."""

from datetime import timedelta
from typing import Any

import pytest

from cranny.edge.outcomes import Refusal


def test_a_power_cut_makes_no_keypad_quicker(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        parcel = await bank.announce("PARCEL")
        await bank.deposit(parcel)
        for _ in range(5):
            assert await bank.controller.type_code("999000000") == Refusal("wrong")
            await bank.settle(2)
        await bank.restart()
        assert (await bank.controller.type_code(parcel.digits)).reason == "wait"
        await bank.settle(8)
        assert (await bank.controller.type_code(parcel.digits)).door == "01"
        await bank.take("01")
        await bank.restart()  # a right code takes two steps back, for good
        assert await bank.controller.type_code("999000000") == Refusal("wrong")
        assert bank.state.pad_steps == 4

    live_bank(story)


def test_a_power_cut_ends_no_reopening_and_gives_no_more_of_them(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        parcel = await bank.announce("PARCEL")
        door = await bank.deposit(parcel)
        await bank.controller.type_code(parcel.digits)
        await bank.take(door)
        for _ in range(3):
            await bank.restart()
            assert (await bank.controller.scan(parcel.symbol)).door == door
            await bank.shut(door)
        await bank.restart()
        assert await bank.controller.scan(parcel.symbol) == Refusal("wrong")
        assert bank.connection.execute("SELECT code_verifier, qr_verifier FROM agains").fetchall() == [(b"", b"")]

    live_bank(story)


def test_the_time_for_a_reopening_passes_while_the_power_is_off(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        parcel = await bank.announce("PARCEL")
        door = await bank.deposit(parcel)
        await bank.controller.type_code(parcel.digits)
        await bank.take(door)
        await bank.crash()
        await bank.settle(301)
        await bank.boot()
        assert await bank.controller.scan(parcel.symbol) == Refusal("wrong")

    live_bank(story)


def test_a_clock_that_was_set_back_ends_it_or_every_start_would_give_it_anew(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        parcel = await bank.announce("PARCEL")
        door = await bank.deposit(parcel)
        await bank.controller.type_code(parcel.digits)
        await bank.take(door)
        await bank.crash()
        bank.clock.skew = timedelta(hours=-1)
        await bank.boot()
        assert await bank.controller.scan(parcel.symbol) == Refusal("wrong")

    live_bank(story)


@pytest.mark.parametrize("years", [-2, 1])
def test_a_clock_that_jumps_opens_nothing_that_is_somebody_elses(live_bank: Any, years: int) -> None:
    async def story(bank: Any) -> None:
        first, second = await bank.announce("FIRST"), await bank.announce("SECOND")
        door = await bank.deposit(first)
        await bank.controller.type_code(first.digits)
        await bank.take(door)
        await bank.deposit(second)
        await bank.crash()
        bank.clock.skew = timedelta(days=365 * years)
        await bank.boot()
        assert await bank.controller.scan(first.symbol) == Refusal("wrong")
        assert (await bank.controller.scan(second.symbol)).door == door
        await bank.take(door)
        await bank.settle(301)
        assert await bank.controller.scan(second.symbol) == Refusal("wrong")

    live_bank(story, doors=1)
