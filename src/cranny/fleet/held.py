"""What the server holds of a bank, for whoever compares it with the bank itself."""

from typing import Final
from uuid import UUID

from cranny.fleet import tables
from cranny.platform.db import Tx

CHUNK: Final = 5000


async def held(tx: Tx, bank: UUID) -> dict[tuple[int, int], bytes]:
    """The hashes of all facts of `bank` by (epoch, number)."""
    found: dict[tuple[int, int], bytes] = {}
    last = (0, 0)
    while chunk := await tx.all(tables.HELD, tx.tenant, bank, *last, CHUNK):
        found.update({(row["epoch"], row["seq"]): row["hash"] for row in chunk})
        last = (chunk[-1]["epoch"], chunk[-1]["seq"])
    return found


async def open_anomalies(tx: Tx, bank: UUID) -> set[str]:
    """What the open anomalies of `bank` are about."""
    return {row["subject"] for row in await tx.all(tables.OPEN_SUBJECTS, tx.tenant, bank)}
