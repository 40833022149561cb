"""Facts: what a controller saw or did, numbered per bank and epoch, chained by hash.

This format is permanent. A fact is stored and sent as the exact bytes that were hashed: deterministic CBOR
(RFC 8949, 4.2) of the fields below, in this order. Bodies hold ids and salted digests only; personal fields
travel beside the bytes, so that they can be erased while the chain stays verifiable.
"""

import hashlib
from typing import Any
from uuid import UUID

import cbor2
import msgspec

from cranny.core.errors import Invalid

VERSION = 1
GENESIS = bytes(32)
"""The `prev_hash` of the first fact of an epoch."""


class Fact(msgspec.Struct, frozen=True, array_like=True):
    """`seq` starts at 1 in each epoch; `mono_ms` counts from `boot_id`'s start; `wall_ms` is milliseconds
    since 1970 UTC; `clock_quality` is `good` or `doubtful`; `offline` tells whether the server was out of
    reach when it happened."""

    v: int
    tenant: UUID
    bank: UUID
    epoch: int
    seq: int
    prev_hash: bytes
    kind: str
    body: dict[str, Any]
    boot_id: UUID
    mono_ms: int
    wall_ms: int
    clock_quality: str
    offline: bool


def encode(fact: Fact) -> bytes:
    """The bytes that are stored, hashed and sent."""
    return cbor2.dumps(list(msgspec.structs.astuple(fact)), canonical=True)


def digest(stored: bytes) -> bytes:
    """SHA-256 of the stored bytes: the next fact's `prev_hash`."""
    return hashlib.sha256(stored).digest()


def decode(stored: bytes) -> Fact:
    """Read a fact. Raises Invalid, code `fact-unreadable`, on anything that is not exactly one."""
    try:
        raw = cbor2.loads(stored)
        fact = msgspec.convert(raw, Fact, builtin_types=(UUID, bytes))
    except (cbor2.CBORDecodeError, msgspec.ValidationError, ValueError, RecursionError) as error:
        raise Invalid(f"This is not a fact: {error}", code="fact-unreadable") from error
    if fact.v != VERSION:
        raise Invalid(f"Fact version {fact.v} is not known here.", code="fact-unreadable")
    return fact
