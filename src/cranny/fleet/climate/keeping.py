"""Measurements are written with the facts that told them, and rolled up when they are old."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from cranny.fleet.changes import Change
from cranny.fleet.climate import tables
from cranny.fleet.climate.series import stored
from cranny.platform.db import Database, Tx

KEPT: Final = timedelta(days=400)
"""Windows stay for so long, then a row a day: what food in cold storage was kept at is asked for up to a year later.
The facts themselves stay for ever."""
ROLL_UP_S: Final = 3600.0
AT_ONCE: Final = 2000


async def keep(tx: Tx, changes: Sequence[Change]) -> None:
    """Write the windows of `changes`. Each fact is written once, and so is its window."""
    rows = [(change.bank, window) for change in changes for window in change.measured]
    if not rows:
        return
    await tx.run(
        tables.ADD_WINDOWS,
        tx.tenant,
        [bank for bank, _ in rows],
        [window.epoch for _, window in rows],
        [window.seq for _, window in rows],
        [window.start for _, window in rows],
        [window.ended for _, window in rows],
        [window.doubtful for _, window in rows],
        [stored(window.channels) for _, window in rows],
    )


async def roll_up(db: Database, tenant: UUID) -> int:
    """A sweep: what is left of old windows is a row for a channel and a day. Returns how many windows went."""
    gone = 0
    while True:
        async with db.transaction(tenant) as tx:
            rolled = int(await tx.value(tables.ROLL_UP, tenant, tx.now() - KEPT, AT_ONCE))
        gone += rolled
        if rolled < AT_ONCE:
            return gone
