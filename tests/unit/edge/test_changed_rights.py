"""What the server promised and the bank can't keep; what is given once more, for somebody else or after all."""

from typing import Any

import msgspec

from cranny.edge.outcomes import Opened, Refusal
from cranny.wire.kinds import DepositNoRoom
from cranny.wire.messages import DeliveryGiven, DeliveryWithdrawn, GrantRevoked, Policy

LARGE = (300, 340, 440)


def test_a_promise_that_can_not_be_kept_is_told_once(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        for n in range(2):
            await bank.deposit(await bank.announce(f"PARCEL{n}", size=LARGE))
        late = await bank.announce("LATE", size=LARGE)
        for _ in range(3):
            assert await bank.controller.scan("LATE") == Refusal("full")
        assert bank.bodies("deposit.no_room") == [DepositNoRoom(late.delivery, 18)]

    live_bank(story)


def test_a_new_name_disturbs_nobody(live_bank: Any) -> None:
    """It comes with all doors anew, while one of them stands open."""

    async def story(bank: Any) -> None:
        parcel = await bank.announce("PARCEL")
        opened = await bank.controller.scan("PARCEL")
        await bank.put(opened.door, parcel)
        pulsed = list(bank.pulsed)
        await bank.give(msgspec.structs.replace(bank.layout, name="North"))
        assert bank.state.layout.name == "North"
        assert (await bank.controller.scan("PARCEL")).door == opened.door
        await bank.shut(opened.door)
        (fact,) = bank.bodies("deposit.stored")
        assert (fact.door, fact.grant) == (opened.door, parcel.grant)
        assert bank.pulsed == pulsed
        await bank.restart()
        assert bank.state.layout.name == "North"
        assert (await bank.controller.type_code(parcel.digits)).door == opened.door

    live_bank(story)


def test_given_once_more_for_somebody_else(live_bank: Any) -> None:
    """The recipient was changed while it was awaited, and once more while it lies inside."""

    async def story(bank: Any) -> None:
        parcel = await bank.announce("PARCEL")
        known = bank.state.deliveries[parcel.delivery]
        other = bank.ids.new()
        again = DeliveryGiven(
            parcel.delivery, parcel.deposit_grant, other, b"n" * 32, known.items, list(known.features), seated=False
        )
        await bank.give(GrantRevoked(parcel.grant), again)
        await bank.deposit(parcel)
        (fact,) = bank.bodies("deposit.stored")
        assert fact.grant == other
        assert await bank.controller.type_code(parcel.digits) == Refusal("wrong")
        await bank.give(msgspec.structs.replace(again, collect_grant=parcel.grant))
        assert bank.state.deliveries[parcel.delivery].collect_grant == other
        await bank.restart()
        assert bank.state.deliveries[parcel.delivery].collector == b"n" * 32

    live_bank(story)


def test_given_for_somebody_else_while_its_door_stands_open(live_bank: Any) -> None:
    """What goes in with it is still the old recipient's, who can open it."""

    async def story(bank: Any) -> None:
        first, second = [await bank.announce(name, collector=7) for name in ("FIRST", "SECOND")]
        known = bank.state.deliveries[first.delivery]
        opened = await bank.controller.scan("FIRST")
        await bank.put(opened.door, first)
        assert (await bank.controller.scan("SECOND")).door == opened.door
        other = bank.ids.new()
        again = DeliveryGiven(
            first.delivery, first.deposit_grant, other, b"n" * 32, known.items, list(known.features), seated=False
        )
        await bank.give(GrantRevoked(first.grant), again)
        await bank.put(opened.door, second)
        await bank.shut(opened.door)
        (fact,) = bank.bodies("deposit.stored")
        assert (fact.grant, fact.superseded) == (second.grant, [first.grant])
        assert (await bank.controller.type_code(second.digits)).door == opened.door

    live_bank(story)


def test_withdrawn_and_given_once_more(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        parcel = await bank.announce("PARCEL")
        known = bank.state.deliveries[parcel.delivery]
        await bank.give(DeliveryWithdrawn(parcel.delivery))
        assert await bank.controller.scan("PARCEL") == Refusal("withdrawn")
        again = DeliveryGiven(
            parcel.delivery, bank.ids.new(), parcel.grant, known.collector, known.items, [], seated=False
        )
        await bank.give(again)
        await bank.deposit(parcel)

    live_bank(story)


def given_to_somebody_else(bank: Any, parcel: Any, known: Any) -> DeliveryGiven:
    items, features = known.items, list(known.features)
    return DeliveryGiven(
        parcel.delivery, parcel.deposit_grant, bank.ids.new(), b"n" * 32, items, features, seated=False
    )


def test_given_for_somebody_else_while_its_door_stood_open_and_then_it_was_taken_out(live_bank: Any) -> None:
    """What is put in later is the new recipient's: the old one's parcel beside it has a door of its own."""

    async def story(bank: Any) -> None:
        first, second = [await bank.announce(name, collector=7) for name in ("FIRST", "SECOND")]
        again = given_to_somebody_else(bank, first, bank.state.deliveries[first.delivery])
        opened = await bank.controller.scan("FIRST")
        await bank.give(GrantRevoked(first.grant), again)
        await bank.shut(opened.door)
        assert not bank.bodies("deposit.stored")
        await bank.restart()
        opened = await bank.controller.scan("FIRST")
        await bank.put(opened.door, first)
        other = await bank.controller.scan("SECOND")
        assert other.door != opened.door
        await bank.put(other.door, second)
        await bank.shut(opened.door)
        await bank.shut(other.door)
        assert {fact.grant for fact in bank.bodies("deposit.stored")} == {again.collect_grant, second.grant}
        assert not bank.state.meanwhile

    live_bank(story)


def test_the_last_word_counts_of_those_that_came_while_a_door_stood_open(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        parcel = await bank.announce("PARCEL")
        known = bank.state.deliveries[parcel.delivery]
        opened = await bank.controller.scan("PARCEL")
        await bank.give(given_to_somebody_else(bank, parcel, known), DeliveryWithdrawn(parcel.delivery))
        last = given_to_somebody_else(bank, parcel, known)
        await bank.give(last)
        await bank.shut(opened.door)
        opened = await bank.controller.scan("PARCEL")
        await bank.shut(opened.door)
        await bank.give(given_to_somebody_else(bank, parcel, known), DeliveryWithdrawn(parcel.delivery))
        assert await bank.controller.scan("PARCEL") == Refusal("withdrawn")
        await bank.give(last)
        await bank.deposit(parcel)
        (fact,) = bank.bodies("deposit.stored")
        assert fact.grant == last.collect_grant

    live_bank(story)


def test_withdrawn_and_given_once_more_while_its_door_stands_open(live_bank: Any) -> None:
    """Nobody is told to take it away: it is wanted after all."""

    async def story(bank: Any) -> None:
        parcel = await bank.announce("PARCEL")
        again = given_to_somebody_else(bank, parcel, bank.state.deliveries[parcel.delivery])
        opened = await bank.controller.scan("PARCEL")
        await bank.give(DeliveryWithdrawn(parcel.delivery), again)
        assert (await bank.controller.scan("PARCEL")).door == opened.door
        await bank.shut(opened.door)
        (fact,) = bank.bodies("deposit.abandoned")
        assert fact.reason == "empty"
        await bank.deposit(parcel)
        (stored,) = bank.bodies("deposit.stored")
        assert stored.grant == again.collect_grant

    live_bank(story)


def test_what_was_let_in_has_its_larger_door_and_nothing_more_when_the_policy_changes(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        opened = await bank.controller.scan("NOBODY KNOWS")
        await bank.controller.too_small(opened.visit, emptied=True)
        await bank.give(Policy(unknown_tracking="refuse"))
        await bank.shut(opened.door)
        larger = bank.outcomes()[-1]
        assert isinstance(larger, Opened)
        await bank.shut(larger.door)  # they have thought better of it
        assert bank.bodies("deposit.abandoned")[-1].reason == "empty"
        assert await bank.controller.scan("NOBODY KNOWS") == Refusal("unknown_tracking")
        assert len(bank.pulsed) == 2

    live_bank(story, unknown_tracking="accept")
