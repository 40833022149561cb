"""A bank as the server sees it now."""

from datetime import datetime
from uuid import UUID

import msgspec

from cranny import sites
from cranny.fleet import tables
from cranny.fleet.lifecycle import BankState
from cranny.platform import rows
from cranny.platform.db import Tx


class BankStatus(msgspec.Struct, frozen=True):
    """`taken` facts of `epoch` are safe here, about `waiting` more are on the bank. `given` rights were sent on
    their way, the bank held `applied` of them when it was last heard. `free` doors could take a deposit then."""

    bank: UUID
    state: BankState
    enrolled: datetime | None = None
    """When the box that is there now was enrolled."""
    last_beat: datetime | None = None
    """When it was last heard; null where the box that is there now was not yet."""
    version: str = ""
    clock_quality: str = ""
    """`good` or `doubtful`: whether its clock can be relied on; empty before it was first heard."""
    free: int = 0
    epoch: int = 0
    taken: int = 0
    waiting: int = 0
    given: int = 0
    applied: int = 0


async def status(tx: Tx, bank: UUID) -> BankStatus:
    """Raises NotFound, code `bank-not-found`."""
    record = await tx.one(tables.GET_STATUS, tx.tenant, bank)
    if record is not None:
        return rows.to(BankStatus, record)
    known = await sites.get_bank(tx, bank)
    return BankStatus(known.id, BankState.UNENROLLED)
