"""Whoever holds the broker can keep messages back and send old ones again. They can't make the bank forget a fact,
stop its uplink, or grant anything."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cranny.core.errors import Invalid
from cranny.wire import acks, signing
from cranny.wire.messages import FactAck, pack

from .conftest import BANK, TENANT

STRANGER = Ed25519PrivateKey.from_private_bytes(b"s" * 32)


def flip(answer: bytes, place: int) -> bytes:
    changed = bytearray(answer)
    changed[place % len(changed)] ^= 1 << place % 8
    return bytes(changed)


def forge(kind: str, answer: bytes, message: bytes, key: Ed25519PrivateKey) -> bytes:
    """What a broker may put in the place of an answer."""
    lie = FactAck(epoch=1, seq=10_000, forked=True)
    return {
        "unsigned": pack(lie),
        "another key": acks.sign(STRANGER, TENANT, BANK, message, lie),
        "another bank": acks.sign(key, TENANT, TENANT, message, lie),
        "another batch": acks.sign(key, TENANT, BANK, b"another", lie),
        "another purpose": signing.sign(key, "downlink", pack(lie)),
        "a flipped bit": flip(answer, len(message)),
        "cut short": answer[:-1],
        "longer": answer + b"\0",
        "nothing": b"",
    }[kind]


KINDS = [
    "unsigned",
    "another key",
    "another bank",
    "another batch",
    "another purpose",
    "a flipped bit",
    "cut short",
    "longer",
    "nothing",
]


@pytest.mark.parametrize("kind", KINDS)
def test_an_answer_that_is_not_the_server_s_stops_nothing(live_bank: Any, kind: str) -> None:
    async def story(bank: Any) -> None:
        real = bank.server.answer

        async def lying(message: Any, ack: FactAck) -> None:
            good = acks.sign(bank.server.key, TENANT, BANK, message.payload, ack)
            await message.respond(forge(kind, good, message.payload, bank.server.key))

        bank.server.answer = lying
        bank.board.force(bank.at("01"))
        await bank.settle(30)
        mark = bank.state.mark
        assert mark.acked < mark.seq
        assert bank.controller.state().link not in {"forked", "refused"}
        bank.server.answer = real
        await bank.settle(120)
        assert bank.state.mark.acked == bank.state.mark.seq
        assert bank.server.facts == bank.stored()
        assert bank.controller.state().link == "online"

    live_bank(story)


@pytest.mark.slow
def test_every_bit_of_an_answer_counts() -> None:
    key = Ed25519PrivateKey.from_private_bytes(bytes(32))
    answer = acks.sign(key, TENANT, BANK, b"batch", FactAck(1, 7))
    assert acks.read(key.public_key(), TENANT, BANK, b"batch", answer) == FactAck(1, 7)
    for bit in range(8 * len(answer)):
        changed = bytearray(answer)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(Invalid) as refused:
            acks.read(key.public_key(), TENANT, BANK, b"batch", bytes(changed))
        assert refused.value.code == "signature-invalid"


def test_old_answers_sent_again_change_nothing(live_bank: Any) -> None:
    """Every answer is replaced by the first one, a refusal, and by an answer that said `forked` to another batch."""

    async def story(bank: Any) -> None:
        heard: list[bytes] = []
        real = bank.server.answer

        async def keep(message: Any, ack: FactAck) -> None:
            heard.append(acks.sign(bank.server.key, TENANT, BANK, message.payload, ack))
            heard.append(acks.sign(bank.server.key, TENANT, BANK, message.payload, FactAck(1, 0, forked=True)))
            await real(message, ack)

        bank.server.answer = keep
        bank.board.force(bank.at("01"))
        await bank.settle(5)
        before = bank.state.mark.acked
        assert before == bank.state.mark.seq

        async def again(message: Any, _: FactAck) -> None:
            await message.respond(heard[len(bank.facts()) % len(heard)])

        bank.server.answer = again
        bank.board.force(bank.at("02"))
        await bank.settle(60)
        assert bank.state.mark.acked == before
        assert bank.controller.state().link not in {"forked", "refused"}
        bank.server.answer = real
        await bank.settle(120)
        assert bank.server.facts == bank.stored()
        assert bank.state.mark.acked == bank.state.mark.seq

    live_bank(story)


def test_pages_of_rights_sent_again_and_out_of_order_change_nothing(live_bank: Any) -> None:
    async def story(bank: Any) -> None:
        pages: list[bytes] = []

        def keep(page: bytes) -> bytes:
            pages.append(page)
            return page

        bank.server.tamper = keep
        parcels = [await bank.announce(f"PARCEL{n}") for n in range(4)]
        before = dict(bank.state.grants)
        bank.server.tamper = lambda _: pages[0]
        await bank.settle(40)
        bank.server.tamper = lambda page: pages[-1] if page != pages[-1] else pages[1]
        await bank.settle(40)
        assert bank.state.grants == before
        bank.server.tamper = bytes
        late = await bank.announce("LATE")
        for parcel in (*parcels, late):
            await bank.deposit(parcel)

    live_bank(story)
