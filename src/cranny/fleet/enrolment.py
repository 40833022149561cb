"""How a controller comes to speak for a bank: once, with a claim that a person carries over to it.

The claim is random, good for one use and a day. What comes back, the bank's pepper, is sealed for the key that the
controller made for itself, and never leaves it again. Whoever enrols replaces whoever spoke for the bank before.
"""

import base64
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from cranny.core.errors import Conflict
from cranny.core.events import NewEvent
from cranny.fleet import nkey, tables
from cranny.fleet.downlink import open_desk
from cranny.fleet.lifecycle import BANK, BankTrigger
from cranny.platform import directory, events
from cranny.platform.db import Database, Tx

VALID: Final = timedelta(hours=24)
CLAIM_KIND: Final = "claim"
"""The directory's word for claims."""
NKEY_KIND: Final = "nkey"
"""The directory's word for the public keys that may connect: `U…` → (tenant, bank)."""
_BYTES: Final = 16
_GROUP: Final = 6


class Claim(msgspec.Struct, frozen=True):
    """`claim` is shown once: 26 characters in groups."""

    claim: str
    expires: datetime


async def create_claim(tx: Tx, bank: UUID, *, valid: timedelta = VALID) -> Claim:
    """A claim with which one controller may enrol for `bank`; an earlier one is good for nothing any more.
    Raises NotFound, code `bank-not-found`."""
    await open_desk(tx, bank)
    text = base64.b32encode(tx.rng.bytes(_BYTES)).decode().rstrip("=")
    expires = tx.now() + valid
    await tx.run(tables.SET_CLAIM, tx.tenant, bank, directory.digest(CLAIM_KIND, text))
    await directory.put(tx, CLAIM_KIND, text, tx.tenant, bank, expires=expires)
    data = {"bank": str(bank), "expires": expires.isoformat()}
    await events.record(tx, [NewEvent("bank.claim_made", f"banks/{bank}", data)])
    return Claim("-".join(text[i : i + _GROUP] for i in range(0, len(text), _GROUP)), expires)


async def refuse_taken(db: Database, identity: str, tenant: UUID, bank: UUID) -> None:
    """One key is one box at one bank. Raises Conflict, code `key-in-use`."""
    user = await directory.find(db, NKEY_KIND, identity)
    if user is not None and (user.tenant, user.ref) != (tenant, bank):
        raise Conflict("This key is enrolled elsewhere. Make a new one on the controller.", code="key-in-use")


async def speak_for(tx: Tx, bank: UUID, before: str, identity: str) -> None:
    """From now on `identity` (an NKEY) and nobody else speaks for `bank`, for which `before` spoke."""
    nkey.raw(identity)
    if before and before != identity:
        await directory.forget(tx, NKEY_KIND, before)
    await directory.put(tx, NKEY_KIND, identity, tx.tenant, bank)
    await tx.run(tables.ENROL, tx.tenant, bank, identity, tx.now())
    await events.move(tx, BANK, [bank], BankTrigger.ENROL, data={bank: {"identity": identity}})
