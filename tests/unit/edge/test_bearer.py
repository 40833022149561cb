"""Signed tokens at a bank that is out of reach: once, here, for what lies there, and not for ever."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cranny.core.clock import millis
from cranny.edge.outcomes import Collected, LeftBehind, Opened, Refusal
from cranny.wire import tokens
from cranny.wire.messages import GrantRevoked

from .conftest import BANK

WRONG = Refusal("wrong")


def token(bank: Any, door: str, generation: int, purpose: Any = "recall") -> tokens.Token:
    key = bank.server.key.public_key()
    now = millis(bank.clock.now()) // 1000
    return tokens.Token(
        bank.ids.new().bytes, tokens.kid(key), BANK.bytes, purpose, door, generation, now, now + 4 * 3600
    )


def shown(bank: Any, made: tokens.Token, key: Ed25519PrivateKey | None = None) -> str:
    return tokens.sign(key or bank.server.key, made)


def test_a_parcel_is_taken_back_while_nobody_can_be_asked(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        parcel = await bank.announce("PARCEL")
        door = await bank.deposit(parcel)
        bank.hub.cut("bank")
        made = token(bank, door, 1)
        opened = await bank.controller.scan(shown(bank, made))
        assert (opened.door, opened.purpose) == (door, "recall")
        intent = bank.bodies("opening.intended")[-1]
        assert (intent.token_id, intent.credential, intent.grant) == (made.id, "token", None)
        assert await bank.take(door) == [parcel]
        assert isinstance(bank.outcomes()[-1], Collected)
        (fact,) = bank.bodies("collect.finished")
        assert (fact.purpose, fact.deliveries, fact.grant) == ("recall", [parcel.delivery], None)
        assert await bank.controller.scan(shown(bank, made)) == WRONG

    live_bank(story)


def test_it_works_once_also_over_restarts_and_when_the_power_goes_behind_the_intent(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        door = await bank.deposit(await bank.announce("PARCEL"))
        made = token(bank, door, 1, "inspect")
        assert isinstance(await bank.controller.scan(shown(bank, made)), Opened)
        pulses = len(bank.pulsed)
        await bank.restart()
        await bank.shut(door)
        for _ in range(2):
            assert await bank.controller.scan(shown(bank, made)) == WRONG
            await bank.restart()
        assert len(bank.pulsed) == pulses
        again = token(bank, door, 1, "inspect")
        assert isinstance(await bank.controller.scan(shown(bank, again)), Opened)
        await bank.shut(door)
        assert isinstance(bank.outcomes()[-1], LeftBehind)

    live_bank(story)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("odd", "answer"),
    [
        ({"bank": bytes(16)}, WRONG),
        ({"generation": 2}, Refusal("nothing_here")),
        ({"generation": 0}, Refusal("nothing_here")),
        ({"door": "19"}, Refusal("nothing_here")),
        ({"door": "99"}, Refusal("nothing_here")),
        ({"expires": 1_700_000_000}, WRONG),
    ],
)
def test_another_bank_another_parcel_or_too_late(live_bank: Any, odd: Any, answer: Refusal) -> None:
    async def story(bank: Any) -> None:
        door = await bank.deposit(await bank.announce("PARCEL"))
        pulses = len(bank.pulsed)
        assert await bank.controller.scan(shown(bank, msgspec.structs.replace(token(bank, door, 1), **odd))) == answer
        stranger = Ed25519PrivateKey.from_private_bytes(b"s" * 32)
        assert await bank.controller.scan(shown(bank, token(bank, door, 1), stranger)) == WRONG
        assert len(bank.pulsed) == pulses
        await bank.shut(door)

    live_bank(story)


def test_an_empty_door_is_looked_at_and_a_door_in_use_is_not_opened_twice(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        assert isinstance(await bank.controller.scan(shown(bank, token(bank, "05", 0, "inspect"))), Opened)
        assert await bank.controller.scan(shown(bank, token(bank, "05", 0, "inspect"))) == Refusal("busy")
        assert await bank.controller.scan(shown(bank, token(bank, "06", 0, "recall"))) == Refusal("nothing_here")
        await bank.shut("05")

    live_bank(story)


@pytest.mark.slow
def test_the_clock_refuses_and_never_releases(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        door = await bank.deposit(await bank.announce("PARCEL"))
        made, late = token(bank, door, 1, "inspect"), token(bank, door, 1, "inspect")
        bank.hub.cut("bank")
        await bank.settle(4 * 3600 + 800)  # expired, within the tolerance
        assert isinstance(await bank.controller.scan(shown(bank, made)), Opened)
        await bank.shut(door)
        pulses = len(bank.pulsed)
        await bank.settle(3600)
        assert await bank.controller.scan(shown(bank, late)) == WRONG
        assert len(bank.pulsed) == pulses

    live_bank(story)


def test_a_bank_whose_clock_was_never_set_takes_none_unless_the_server_is_in_reach(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        door = await bank.deposit(await bank.announce("PARCEL"))
        made = token(bank, door, 1, "inspect")
        bank.clock.skew = datetime(1970, 1, 1, tzinfo=UTC) - bank.clock.now()  # as boxes wake up without a battery
        bank.hub.cut("bank")
        await bank.settle(600)
        pulses = len(bank.pulsed)
        assert await bank.controller.scan(shown(bank, made)) == WRONG
        assert len(bank.pulsed) == pulses
        bank.hub.mend("bank")
        await bank.settle(600)
        assert isinstance(await bank.controller.scan(shown(bank, made)), Opened)
        await bank.shut(door)

    live_bank(story)


def test_one_that_was_taken_back_opens_nothing(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        door = await bank.deposit(await bank.announce("PARCEL"))
        made = token(bank, door, 1)
        await bank.give(GrantRevoked(made.id))
        assert await bank.controller.scan(shown(bank, made)) == WRONG

    live_bank(story)
