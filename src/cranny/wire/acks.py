"""The server's answer to a batch of facts: signed, and good for the very message that it answers.

Whoever holds the broker can keep an answer back. They can't make one, change one, or pass an old one off as new: an
answer names the hash of the signed batch, and no two batches are the same.
"""

import hashlib
from typing import Annotated
from uuid import UUID

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from cranny.core.errors import Invalid
from cranny.wire import signing
from cranny.wire.messages import FactAck, Message, pack, unpack


class AckFor(Message, frozen=True):
    """`batch` is the SHA-256 of the signed message that `ack` answers."""

    tenant: UUID
    bank: UUID
    batch: Annotated[bytes, msgspec.Meta(min_length=32, max_length=32)]
    ack: FactAck


def sign(key: Ed25519PrivateKey, tenant: UUID, bank: UUID, message: bytes, ack: FactAck) -> bytes:
    """The answer to `message`, a signed batch of `bank`."""
    return signing.sign(key, "ack", pack(AckFor(tenant, bank, hashlib.sha256(message).digest(), ack)))


def read(server: Ed25519PublicKey, tenant: UUID, bank: UUID, message: bytes, answer: bytes) -> FactAck:
    """What `answer` says of `message`. Raises Invalid, codes `signature-invalid`, `message-unreadable`, or
    `ack-foreign` when it answers another message or another bank."""
    found = _opened(server, tenant, bank, answer)
    if found.batch != hashlib.sha256(message).digest():
        raise _foreign()
    return found.ack


def believe(server: Ed25519PublicKey, tenant: UUID, bank: UUID, answer: bytes) -> FactAck:
    """What `answer` said of some batch of this bank, maybe long ago: enough to know what the server held then. Raises
    as `read` does."""
    return _opened(server, tenant, bank, answer).ack


def _opened(server: Ed25519PublicKey, tenant: UUID, bank: UUID, answer: bytes) -> AckFor:
    found = unpack(signing.verify(server, "ack", answer), AckFor)
    if (found.tenant, found.bank) != (tenant, bank):
        raise _foreign()
    return found


def _foreign() -> Invalid:
    return Invalid("The server's answer is not the one to this batch.", code="ack-foreign")
