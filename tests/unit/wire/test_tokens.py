"""A token has one form; nothing else is one, and no bit of it can be changed."""

import base64
from uuid import UUID

import cbor2
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from cranny.core.errors import Invalid
from cranny.wire import signing, tokens
from cranny.wire.tokens import Token

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key()
BANK = UUID(int=2)
TOKEN = Token(UUID(int=7).bytes, tokens.kid(PUBLIC), BANK.bytes, "recall", "07", 12, 1_800_000_000, 1_800_014_400)
TEXT = tokens.sign(KEY, TOKEN)


def text_of(payload: bytes, *, key: Ed25519PrivateKey = KEY, purpose: signing.Purpose = "token") -> str:
    return "S" + base64.b32encode(signing.sign(key, purpose, payload)).decode().rstrip("=")


def test_it_says_what_was_signed_and_fits_a_symbol() -> None:
    assert tokens.read(PUBLIC, TEXT) == TOKEN
    assert tokens.read(PUBLIC, f" {TEXT.lower()} ") == TOKEN
    assert tokens.looks_like_one(TEXT)
    assert len(TEXT) < 260
    assert set(TEXT) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")


@pytest.mark.slow
def test_every_flipped_bit_is_refused() -> None:
    message = base64.b32decode(TEXT[1:] + "=" * (-len(TEXT[1:]) % 8))
    for bit in range(8 * len(message)):
        changed = bytearray(message)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(Invalid):
            tokens.read(PUBLIC, "S" + base64.b32encode(bytes(changed)).decode().rstrip("="))


def test_every_changed_sign_is_refused() -> None:
    for place in range(1, len(TEXT)):
        other = "A" if TEXT[place] != "A" else "B"
        with pytest.raises(Invalid):
            tokens.read(PUBLIC, TEXT[:place] + other + TEXT[place + 1 :])


@pytest.mark.parametrize(
    "text",
    [
        text_of(cbor2.dumps(list(msgspec.structs.astuple(TOKEN)), canonical=True), purpose="command"),
        text_of(
            cbor2.dumps(list(msgspec.structs.astuple(TOKEN)), canonical=True),
            key=Ed25519PrivateKey.from_private_bytes(bytes(32)),
        ),
        text_of(cbor2.dumps([*msgspec.structs.astuple(TOKEN), 1], canonical=True)),
        text_of(cbor2.dumps(list(msgspec.structs.astuple(TOKEN))[:-1], canonical=True)),
        text_of(cbor2.dumps(dict(enumerate(msgspec.structs.astuple(TOKEN))), canonical=True)),
        text_of(cbor2.dumps([*msgspec.structs.astuple(TOKEN)[:-1], 1_800_014_400.0])),
        text_of(bytes([0x98, 8]) + cbor2.dumps(list(msgspec.structs.astuple(TOKEN)), canonical=True)[1:]),
        text_of(cbor2.dumps(list(msgspec.structs.astuple(msgspec.structs.replace(TOKEN, kid=bytes(8)))))),
        text_of(cbor2.dumps(list(msgspec.structs.astuple(msgspec.structs.replace(TOKEN, door="\n"))))),
        text_of(b""),
        text_of(bytes([0x9F]) * 80),
        TEXT + "A",
        TEXT[:-1],
        "S" + "A" * 200,
    ],
    ids=[
        "another purpose", "another key", "one more field", "one field less", "a map", "a float", "a longer head",
        "another kid", "a door of control characters", "nothing", "endless arrays", "longer", "shorter", "zeros",
    ],
)  # fmt: skip
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        tokens.read(PUBLIC, text)
    assert refused.value.code in {"signature-invalid", "token-unreadable"}


@given(st.binary(max_size=300))
def test_no_bytes_make_it_stumble(noise: bytes) -> None:
    for text in (text_of(noise), "S" + base64.b32encode(noise).decode().rstrip("=")):
        with pytest.raises(Invalid):
            tokens.read(PUBLIC, text)


@given(st.text(max_size=300))
def test_no_text_makes_it_stumble(text: str) -> None:
    if tokens.looks_like_one(text):
        with pytest.raises(Invalid):
            tokens.read(PUBLIC, text)
