"""Signed tokens: the right to open one door once, for a bank that may not have heard of it. Whoever holds the paper
holds the right, so a token is short-lived, names its door and what lies there, and works once.

It is COSE_Sign1 in the strict profile of `signing`, for its own purpose, over deterministic CBOR: an array of exactly
the fields below, in its one form. As text, for a symbol: `S` and base32, so that it fits QR's alphanumeric mode. Expiry
is checked with tolerance and only ever refuses; safety rests on the single use and on the generation.
"""

import base64
import binascii
import hashlib
import re
from typing import Annotated, Final, Literal
from uuid import UUID

import cbor2
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from cranny.core.errors import Invalid
from cranny.wire import signing
from cranny.wire.facts import Count
from cranny.wire.summed import Label

Purpose = Literal["recall", "inspect"]
MOST_HOURS: Final[dict[Purpose, int]] = {"recall": 24, "inspect": 8}
"""A courier takes something back within a day; a technician looks within a shift."""
TOLERANCE_S: Final = 15 * 60
"""How wrong the bank's clock may be."""

_TEXT: Final = re.compile("S[A-Z2-7]{160,480}")
_KID_BYTES: Final = 8


class Token(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """`token_id` is used once. `kid` names the key that signed, which is one tenant's; `bank` is the only one that
    takes it. It opens `door` as long as `generation` lies there (0: nothing does), from `issued` until `expires`,
    seconds since 1970 UTC."""

    token_id: Annotated[bytes, msgspec.Meta(min_length=16, max_length=16)]
    kid: Annotated[bytes, msgspec.Meta(min_length=8, max_length=8)]
    bank: Annotated[bytes, msgspec.Meta(min_length=16, max_length=16)]
    purpose: Purpose
    door: Label
    generation: Count
    issued: Count
    expires: Count

    @property
    def id(self) -> UUID:
        return UUID(bytes=self.token_id)


def kid(public: Ed25519PublicKey) -> bytes:
    """8 bytes that name a key."""
    return hashlib.sha256(public.public_bytes_raw()).digest()[:_KID_BYTES]


def sign(key: Ed25519PrivateKey, token: Token) -> str:
    """The text of the symbol."""
    message = signing.sign(key, "token", _payload(token))
    return "S" + base64.b32encode(message).decode().rstrip("=")


def looks_like_one(text: str) -> bool:
    """Whether somebody scanned a token, good or bad."""
    return _TEXT.fullmatch(text.strip().upper()) is not None


def read(public: Ed25519PublicKey, text: str) -> Token:
    """What `text` says. Raises Invalid, codes `signature-invalid` and `token-unreadable`; whether it may be used here
    and now is for the bank to say."""
    body = text.strip().upper()[1:]
    try:
        message = base64.b32decode(body + "=" * (-len(body) % 8))
    except (binascii.Error, ValueError) as error:
        raise _unreadable() from error
    if base64.b32encode(message).decode().rstrip("=") != body:
        raise _unreadable()
    payload = signing.verify(public, "token", message)
    token = _token(payload)
    if _payload(token) != payload or token.kid != kid(public):
        raise _unreadable()
    return token


def _payload(token: Token) -> bytes:
    return cbor2.dumps(list(msgspec.structs.astuple(token)), canonical=True)


def _token(payload: bytes) -> Token:
    try:
        found = cbor2.loads(payload, allow_indefinite=False, allow_duplicate_keys=False, max_depth=4)
        return msgspec.convert(found, Token, builtin_types=(bytes,))
    except (cbor2.CBORDecodeError, msgspec.ValidationError) as error:
        raise _unreadable() from error


def _unreadable() -> Invalid:
    return Invalid("This is no token of ours.", code="token-unreadable")
