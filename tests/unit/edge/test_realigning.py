"""A server that was restored from a backup gives what can't be: the bank refuses it, and says so."""

from typing import Any
from uuid import UUID

import msgspec

from cranny.edge.outcomes import Opened
from cranny.wire.kinds import GrantRefused
from cranny.wire.messages import DeliveryGiven, Entry, GrantGiven, GrantRevoked, Pull

NEW = UUID(int=77)


def _grant(bank: Any, parcel: Any) -> GrantGiven:
    givens = [entry.given for entry in bank.server.entries]
    found: GrantGiven = next(one for one in givens if isinstance(one, GrantGiven) and one.grant == parcel.grant)
    return found


def test_a_locator_is_one_grant_s(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        parcel = await bank.announce("PARCEL")
        other = msgspec.structs.replace(_grant(bank, parcel), grant=NEW)
        await bank.give(other)
        assert bank.bodies("grant.refused") == [GrantRefused(NEW, "locator")]
        await bank.give(other)  # given once more, as by a second restore
        door = await bank.deposit(parcel)
        assert isinstance(await bank.controller.type_code(parcel.digits), Opened)
        await bank.take(door)
        await bank.give(msgspec.structs.replace(other, grant=UUID(int=78)))  # free again
        assert bank.bodies("grant.refused") == [GrantRefused(NEW, "locator"), GrantRefused(NEW, "ended")]

    live_bank(story)


def test_in_one_page_too(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        parcel = await bank.announce("PARCEL")
        first, second, third = (msgspec.structs.replace(_grant(bank, parcel), grant=UUID(int=77 + n)) for n in range(3))
        await bank.give(GrantRevoked(parcel.grant), first, GrantRevoked(first.grant), second, third)
        assert bank.bodies("grant.refused") == [GrantRefused(third.grant, "locator")]
        assert [grant.grant for grant in bank.state.located(first.locator)] == [second.grant]

    live_bank(story)


def test_what_has_ended_by_the_server_s_word_is_not_taken_back(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        parcel = await bank.announce("PARCEL")
        await bank.give(GrantRevoked(parcel.grant))
        await bank.give(_grant(bank, parcel))
        assert bank.bodies("grant.refused") == [GrantRefused(parcel.grant, "ended")]

    live_bank(story)


def test_what_was_used_needs_no_word(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        parcel = await bank.announce("PARCEL")
        door = await bank.deposit(parcel)
        await bank.controller.type_code(parcel.digits)
        await bank.take(door)
        await bank.give(_grant(bank, parcel))
        assert bank.bodies("grant.refused") == []

    live_bank(story)


def test_a_parcel_that_was_announced_again_is_the_newer_one(live_bank: Any) -> None:
    """The server has lost the first announcement, and the bank holds both."""

    async def story(bank: Any) -> None:
        await bank.announce("PARCEL")
        newer = await bank.announce("PARCEL")
        await bank.deposit(newer)
        (stored,) = bank.bodies("deposit.stored")
        assert stored.deliveries == [newer.delivery]
        assert [type(entry.given) for entry in bank.server.entries].count(DeliveryGiven) == 2

    live_bank(story)


def test_a_pull_names_the_tag_of_the_last_entry(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        await bank.announce("PARCEL")
        held = len(bank.server.entries)
        assert bank.state.pull() == Pull(held)
        bank.server.entries.append(Entry(held + 1, GrantRevoked(UUID(int=5)), tag=2**61))
        for _ in range(2):
            await bank.restart()
            assert bank.state.pull() == Pull(held + 1, 2**61)

    live_bank(story)
