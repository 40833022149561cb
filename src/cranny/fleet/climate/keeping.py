"""Measurements are written with the facts that told them, and rolled up when they are old."""

from collections.abc import Sequence
from datetime import datetime

from cranny.fleet.changes import Change
from cranny.fleet.climate import tables
from cranny.fleet.climate.series import stored
from cranny.platform.db import Tx


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


async def roll_up(tx: Tx, before: datetime, at_most: int) -> int:
    """What is left of windows that ended before that is a row for a channel and a day: what food in cold storage was
    kept at is asked for up to a year later. The facts themselves stay for ever. Returns how many windows went."""
    return int(await tx.value(tables.ROLL_UP, tx.tenant, before, at_most))
