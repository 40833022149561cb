"""Stories of deposits, from the rights that came down to the facts that go up."""

import asyncio
from typing import Any

import pytest

from cranny.edge.outcomes import Collected, NotStored, Opened, Refusal, ShutFirst, Stored
from cranny.wire.kinds import DepositStored
from cranny.wire.messages import DeliveryWithdrawn, GrantRevoked


def test_a_parcel_is_stored_and_collected(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        parcel = await bank.announce("1Z 999 AA1")
        opened = await bank.controller.scan("1z-999-aa1")
        assert isinstance(opened, Opened)
        assert (opened.purpose, opened.items, opened.together) == ("deposit", 1, False)
        assert bank.board.is_open(bank.at(opened.door))
        await bank.put(opened.door, "camera")
        await bank.shut(opened.door)
        stored = bank.outcomes()[-1]
        assert isinstance(stored, Stored)
        assert (stored.door, stored.evidence, stored.so_far) == (opened.door, "sensed", 1)

        collected = await bank.controller.type_code(parcel.digits)
        assert (collected.door, collected.purpose, collected.items) == (opened.door, "collect", 1)
        assert await bank.take(opened.door) == ["camera"]
        assert isinstance(bank.outcomes()[-1], Collected)
        assert bank.kinds() == [
            "opening.intended", "door.opened", "door.shut", "deposit.stored",
            "opening.intended", "door.opened", "door.shut", "collect.finished",
        ]  # fmt: skip
        (fact,) = bank.bodies("deposit.stored")
        assert fact == DepositStored(
            opening=opened.opening,
            door=opened.door,
            generation=1,
            deliveries=[parcel.delivery],
            grant=parcel.grant,
            evidence="sensed",
        )
        await bank.settle()
        assert bank.server.facts == [
            stored for (stored,) in bank.connection.execute("SELECT stored FROM facts ORDER BY seq")
        ]

    live_bank(story)


@pytest.mark.slow
def test_twenty_scans_at_once_get_twenty_doors(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        parcels = [await bank.announce(f"PARCEL{n}") for n in range(20)]
        answers = await asyncio.gather(*(bank.controller.scan(parcel.tracking[0]) for parcel in parcels))
        doors = [answer.door for answer in answers]
        assert sorted(doors) == [f"{n:02}" for n in range(1, 21)]
        assert len(set(bank.pulsed)) == len(bank.pulsed) == 20
        assert (await bank.controller.scan("ONE MORE")) == Refusal("unknown_tracking")
        for door in doors:
            bank.board.put(bank.at(door))
            bank.board.shut(bank.at(door))
        await bank.settle()
        assert len(bank.bodies("deposit.stored")) == 20
        late = await bank.announce("LATE")
        assert await bank.controller.scan(late.tracking[0]) == Refusal("full")

    live_bank(story)


def test_one_collector_one_door_one_code(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        first, second, other = [
            await bank.announce(f"PARCEL{n}", collector=collector, size=(40, 100, 100))
            for n, collector in enumerate((5, 5, 6))
        ]
        door = await bank.deposit(first)
        assert await bank.deposit(other) != door
        again = await bank.controller.scan(second.tracking[0])
        assert (again.door, again.together) == (door, True)
        await bank.put(door, "second")
        await bank.shut(door)
        fact = bank.bodies("deposit.stored")[-1]
        assert (fact.generation, fact.deliveries, fact.grant) == (1, [second.delivery], first.grant)
        assert (fact.superseded, fact.evidence) == ([second.grant], "inferred")  # the first one hides it
        assert await bank.controller.type_code(second.digits) == Refusal("wrong")
        answer = await bank.controller.type_code(first.digits)
        assert (answer.door, answer.items) == (door, 2)
        assert await bank.take(door) == [first, "second"]
        finished = bank.bodies("collect.finished")[-1]
        assert finished.deliveries == [first.delivery, second.delivery]

    live_bank(story)


def test_two_for_one_collector_while_the_door_is_open_need_no_second_pulse(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        first, second = [await bank.announce(f"PARCEL{n}", collector=5, size=(40, 100, 100)) for n in range(2)]
        opened = await bank.controller.scan(first.tracking[0])
        joined = await bank.controller.scan(second.tracking[0])
        assert (joined.door, joined.opening, joined.items) == (opened.door, opened.opening, 2)
        assert len(bank.pulsed) == 1
        await bank.put(opened.door)
        await bank.shut(opened.door)
        (fact,) = bank.bodies("deposit.stored")
        assert (fact.deliveries, fact.superseded) == ([first.delivery, second.delivery], [second.grant])

    live_bank(story)


def test_the_next_visit_gets_a_door_of_its_own(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        first, second = [await bank.announce(f"PARCEL{n}", collector=5, size=(40, 100, 100)) for n in range(2)]
        door = await bank.deposit(first)
        visit = bank.controller.state().visit
        assert bank.controller.done(visit).stored == 1
        assert bank.controller.done(visit) == Refusal("no_visit")
        assert await bank.deposit(second) != door

    live_bank(story)


def test_several_items_of_one_delivery_go_into_one_door(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        kit = await bank.announce("BOX1", "BOX2", size=(40, 100, 100))
        opened = await bank.controller.scan("BOX1")
        assert opened.items == 2
        assert (await bank.controller.scan("BOX2")).opening == opened.opening
        await bank.put(opened.door)
        await bank.shut(opened.door)
        again = await bank.controller.scan("BOX1")
        assert again == Refusal("already_stored")
        assert len(bank.bodies("deposit.stored")) == 1
        assert kit.delivery in bank.state.occupancies[opened.door].deliveries

    live_bank(story)


def test_an_item_that_was_forgotten_goes_to_the_rest(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        await bank.announce("BOX1", "BOX2", size=(40, 100, 100))
        opened = await bank.controller.scan("BOX1")
        await bank.put(opened.door)
        await bank.shut(opened.door)
        again = await bank.controller.scan("BOX2")
        assert (again.door, again.together) == (opened.door, True)
        await bank.put(again.door)
        await bank.shut(again.door)
        assert len(bank.bodies("deposit.stored")) == 1
        assert await bank.controller.scan("BOX2") == Refusal("already_stored")

    live_bank(story)


def test_a_parcel_that_does_not_fit_gets_a_larger_door(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        parcel = await bank.announce("PARCEL")
        opened = await bank.controller.scan("PARCEL")
        answer = await bank.controller.too_small(opened.visit, emptied=True)
        assert answer == ShutFirst(opened.door, opened.visit)
        await bank.shut(opened.door)
        abandoned, larger = bank.outcomes()[-2:]
        assert isinstance(abandoned, NotStored)
        assert isinstance(larger, Opened)
        assert larger.door == "11"  # the first of the next size
        await bank.put("11")
        await bank.shut("11")
        assert bank.bodies("deposit.abandoned")[-1].reason == "too-small"
        assert bank.state.where(parcel.delivery).label == "11"
        assert not bank.state.compartment(opened.door).blocked
        assert await bank.deposit(await bank.announce("OTHER")) == "02"  # the least worn

    live_bank(story)


def test_nothing_opens_for_a_courier_who_left_the_door_open(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        await bank.announce("PARCEL")
        opened = await bank.controller.scan("PARCEL")
        await bank.controller.too_small(opened.visit, emptied=True)
        await bank.settle(600)
        await bank.shut(opened.door)
        assert len(bank.pulsed) == 1
        assert bank.bodies("deposit.abandoned")[-1].reason == "too-small"

    live_bank(story)


def test_a_door_said_to_be_empty_that_is_not_stays_out(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        await bank.announce("PARCEL")
        opened = await bank.controller.scan("PARCEL")
        await bank.put(opened.door)
        await bank.controller.too_small(opened.visit, emptied=True)
        await bank.shut(opened.door)
        assert bank.state.compartment(opened.door).blocked == "sensor-contradiction"
        assert bank.outcomes()[-1].door == "11"

    live_bank(story)


def test_without_a_sensor_only_the_courier_can_say_that_it_is_empty(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        for number, emptied in enumerate((False, True)):
            await bank.announce(f"PARCEL{number}")
            opened = await bank.controller.scan(f"PARCEL{number}")
            await bank.controller.too_small(opened.visit, emptied=emptied)
            await bank.shut(opened.door)
            assert bool(bank.state.compartment(opened.door).blocked) is not emptied

    live_bank(story, content=False)


def test_without_a_sensor_stored_and_collected_are_inferred(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        parcel = await bank.announce("PARCEL")
        door = await bank.deposit(parcel)
        await bank.controller.type_code(parcel.digits)
        await bank.take(door)
        assert [body.evidence for body in bank.bodies("deposit.stored", "collect.finished")] == ["inferred"] * 2

    live_bank(story, content=False)


def test_shut_with_nothing_inside_is_no_deposit(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        parcel = await bank.announce("PARCEL")
        opened = await bank.controller.scan("PARCEL")
        await bank.shut(opened.door)
        assert isinstance(bank.outcomes()[-1], NotStored)
        assert bank.bodies("deposit.abandoned")[-1].reason == "empty"
        assert await bank.deposit(parcel) != opened.door  # less worn

    live_bank(story)


def test_unknown_tracking_is_refused_or_taken_as_the_policy_says(live_bank: Any) -> None:
    async def refuses(bank: Any) -> None:
        assert await bank.controller.scan("NOBODY KNOWS") == Refusal("unknown_tracking")
        assert bank.pulsed == []

    async def accepts(bank: Any) -> None:
        opened = await bank.controller.scan("nobody knows")
        await bank.put(opened.door)
        await bank.shut(opened.door)
        (fact,) = bank.bodies("deposit.stored")
        assert (fact.grant, fact.unannounced) == (None, fact.deliveries)
        await bank.settle()
        assert [beside for beside in bank.server.beside if beside] == [
            b"\x81\xa8tracking\x81\xd9$" + str(fact.deliveries[0]).encode() + b"\xabNOBODYKNOWS"
        ]
        assert b"NOBODYKNOWS" not in b"".join(bank.server.facts)
        assert bank.state.texts == {}
        assert await bank.controller.scan("NOBODY-KNOWS") == Refusal("already_stored")

    live_bank(refuses)
    live_bank(accepts, unknown_tracking="accept")


def test_what_no_label_can_hold_is_not_looked_for(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        for text in ("", "  ", "abc", "x" * 65):
            assert await bank.controller.scan(text) == Refusal("unreadable")

    live_bank(story, unknown_tracking="accept")


def test_withdrawn_before_the_scan_and_after_it(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        early, late = await bank.announce("EARLY"), await bank.announce("LATE")
        await bank.give(DeliveryWithdrawn(early.delivery), GrantRevoked(early.grant))
        assert await bank.controller.scan("EARLY") == Refusal("withdrawn")
        opened = await bank.controller.scan("LATE")
        await bank.give(DeliveryWithdrawn(late.delivery), GrantRevoked(late.grant))
        await bank.put(opened.door, late)
        await bank.shut(opened.door)
        assert bank.bodies("deposit.stored")[-1].deliveries == [late.delivery]
        assert await bank.controller.type_code(late.digits) == Refusal("wrong")
        recall = await bank.special(late, "recall", opened.door, 1)
        assert (await bank.controller.type_code(recall.digits)).purpose == "recall"
        assert await bank.take(opened.door) == [late]
        assert bank.bodies("collect.finished")[-1].purpose == "recall"

    live_bank(story)


def test_a_torn_qr_is_no_tracking_number(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        parcel = await bank.announce("PARCEL")
        torn = parcel.symbol[:-1] + ("A" if parcel.symbol[-1] != "A" else "B")
        assert await bank.controller.scan(torn) == Refusal("unreadable")
        assert bank.pulsed == []

    live_bank(story, unknown_tracking="accept")


def test_a_tracking_number_that_was_taken_away_again_is_forgotten(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        opened = await bank.controller.scan("STRANGER")
        assert list(bank.state.texts.values()) == ["STRANGER"]
        await bank.shut(opened.door)
        await bank.settle(100)
        await bank.controller.scan("ANOTHER")
        assert list(bank.state.texts.values()) == ["ANOTHER"]
        assert bank.connection.execute("SELECT count(*) FROM tracking WHERE text = 'STRANGER'").fetchone() == (0,)

    live_bank(story, unknown_tracking="accept")


def test_scanned_together_for_one_collector_is_one_door(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        parcels = [await bank.announce(f"PARCEL{n}", collector=5, size=(40, 100, 100)) for n in range(2)]
        answers = await asyncio.gather(*(bank.controller.scan(parcel.tracking[0]) for parcel in parcels))
        assert answers[0].opening == answers[1].opening
        assert len(bank.pulsed) == 1

    live_bank(story)


def test_of_two_together_the_right_that_still_lives_opens(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        first, second = [await bank.announce(f"PARCEL{n}", collector=5, size=(40, 100, 100)) for n in range(2)]
        opened = await bank.controller.scan(first.tracking[0])
        await bank.controller.scan(second.tracking[0])
        await bank.give(DeliveryWithdrawn(first.delivery), GrantRevoked(first.grant))
        await bank.put(opened.door, "both")
        await bank.shut(opened.door)
        (fact,) = bank.bodies("deposit.stored")
        assert (fact.grant, fact.superseded) == (second.grant, [first.grant])
        assert (await bank.controller.type_code(second.digits)).door == opened.door

    live_bank(story)


def test_too_small_to_share_is_a_door_of_its_own(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        first, second = [await bank.announce(f"PARCEL{n}", collector=5, size=(40, 100, 100)) for n in range(2)]
        door = await bank.deposit(first)
        shared = await bank.controller.scan(second.tracking[0])
        assert shared.door == door
        await bank.controller.too_small(shared.visit, emptied=True)
        await bank.shut(door)
        own = bank.outcomes()[-1]
        assert (own.door, own.together) == ("02", False)
        assert not bank.state.compartment(door).blocked
        await bank.put(own.door)
        await bank.shut(own.door)
        assert bank.bodies("deposit.stored")[-1].grant == second.grant

    live_bank(story)


def test_the_second_of_two_in_an_open_door_does_not_fit(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        first, second, third = [await bank.announce(f"PARCEL{n}", collector=5, size=(20, 100, 100)) for n in range(3)]
        opened = await bank.controller.scan(first.tracking[0])
        await bank.put(opened.door, first)
        await bank.controller.scan(second.tracking[0])
        assert isinstance(await bank.controller.too_small(opened.visit, emptied=False), ShutFirst)
        assert (await bank.controller.scan(third.tracking[0])).door != opened.door
        await bank.shut(opened.door)
        assert bank.bodies("deposit.stored")[0].deliveries == [first.delivery]
        assert bank.outcomes()[-1].door not in (opened.door, "02")

    live_bank(story)


def test_a_delivery_whose_door_stands_open_from_an_earlier_visit(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        await bank.announce("PARCEL")
        opened = await bank.controller.scan("PARCEL")
        bank.controller.done(opened.visit)
        assert await bank.controller.scan("PARCEL") == Refusal("busy")

    live_bank(story)


def test_doors_that_are_blocked_or_sensed_full_are_not_offered(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        bank.board.break_sensor(bank.at("01"), True)
        bank.board.force(bank.at("02"))
        await bank.settle()
        await bank.shut("02")
        await bank.announce("PARCEL")
        assert await bank.controller.scan("PARCEL") == Refusal("full")

    live_bank(story, doors=2)
