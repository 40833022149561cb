"""The journal is lost, or restored from an older copy: the bank notices, begins a new epoch, guesses nothing, and what
lies behind its doors is handed out again once somebody has looked."""

from typing import Any

import pytest

from cranny.edge import renewal
from cranny.edge.disk import InlineDisk
from cranny.edge.outcomes import Collected, LeftBehind, Refusal
from cranny.wire.kinds import EpochBegan
from cranny.wire.messages import FactAck, GrantRevoked


def copy_of(bank: Any) -> InlineDisk:
    """An image of the bank's disk, as somebody makes one for a rainy day."""
    image = InlineDisk()
    bank.connection.backup(image._connection)
    return image


async def replace_disk(bank: Any, image: InlineDisk) -> None:
    await bank.crash()
    await bank.disk.inner.close()
    bank.disk.inner = image
    bank.pulsed.clear()  # the intents of the lost disk are lost
    await bank.boot()


async def begin_anew(bank: Any) -> None:
    """What `run_controller` does when the crew stops with a fork."""
    with pytest.raises(renewal.Forked) as forked:
        await bank.bank.run()
    await bank.crash()
    await bank.disk.run(renewal.renew(forked.value.epoch))
    await bank.boot()
    await bank.settle(20)


@pytest.mark.parametrize("content", [True, False], ids=["sees inside", "blind"])
def test_an_old_code_never_opens_what_came_after_it(live_bank: Any, content: bool) -> None:
    async def story(bank: Any) -> None:
        first, second, third = [await bank.announce(name) for name in ("FIRST", "SECOND", "THIRD")]
        door = await bank.deposit(first)
        image = copy_of(bank)
        await bank.controller.type_code(first.digits)
        assert await bank.take(door) == [first]
        assert await bank.deposit(second) == door
        await replace_disk(bank, image)
        await begin_anew(bank)
        assert bank.state.mark.epoch == 2
        assert bank.bodies("epoch.began") == [EpochBegan(before=1, seq=bank.state.past.seq)]
        assert bank.state.compartment(door).blocked == "inventory"
        # The first one was fetched, the server says; the second may lie there, and nobody has looked.
        assert await bank.controller.type_code(first.digits) == Refusal("wrong")
        assert await bank.controller.type_code(second.digits) == Refusal("inventory")
        assert await bank.controller.scan("THIRD") == Refusal("full")
        assert bank.pulsed == []
        look = await bank.special(second, "inspect", door, 2)
        assert (await bank.controller.scan(look.symbol)).door == door
        await bank.shut(door)
        assert isinstance(bank.outcomes()[-1], LeftBehind)
        assert not bank.state.compartment(door).blocked
        assert (await bank.controller.type_code(second.digits)).door == door
        assert await bank.take(door) == [second]
        assert isinstance(bank.outcomes()[-1], Collected)
        assert await bank.deposit(third) == door
        assert bank.state.occupancies[door].generation > 2**32

    live_bank(story, doors=1, content=content)


@pytest.mark.parametrize("content", [True, False], ids=["sees inside", "blind"])
def test_a_journal_that_is_gone(live_bank: Any, content: bool) -> None:
    async def story(bank: Any) -> None:
        inside, revoked, outside = [await bank.announce(name) for name in ("INSIDE", "REVOKED", "OUTSIDE")]
        door = await bank.deposit(inside)
        other = await bank.deposit(revoked)
        await bank.give(GrantRevoked(revoked.grant))
        await replace_disk(bank, InlineDisk())
        assert bank.state.layout is None  # an empty copy takes no rights before the server knows it
        await begin_anew(bank)
        free = {view.label for view in bank.controller.state().doors if view.look == "free"}
        assert free == (set(bank.state.boxes) - {door, other} if content else set())
        assert await bank.controller.type_code(inside.digits) == Refusal("inventory")
        assert await bank.controller.type_code(revoked.digits) == Refusal("wrong")
        assert bank.state.being_stored(outside.delivery) is None
        assert bank.state.deliveries[outside.delivery].state == "awaited"
        assert bank.pulsed == []
        if content:
            assert await bank.deposit(outside) not in (door, other)

    live_bank(story, doors=4, content=content)


def test_a_door_that_the_books_hold_full_and_the_sensor_empty_is_not_freed(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        parcel = await bank.announce("PARCEL")
        door = await bank.deposit(parcel)
        await bank.crash()
        bank.board.break_sensor(bank.at(door), shows=False)
        await replace_disk(bank, InlineDisk())
        await begin_anew(bank)
        assert bank.state.compartment(door).blocked == "inventory"
        assert door in bank.state.occupancies

    live_bank(story, doors=2)


def test_the_power_goes_before_during_and_after_a_renewal(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        door = await bank.deposit(await bank.announce("PARCEL"))
        await replace_disk(bank, InlineDisk())
        with pytest.raises(renewal.Forked):
            await bank.bank.run()
        await bank.crash()
        await bank.boot()  # before: the next start finds the same fork
        await begin_anew(bank)
        for _ in range(2):  # after: once more changes nothing
            await bank.disk.run(renewal.renew(2))
            await bank.restart()
        assert bank.state.mark.epoch == 2
        assert len(bank.bodies("epoch.began")) == 1
        assert [body.door for body in bank.bodies("door.blocked")] == [door]

    live_bank(story, doors=2)


def test_lost_a_second_time(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        parcel = await bank.announce("PARCEL")
        door = await bank.deposit(parcel)
        for epoch in (2, 3):
            await replace_disk(bank, InlineDisk())
            await begin_anew(bank)
            assert bank.state.mark.epoch == epoch
        assert bank.state.occupancies[door].deliveries == [parcel.delivery]
        look = await bank.special(parcel, "inspect", door, 1)
        await bank.controller.scan(look.symbol)
        await bank.shut(door)
        assert (await bank.controller.type_code(parcel.digits)).door == door
        assert await bank.take(door) == [parcel]

    live_bank(story, doors=2)


def test_whoever_stands_at_an_open_door_finishes_first_and_nobody_else_begins(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        parcel, other = await bank.announce("PARCEL"), await bank.announce("OTHER")
        opened = await bank.controller.scan("PARCEL")
        bank.server.forked = True
        bank.board.force(bank.at("05"))  # something to tell
        await bank.settle(5)
        assert bank.controller.state().link == "forked"
        assert await bank.controller.scan("OTHER") == Refusal("not_ready")
        await bank.put(opened.door, parcel)
        await bank.shut(opened.door)
        with pytest.raises(renewal.Forked):
            await bank.bank.run()
        assert bank.kinds()[-1] == "deposit.stored"
        assert other
        await bank.crash()

    live_bank(story)


def test_an_acknowledgement_of_more_than_we_have_is_a_fork(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        async def boastful(message: Any) -> None:
            await bank.server.answer(message, FactAck(epoch=1, seq=1000))

        bank.hub._brokers[1].subscriptions[0]._lanes._handler = boastful
        bank.board.force(bank.at("01"))
        await bank.settle(30)
        assert bank.state.mark.acked < 1000
        with pytest.raises(renewal.Forked) as forked:
            await bank.bank.run()
        assert forked.value.epoch == 2
        await bank.crash()

    live_bank(story)
