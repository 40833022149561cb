"""Facts: what a controller saw or did, numbered per bank and epoch, chained by hash.

This format is permanent. A fact is stored and sent as the exact bytes that were hashed: deterministic CBOR
(RFC 8949, 4.2) of the fields below, in this order, and no other bytes. Bodies hold ids and salted digests only;
personal fields travel beside the bytes, so that they can be erased while the chain stays verifiable.
"""

import hashlib
import math
from typing import Annotated, Any, Literal
from uuid import UUID

import cbor2
import msgspec

from cranny.core.errors import Invalid
from cranny.wire import quick

VERSION = 1
GENESIS = bytes(32)
"""The `prev_hash` of the first fact of an epoch."""

Count = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
"""Bounds are part of the format: whatever a bank says has a place in the record."""
WallMillis = Annotated[int, msgspec.Meta(ge=-62_135_596_800_000, le=253_402_300_799_999)]
"""Years 1 to 9999."""
Quality = Literal["good", "doubtful"]


class Fact(msgspec.Struct, frozen=True, array_like=True):
    """`seq` starts at 1 in each epoch; `mono_ms` counts from `boot_id`'s start; `wall_ms` is milliseconds
    since 1970 UTC; `clock_quality` is `good` or `doubtful`; `offline` tells whether the server was out of
    reach when it happened. `body` is plain: None, booleans, numbers of up to 64 bits, text, bytes, ids,
    lists and maps of these."""

    v: int
    tenant: UUID
    bank: UUID
    epoch: Count
    seq: Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]
    prev_hash: Annotated[bytes, msgspec.Meta(min_length=32, max_length=32)]
    kind: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9_.]{1,64}\Z")]
    body: dict[str, Any]
    boot_id: UUID
    mono_ms: Count
    wall_ms: WallMillis
    clock_quality: Quality
    offline: bool


def encode(fact: Fact) -> bytes:
    """The bytes that are stored, hashed and sent."""
    return cbor2.dumps(list(msgspec.structs.astuple(fact)), canonical=True)


def digest(stored: bytes) -> bytes:
    """SHA-256 of the stored bytes: the next fact's `prev_hash`."""
    return hashlib.sha256(stored).digest()


def decode(stored: bytes) -> Fact:
    """Read a fact. Raises Invalid, code `fact-unreadable`, on anything that is not exactly one: a bank that
    writes the same fact in two ways could show two histories under one number."""
    try:
        return Fact(*quick.read(stored))
    except (ValueError, IndexError):
        return carefully(stored)


def carefully(stored: bytes) -> Fact:
    """`decode`, for every fact there may be, and for what is none: read it, write it again, compare."""
    try:
        raw = cbor2.loads(stored, allow_indefinite=False, allow_duplicate_keys=False, max_depth=16)
        fact = msgspec.convert(raw, Fact, builtin_types=(UUID, bytes))
    except (cbor2.CBORDecodeError, msgspec.ValidationError) as error:
        raise Invalid(f"This is not a fact: {error}", code="fact-unreadable") from error
    if fact.v != VERSION:
        raise Invalid(f"Fact version {fact.v} is not known here.", code="fact-unreadable")
    if not _plain(fact.body) or encode(fact) != stored:
        raise Invalid("This is a fact, but not in its one form.", code="fact-unreadable")
    return fact


def _plain(value: object) -> bool:
    """Whether nothing in a body needs more than JSON, bytes and ids can say."""
    if isinstance(value, dict):
        return all(isinstance(key, str) and _plain(item) for key, item in value.items())
    if isinstance(value, list):
        return all(_plain(item) for item in value)
    if isinstance(value, int):
        return -(2**63) <= value < 2**63
    if isinstance(value, float):
        return math.isfinite(value)
    return value is None or isinstance(value, str | bytes | UUID)
