"""How a box comes to speak for a bank: what it sends, what it gets back, and the cryptography of both.

A person carries a claim from the server to the box, once. The box makes its own keys and never shows them; it
proves that it holds the one that it names. What only it may know comes back sealed.
"""

import hashlib
from itertools import pairwise
from typing import Final
from uuid import UUID

import msgspec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from cranny.core.errors import Invalid
from cranny.core.rng import Rng
from cranny.wire import nkey, sealing
from cranny.wire.kinds import Text

CLAIM_LENGTH: Final = 26
_CLAIM_BITS: Final = 5 * CLAIM_LENGTH
_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base32: no I, L, O, U, so that what people mix up means the same."""
_MIXED_UP: Final = str.maketrans("ILO", "110", " -\t\r\n")
_GROUPS: Final = (0, 5, 10, 15, 20, 26)


class EnrolRequest(msgspec.Struct, frozen=True):
    """`identity` is the box's NKEY (`U…`): its name at the broker and the key of its facts. `sealing_public` is an
    X25519 key, 32 bytes, for this one reply. `proof` is the identity's signature of all this."""

    claim: str
    """What the operator was shown once."""
    identity: str
    sealing_public: bytes
    version: Text
    proof: bytes


class EnrolReply(msgspec.Struct, frozen=True):
    """`nats` are addresses of the broker; `server_key` is the Ed25519 key, 32 bytes, that signs what goes down,
    to be pinned; `epoch` is where the box's facts begin: one more than the last box of this bank had."""

    tenant: UUID
    bank: UUID
    nats: list[str]
    server_key: bytes
    epoch: int
    sealed: bytes
    """What only this box can read: it is sealed for `sealing_public`."""


class Sealed(msgspec.Struct, frozen=True):
    """For the box's eyes only. `pepper`, 32 bytes, is in all digests of this bank."""

    pepper: bytes

    def __repr__(self) -> str:
        return "Sealed(***)"


def draw_claim(rng: Rng) -> str:
    """26 characters, 130 bits, in the one form in which it is remembered."""
    number = int.from_bytes(rng.bytes(_CLAIM_BITS // 8 + 1), "big") >> (8 - _CLAIM_BITS % 8)
    return "".join(_ALPHABET[number >> 5 * place & 31] for place in reversed(range(CLAIM_LENGTH)))


def show_claim(claim: str) -> str:
    """For people: in groups."""
    return "-".join(claim[start:end] for start, end in pairwise(_GROUPS))


def parse_claim(text: str) -> str:
    """What somebody typed, in its one form. Raises Invalid, code `claim-invalid`."""
    claim = text.upper().translate(_MIXED_UP)
    if len(claim) != CLAIM_LENGTH or not set(claim) <= set(_ALPHABET):
        raise Invalid("A claim has 26 letters and digits. Copy it once more.", code="claim-invalid")
    return claim


def ask(claim: str, seed: bytes, sealing_key: X25519PrivateKey, version: str) -> EnrolRequest:
    """A box's request. `seed` is its NKEY seed (`SU…`). Raises Invalid, codes `claim-invalid`, `nkey-invalid`."""
    key = nkey.private(seed)
    request = EnrolRequest(
        parse_claim(claim), nkey.name(key.public_key()), sealing_key.public_key().public_bytes_raw(), version, b""
    )
    return msgspec.structs.replace(request, proof=key.sign(_proven(request)))


def check(request: EnrolRequest) -> str:
    """The claim of a request whose sender holds the key that it names. Raises Invalid, codes `claim-invalid`,
    `nkey-invalid`, `proof-invalid`."""
    claim = parse_claim(request.claim)
    nkey.public(request.identity)
    if not nkey.verify_nkey_signature(request.identity, _proven(request), request.proof):
        raise Invalid("The box did not prove that the key it names is its own.", code="proof-invalid")
    return claim


def seal(request: EnrolRequest, secret: Sealed) -> bytes:
    """`EnrolReply.sealed`. Raises Invalid, code `sealing-key-invalid`."""
    return sealing.seal(request.sealing_public, msgspec.msgpack.encode(secret))


def unseal(reply: EnrolReply, sealing_key: X25519PrivateKey) -> Sealed:
    """What the box got. Raises Invalid, code `seal-broken`."""
    try:
        return msgspec.msgpack.decode(sealing.unseal(sealing_key, reply.sealed), type=Sealed)
    except msgspec.MsgspecError as error:
        raise Invalid("What was sealed can't be read.", code="seal-broken") from error


def fingerprint(identity: str) -> str:
    """What the kiosk and the operator's screen both show, to be compared by eye: `ABCD-EFGH`. Raises Invalid, code
    `nkey-invalid`."""
    digest = hashlib.sha256(nkey.public(identity).public_bytes_raw()).digest()
    number = int.from_bytes(digest[:5], "big")
    text = "".join(_ALPHABET[number >> 5 * place & 31] for place in reversed(range(8)))
    return f"{text[:4]}-{text[4:]}"


def _proven(request: EnrolRequest) -> bytes:
    """What the proof signs. The parts have fixed lengths, except the last."""
    told = parse_claim(request.claim) + request.identity
    return b"cranny/enrolment/1\0" + told.encode() + request.sealing_public + request.version.encode()
