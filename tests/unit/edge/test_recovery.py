"""The controller dies at every point it can die at: the journal tells, nothing is lost, no door opens by a start."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest

from cranny.edge.disk import DiskFailed
from cranny.edge.outcomes import Collected, LeftBehind, NotStored, Refusal, Shut, Stored
from cranny.wire.kinds import OpeningUnknown


async def hang(*_: object) -> None:
    """What a pulse looks like to a process that is gone before the board answers."""
    await asyncio.Event().wait()


async def scan_and_crash(bank: Any, text: str, *, pulsed: bool) -> str:
    """A deposit whose intent is journalled and whose result is not. The door."""
    real = bank.board.pulse

    async def pulse(unit: int, channel: int) -> None:
        if pulsed:
            await real(unit, channel)
        await hang()

    bank.board.pulse = pulse
    asking = asyncio.ensure_future(bank.controller.scan(text))
    await bank.settle(0.5)
    assert bank.kinds()[-1] == "opening.intended"
    await bank.crash()
    with pytest.raises(Exception, match="restarting"):
        await asking
    bank.board.pulse = real
    return str(bank.bodies("opening.intended")[-1].door)


def test_between_intent_and_pulse_of_a_deposit(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        parcel = await bank.announce("PARCEL")
        door = await scan_and_crash(bank, "PARCEL", pulsed=False)
        await bank.boot()
        assert bank.pulsed == []
        unknown = bank.bodies("opening.unknown")[0]
        assert (unknown.door, unknown.door_open) == (door, False)
        assert bank.kinds()[-2:] == ["door.shut", "deposit.abandoned"]
        assert not bank.state.compartment(door).blocked  # the sensor says empty
        assert bank.bodies("deposit.abandoned")[0].reason == "unknown"
        await bank.deposit(parcel)

    live_bank(story)


def test_between_intent_and_pulse_where_nobody_can_look_inside(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        parcel = await bank.announce("PARCEL")
        door = await scan_and_crash(bank, "PARCEL", pulsed=False)
        await bank.boot()
        assert bank.state.compartment(door).blocked == "uncertain"
        assert await bank.deposit(parcel) != door

    live_bank(story, content=False)


def test_between_pulse_and_result_with_the_door_still_open(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        parcel = await bank.announce("PARCEL")
        door = await scan_and_crash(bank, "PARCEL", pulsed=True)
        await bank.boot()
        assert bank.bodies("opening.unknown")[0].door_open
        assert "door.forced" not in bank.kinds()
        await bank.put(door, parcel)
        await bank.shut(door)
        assert isinstance(bank.outcomes()[-1], Stored)
        assert (await bank.controller.type_code(parcel.digits)).door == door
        assert len(bank.pulsed) == 2

    live_bank(story)


def test_stored_while_nobody_watched(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        parcel = await bank.announce("PARCEL")
        opened = await bank.controller.scan("PARCEL")
        await bank.crash()
        await bank.put(opened.door, parcel)
        await bank.shut(opened.door)
        await bank.boot()
        stored = bank.bodies("deposit.stored")[0]
        assert (stored.opening, stored.evidence) == (opened.opening, "sensed")

    live_bank(story)


def test_stored_while_nobody_watched_and_nobody_can_look_inside(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        parcel = await bank.announce("PARCEL")
        opened = await bank.controller.scan("PARCEL")
        await bank.crash()
        await bank.put(opened.door, parcel)
        await bank.shut(opened.door)
        await bank.boot()
        assert isinstance(bank.outcomes()[-1], NotStored)
        assert bank.state.compartment(opened.door).blocked == "uncertain"
        assert await bank.controller.type_code(parcel.digits) == Refusal("nothing_here")

    live_bank(story, content=False)


@pytest.mark.parametrize(
    ("content", "taken", "told"), [(True, True, Collected), (True, False, LeftBehind), (False, True, Collected)]
)
def test_collected_while_nobody_watched(live_bank: Any, content: bool, taken: bool, told: type) -> None:
    async def story(bank: Any) -> None:
        parcel = await bank.announce("PARCEL")
        door = await bank.deposit(parcel)
        await bank.controller.type_code(parcel.digits)
        await bank.crash()
        if taken:
            bank.board.take(bank.at(door))
        await bank.shut(door)
        await bank.boot()
        assert isinstance(bank.outcomes()[-1], told)
        assert len(bank.bodies("opening.unknown")) == 1
        # Where nobody can look inside, whoever stood there may have walked away from a dead screen.
        assert bank.state.compartment(door).blocked == ("" if content else "uncertain")

    live_bank(story, content=content)


@pytest.mark.parametrize("crash", [True, False])
def test_an_inspection_that_was_cut_off_settles_nothing(live_bank: Any, crash: bool) -> None:
    async def story(bank: Any) -> None:
        parcel = await bank.announce("PARCEL")
        door = await scan_and_crash(bank, "PARCEL", pulsed=False)
        await bank.boot()
        look = await bank.special(parcel, "inspect", door, 1)
        await bank.controller.scan(look.symbol)
        if crash:
            await bank.crash()
        await bank.shut(door)
        if crash:
            await bank.boot()
        assert bank.state.compartment(door).blocked == ("uncertain" if crash else "")

    live_bank(story, content=False)


def test_a_pick_up_that_may_never_have_opened_keeps_its_right(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        parcel = await bank.announce("PARCEL")
        door = await bank.deposit(parcel)
        await scan_and_crash(bank, parcel.symbol, pulsed=False)
        await bank.boot()
        assert isinstance(bank.outcomes()[-1], Shut)
        assert bank.kinds()[-2:] == ["opening.unknown", "door.shut"]
        assert (await bank.controller.scan(parcel.symbol)).door == door
        assert await bank.take(door) == [parcel]
        assert len(bank.pulsed) == 2

    live_bank(story, content=False)


def test_a_second_crash_tells_nothing_new(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        await bank.announce("PARCEL")
        door = await scan_and_crash(bank, "PARCEL", pulsed=True)
        for _ in range(3):
            await bank.boot()
            await bank.crash()
        await bank.boot()
        assert len(bank.bodies("opening.unknown")) == 1
        await bank.shut(door)
        assert bank.kinds()[-1] == "deposit.abandoned"

    live_bank(story)


def test_a_board_that_is_silent_at_the_start_settles_nothing(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        parcel, other = await bank.announce("PARCEL"), await bank.announce("OTHER")
        door = await scan_and_crash(bank, "PARCEL", pulsed=True)
        bank.board.power(on=False)
        await bank.boot()
        await bank.settle(60)
        assert bank.kinds()[-1] == "opening.intended"
        assert await bank.controller.scan("OTHER") == Refusal("not_ready")
        bank.board.power(on=True)
        await bank.settle(2)
        assert bank.bodies("opening.unknown")[0].door_open
        await bank.put(door, parcel)
        await bank.shut(door)
        assert bank.kinds()[-1] == "deposit.stored"
        await bank.deposit(other)

    live_bank(story)


def test_a_board_that_falls_silent_while_a_door_is_open(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        parcel = await bank.announce("PARCEL")
        opened = await bank.controller.scan("PARCEL")
        bank.board.power(on=False)
        await bank.settle(2)
        bank.board.put(bank.at(opened.door), parcel)
        bank.board.shut(bank.at(opened.door))
        bank.board.power(on=True)
        await bank.settle(3)
        assert isinstance(bank.bodies("opening.unknown")[0], OpeningUnknown)
        assert bank.bodies("deposit.stored")[0].evidence == "sensed"

    live_bank(story)


def test_a_board_that_falls_silent_right_after_the_pulse(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        await bank.announce("PARCEL")
        bank.board.make_slow(bank.at("01"), 2.0)
        asking = asyncio.ensure_future(bank.controller.scan("PARCEL"))
        await bank.settle(1)
        bank.board.power(on=False)
        assert await asking == Refusal("help")
        await bank.settle(5)
        bank.board.power(on=True)
        await bank.settle(3)
        assert bank.bodies("opening.unknown")[0].door_open
        assert len(bank.pulsed) == 1
        await bank.shut("01")
        assert bank.bodies("deposit.abandoned")[0].reason == "unknown"

    live_bank(story)


def test_forced_while_nobody_watched_is_told_once(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        await bank.crash()
        bank.board.force(bank.at("05"))
        await bank.boot()
        await bank.restart()
        assert bank.kinds() == ["door.forced", "door.blocked"]

    live_bank(story)


@pytest.mark.parametrize("after", [False, True], ids=["lost", "kept"])
@pytest.mark.parametrize("nth", range(1, 9))
def test_the_disk_fails_at_every_write_of_a_parcels_story(live_bank: Any, nth: int, after: bool) -> None:
    """Whether the transaction that failed is on the disk or not: after the restart the parcel is stored and
    collected, the physical truth is what the journal says, and every pulse had its intent."""

    async def story(bank: Any) -> None:
        parcel = await bank.announce("PARCEL")
        bank.disk.fail_at, bank.disk.after = nth, after
        for _ in range(8):
            await _one_step(bank, parcel)
            if bank.bodies("collect.finished"):
                break
        assert len(bank.bodies("collect.finished")) == 1, bank.kinds()
        assert all(not bank.board.inside((box.unit, box.channel)) for box in bank.layout.compartments)
        await bank.settle(30)
        assert len(bank.server.facts) == len(bank.facts())

    live_bank(story)


async def _one_step(bank: Any, parcel: Any) -> None:
    """People at the bank: they put in and take out what they can, and somebody restarts what has stopped."""
    place = bank.state.where(parcel.delivery)
    async with _restarting(bank):
        if place is None:
            await bank.controller.scan("PARCEL")
        else:
            await bank.controller.type_code(parcel.digits)
    for box in bank.layout.compartments:
        address = (box.unit, box.channel)
        if not bank.board.is_open(address):
            continue
        if bank.board.inside(address):
            bank.board.take(address)
        elif place is None:
            bank.board.put(address, parcel)
        bank.board.shut(address)
    async with _restarting(bank):
        await bank.settle(2)


@asynccontextmanager
async def _restarting(bank: Any) -> AsyncIterator[None]:
    with suppress(DiskFailed):
        yield
    if bank.bank._crew._failed.done():
        with pytest.raises(DiskFailed):
            await bank.bank.run()
        await bank.restart()


def test_when_the_disk_is_full_deposits_pause_and_pick_ups_go_on(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        inside, outside = await bank.announce("INSIDE"), await bank.announce("OUTSIDE")
        door = await bank.deposit(inside)
        bank.disk.full = True
        assert await bank.controller.scan("OUTSIDE") == Refusal("deposits_paused")
        await bank.controller.type_code(inside.digits)
        assert await bank.take(door) == [inside]
        assert bank.kinds()[-1] == "collect.finished"
        bank.disk.full, bank.disk.low = False, True
        assert await bank.controller.scan("OUTSIDE") == Refusal("deposits_paused")
        assert not bank.controller.state().deposits
        bank.disk.low = False
        await bank.deposit(outside)

    live_bank(story)


def test_who_hangs_up_does_not_leave_a_door_half_opened(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        parcel = await bank.announce("PARCEL")
        asking = asyncio.ensure_future(bank.controller.scan("PARCEL"))
        await asyncio.sleep(0.01)
        asking.cancel()
        await bank.settle()
        assert bank.kinds()[-1] == "door.opened"
        await bank.put("01", parcel)
        await bank.shut("01")
        assert bank.kinds()[-1] == "deposit.stored"

    live_bank(story)


def test_a_disk_that_is_slow_opens_no_door_late(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        await bank.announce("PARCEL")
        bank.disk.slow_s = 6
        assert await bank.controller.scan("PARCEL") == Refusal("help")
        assert bank.pulsed == []
        assert [body.reason for body in bank.bodies("door.not_opened")] == ["late"] * 3
        assert bank.bodies("door.blocked") == []
        bank.disk.slow_s = 0

    live_bank(story)


def test_forced_open_again_before_anybody_noticed_that_it_was_shut(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        parcel = await bank.announce("PARCEL")
        asking = asyncio.ensure_future(bank.controller.scan("PARCEL"))
        await bank.settle(0.05)
        bank.disk.slow_s = 3
        await bank.settle(0.5)
        await bank.put("01", parcel)
        await bank.shut("01")
        bank.board.force(bank.at("01"))
        await asking
        bank.disk.slow_s = 0
        await bank.settle(10)
        assert "opening.unknown" in bank.kinds()
        assert "deposit.stored" not in bank.kinds()
        await bank.shut("01")
        assert bank.state.compartment("01").blocked == "forced"

    live_bank(story)


def test_a_disk_so_full_that_a_result_can_not_be_journalled_is_a_restart(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        parcel = await bank.announce("PARCEL")
        asking = asyncio.ensure_future(bank.controller.scan("PARCEL"))
        await bank.settle(0.05)
        bank.disk.stuffed = True
        with pytest.raises(DiskFailed):
            await asking
        with pytest.raises(DiskFailed):
            await bank.bank.run()
        bank.disk.stuffed = False
        await bank.restart()
        assert bank.bodies("opening.unknown")[0].door_open
        await bank.put("01", parcel)
        await bank.shut("01")
        assert bank.kinds()[-1] == "deposit.stored"

    live_bank(story)
