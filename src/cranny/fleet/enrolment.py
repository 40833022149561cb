"""How a controller comes to speak for a bank: once, with a claim that a person carries over to it.

The claim is random, good for one use and a day. What comes back, the bank's pepper, is sealed for the key that the
controller made for itself, and never leaves it again. Whoever enrols replaces whoever spoke for the bank before.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import asyncpg
import msgspec

from cranny.core.errors import Conflict, Refused
from cranny.core.events import NewEvent
from cranny.fleet import tables
from cranny.fleet.downlink import open_desk
from cranny.fleet.lifecycle import BANK, BankTrigger
from cranny.platform import directory, events
from cranny.platform.db import Database, Tx
from cranny.platform.directory import Found
from cranny.platform.keys import Keyring
from cranny.wire import enrolment
from cranny.wire.enrolment import EnrolReply, EnrolRequest, Sealed

VALID: Final = timedelta(hours=24)
CLAIM_KIND: Final = "claim"
"""The directory's word for claims, in their one form."""
NKEY_KIND: Final = "nkey"
"""The directory's word for the public keys that may connect: `U…` → (tenant, bank)."""


class Claim(msgspec.Struct, frozen=True):
    """`claim` is shown once: 26 letters and digits in groups."""

    claim: str
    expires: datetime
    """From when on it is good for nothing."""


async def create_claim(tx: Tx, bank: UUID, *, valid: timedelta = VALID) -> Claim:
    """A claim with which one controller may enrol for `bank`; an earlier one is good for nothing any more.
    Raises NotFound, code `bank-not-found`."""
    await open_desk(tx, bank)
    text = enrolment.draw_claim(tx.rng)
    expires = tx.now() + valid
    await tx.run(tables.SET_CLAIM, tx.tenant, bank, directory.digest(CLAIM_KIND, text))
    await directory.put(tx, CLAIM_KIND, text, tx.tenant, bank, expires=expires)
    data = {"bank": str(bank), "expires": expires.isoformat()}
    await events.record(tx, [NewEvent("bank.claim_made", f"banks/{bank}", data)])
    return Claim(enrolment.show_claim(text), expires)


async def enrol(db: Database, keyring: Keyring, nats: Sequence[str], request: EnrolRequest) -> EnrolReply:
    """Let the controller that made `request` speak for the bank of its claim. `nats`: where it is to connect.

    Raises Refused, code `claim-invalid`, for a claim that is unknown, used or expired: nobody learns which.
    Raises Invalid, codes `claim-invalid`, `nkey-invalid`, `proof-invalid` and `sealing-key-invalid`, for a request
    that can't be one, and Conflict, code `key-in-use`.
    """
    claim = enrolment.check(request)
    found = await directory.find(db, CLAIM_KIND, claim)
    if found is None:
        raise _no_claim()
    sealed = enrolment.seal(request, Sealed(keyring.pepper(found.ref)))
    await _refuse_taken(db, request.identity, found)
    try:
        async with db.transaction(found.tenant) as tx:
            epoch = await _use(tx, claim, found.ref, request)
    except asyncpg.UniqueViolationError as error:  # it was enrolled there since we looked
        raise _in_use() from error
    server_key = keyring.downlink_key(found.tenant).public_key().public_bytes_raw()
    return EnrolReply(found.tenant, found.ref, list(nats), server_key, epoch, sealed)


async def speak_for(tx: Tx, bank: UUID, before: str, identity: str, *, version: str = "") -> None:
    """From now on `identity` (an NKEY) and nobody else speaks for `bank`, for which `before` spoke."""
    if before:
        await directory.forget(tx, NKEY_KIND, before)
    await directory.put(tx, NKEY_KIND, identity, tx.tenant, bank)
    await tx.run(tables.ENROL, tx.tenant, bank, identity, tx.now())
    data = {"identity": identity, "fingerprint": enrolment.fingerprint(identity), "version": version}
    await events.move(tx, BANK, [bank], BankTrigger.ENROL, data={bank: data})


async def speaks_for(db: Database, identity: str) -> tuple[UUID, UUID] | None:
    """The (tenant, bank) that `identity` may speak for now."""
    found = await directory.find(db, NKEY_KIND, identity)
    return None if found is None else (found.tenant, found.ref)


async def _use(tx: Tx, claim: str, bank: UUID, request: EnrolRequest) -> int:
    """Use the claim up. Returns the epoch that the box begins with."""
    desk = await tx.one(tables.LOCK_DESK, tx.tenant, bank)
    # Locked, so that of two boxes with the same claim the second finds it used; a newer claim ends an older one.
    if desk is None or desk["claim"] != directory.digest(CLAIM_KIND, claim):
        raise _no_claim()
    await directory.forget(tx, CLAIM_KIND, claim)
    await speak_for(tx, bank, desk["public_key"], request.identity, version=request.version)
    epoch: int = await tx.value(tables.GET_EPOCH, tx.tenant, bank)
    return epoch + 1


async def _refuse_taken(db: Database, identity: str, claimed: Found) -> None:
    """One key is one box at one bank. Raises Conflict, code `key-in-use`."""
    owner = await speaks_for(db, identity)
    if owner is not None and owner != (claimed.tenant, claimed.ref):
        raise _in_use()


def _in_use() -> Conflict:
    return Conflict("This key is enrolled elsewhere. Make a new one on the box.", code="key-in-use")


def _no_claim() -> Refused:
    return Refused("This claim is not good, or no longer. Make a new one for this bank.", code="claim-invalid")
