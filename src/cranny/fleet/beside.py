"""The personal fields that travel beside a fact: sealed where they are kept, so that the chain never holds them
and they can be erased without touching it."""

from typing import Any, Final
from uuid import UUID

import msgspec

from cranny.fleet import tables
from cranny.platform.db import Tx
from cranny.platform.keys import Keyring

_PURPOSE: Final = "beside"


def seal(keyring: Keyring, tenant: UUID, bank: UUID, place: tuple[int, int], plain: bytes | None) -> bytes | None:
    """`place` is (epoch, seq) of the fact that `plain` belongs to."""
    return None if plain is None else keyring.seal(_PURPOSE, _context(tenant, bank, place), plain)


async def beside(tx: Tx, keyring: Keyring, bank: UUID, epoch: int, seq: int) -> dict[str, Any]:
    """The personal fields of that fact; empty when it has none, has none any more, or they can't be read.
    Raises SealBroken when they were changed or sealed with another master key."""
    sealed = await tx.value(tables.GET_BESIDE, tx.tenant, bank, epoch, seq)
    if sealed is None:
        return {}
    plain = keyring.open(_PURPOSE, _context(tx.tenant, bank, (epoch, seq)), sealed)
    try:
        return msgspec.msgpack.decode(plain, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        # What a bank sends beside a fact is signed with the batch, not checked by the rules.
        return {}


def _context(tenant: UUID, bank: UUID, place: tuple[int, int]) -> bytes:
    epoch, seq = place
    return tenant.bytes + bank.bytes + epoch.to_bytes(8, "big") + seq.to_bytes(8, "big")
