"""Codes and QRs: what is right opens, what is wrong costs time and tries, and nobody learns what exactly was wrong."""

import asyncio
from typing import Any

from cranny.edge.outcomes import Opened, Refusal
from cranny.wire.codes import Code, Qr, show_code, show_qr
from cranny.wire.kinds import CodeExhausted
from cranny.wire.messages import GrantRevoked

LOCATOR_OF_NOBODY = 777


async def patiently(bank: Any, digits: str) -> Any:
    """Try as soon as the keypad takes it."""
    answer = await bank.controller.type_code(digits)
    while answer == Refusal("wait", getattr(answer, "wait_s", 0)):
        await bank.settle(answer.wait_s)
        answer = await bank.controller.type_code(digits)
    return answer


def test_eleven_wrong_codes_switch_the_code_off_but_not_the_qr(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        parcel, other = await bank.announce("PARCEL"), await bank.announce("OTHER")
        door, others_door = await bank.deposit(parcel), await bank.deposit(other)
        answers = [await patiently(bank, parcel.wrong) for _ in range(11)]
        assert answers == [Refusal("wrong")] * 9 + [Refusal("exhausted")] * 2
        assert await patiently(bank, parcel.digits) == Refusal("exhausted")
        assert bank.bodies("code.exhausted") == [CodeExhausted(grant=parcel.grant, tries=10)]
        assert bank.state.grants[parcel.grant].tries == 10
        assert (await patiently(bank, other.digits)).door == others_door
        assert (await bank.controller.scan(parcel.symbol)).door == door

    live_bank(story)


def test_tries_are_counted_over_a_restart(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        parcel = await bank.announce("PARCEL")
        await bank.deposit(parcel)
        for _ in range(9):
            assert await patiently(bank, parcel.wrong) == Refusal("wrong")
            await bank.restart()
        assert await patiently(bank, parcel.wrong) == Refusal("exhausted")
        await bank.restart()
        assert await patiently(bank, parcel.digits) == Refusal("exhausted")

    live_bank(story)


def test_only_wrong_codes_in_a_row_count(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        parcel = await bank.announce("PARCEL")
        door = await bank.deposit(parcel)
        for _ in range(4):
            for _ in range(5):
                assert await patiently(bank, parcel.wrong) == Refusal("wrong")
            assert isinstance(await patiently(bank, parcel.digits), Opened)
            await bank.shut(door)  # left behind
        assert not bank.bodies("code.exhausted")

    live_bank(story)


def test_the_keypad_waits_after_the_fourth_mistake_and_the_qr_does_not(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        parcel = await bank.announce("PARCEL")
        door = await bank.deposit(parcel)
        nobody = show_code(Code(LOCATOR_OF_NOBODY, 0))
        for _ in range(4):
            assert await bank.controller.type_code(nobody) == Refusal("wrong")
        assert await bank.controller.type_code(parcel.digits) == Refusal("wait", 2)
        assert [body.delay_ms for body in bank.bodies("keypad.slowed")] == [2000]
        assert (await bank.controller.scan(parcel.symbol)).door == door
        await bank.take(door)

    live_bank(story)


def test_guesses_at_the_same_moment_take_turns(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        parcel = await bank.announce("PARCEL")
        await bank.deposit(parcel)
        answers = await asyncio.gather(*(bank.controller.type_code(parcel.wrong) for _ in range(20)))
        assert [answer.reason for answer in answers] == ["wrong"] * 4 + ["wait"] * 16
        assert bank.state.grants[parcel.grant].tries == 4

    live_bank(story)


def test_an_unknown_locator_costs_the_same_work_as_a_wrong_secret(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        parcel = await bank.announce("PARCEL")
        await bank.deposit(parcel)
        derived: list[bytes] = []
        real = bank.kdf.derive

        async def derive(material: bytes, salt: bytes) -> bytes:
            derived.append(salt)
            return await real(material, salt)

        bank.kdf.derive = derive
        assert await bank.controller.type_code(parcel.wrong) == Refusal("wrong")
        assert await bank.controller.type_code(show_code(Code(LOCATOR_OF_NOBODY, 5))) == Refusal("wrong")
        assert [len(salt) for salt in derived] == [16, 16]

    live_bank(story)


def test_what_is_no_code_opens_nothing(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        for text in ("", "12345678", "1234567890"):
            assert await bank.controller.type_code(text) == Refusal("wrong")

    live_bank(story)


def test_a_right_code_with_nothing_behind_a_door(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        parcel = await bank.announce("PARCEL")
        assert await bank.controller.type_code(parcel.digits) == Refusal("nothing_here")
        assert await bank.controller.scan(parcel.symbol) == Refusal("nothing_here")
        assert bank.pulsed == []

    live_bank(story)


def test_a_revoked_grant_opens_nothing_also_when_its_verifiers_come_late(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        parcel = await bank.announce("PARCEL")
        await bank.deposit(parcel)
        await bank.give(GrantRevoked(parcel.grant))
        assert await bank.controller.type_code(parcel.digits) == Refusal("wrong")
        assert bank.state.grants[parcel.grant].code_verifier == b""
        await bank.give(await bank.grant(parcel))
        assert await bank.controller.scan(parcel.symbol) == Refusal("wrong")

    live_bank(story)


def test_revoked_while_the_code_was_being_checked(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        parcel = await bank.announce("PARCEL")
        await bank.deposit(parcel)
        real = bank.kdf.derive

        async def derive(material: bytes, salt: bytes) -> bytes:
            await bank.give(GrantRevoked(parcel.grant))
            return await real(material, salt)

        bank.kdf.derive = derive
        assert await bank.controller.type_code(parcel.digits) == Refusal("wrong")
        assert len(bank.pulsed) == 1

    live_bank(story)


def test_a_qr_with_the_right_locator_and_another_secret(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        parcel = await bank.announce("PARCEL")
        await bank.deposit(parcel)
        forged = show_qr(Qr(parcel.qr.locator, bytes(16)))
        for _ in range(50):
            assert await bank.controller.scan(forged) == Refusal("wrong")
        assert bank.kinds()[-1] == "deposit.stored"
        assert isinstance(await bank.controller.scan(parcel.symbol), Opened)

    live_bank(story)


def test_the_same_qr_twice_at_once_opens_once(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        parcel = await bank.announce("PARCEL")
        door = await bank.deposit(parcel)
        first, second = await asyncio.gather(*(bank.controller.scan(parcel.symbol) for _ in range(2)))
        assert isinstance(first, Opened)
        assert second == Refusal("busy")
        third = await bank.controller.scan(parcel.symbol)  # it stands open: here it is
        assert third.opening == first.opening
        assert bank.board.pulses(bank.at(door)) == 2

    live_bank(story)


def test_no_code_leaves_the_bank(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        parcel = await bank.announce("PARCEL")
        door = await bank.deposit(parcel)
        await bank.controller.type_code(parcel.digits)
        await bank.take(door)
        said = b"".join(bank.server.facts) + repr(bank.told).encode() + repr(bank.controller.state()).encode()
        for secret in (parcel.digits, parcel.digits.replace(" ", ""), parcel.symbol, "PARCEL"):
            assert secret.encode() not in said

    live_bank(story)
