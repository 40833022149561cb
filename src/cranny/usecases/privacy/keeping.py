"""Carries out for how long each kind of data is kept. What was erased is told by the log: how many, of what, from
before when."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

import structlog

from cranny import people
from cranny.core.events import NewEvent
from cranny.platform import events
from cranny.platform.db import Database, heed_cancellation
from cranny.platform.personal import Kept
from cranny.usecases.privacy import settings

FORGOTTEN: Final = "privacy.forgotten"
AT_ONCE: Final = 500
ASKED_AT_ONCE: Final = 200
ASKED_WITHIN: Final = timedelta(days=7)
"""Whoever has been known for longer gets their parcels already: they are asked by hand."""

log = structlog.get_logger(__name__)


def sweep(kept: Sequence[Kept]) -> Callable[[Database, UUID], Awaitable[int]]:
    """Erases what is older than the tenant keeps it. One kind that fails does not keep the others."""

    async def run(db: Database, tenant: UUID) -> int:
        async with db.transaction(tenant) as tx:
            days = settings.days(kept, await settings.read(tx))
        gone = 0
        for one in kept:
            try:
                gone += await forget(db, tenant, one, days[one.kind])
            except Exception as error:
                heed_cancellation(error)
                log.exception("not forgotten", kind=one.kind, tenant=str(tenant))
        return gone

    return run


async def forget(db: Database, tenant: UUID, kept: Kept, days: int) -> int:
    """Everything of one kind that is older than `days`, a piece at a time. Returns how many that was."""
    before = db.clock.now() - timedelta(days=days)
    total = 0
    while True:
        async with db.transaction(tenant) as tx:
            gone = await kept.forget(tx, before, AT_ONCE)
            if gone:
                data = {"kind": kept.kind, "count": gone, "before": before.isoformat(), "days": days}
                await events.record(tx, [NewEvent(FORGOTTEN, f"tenants/{tenant}", data)])
        total += gone
        if gone < AT_ONCE:
            return total


async def ask(db: Database, tenant: UUID) -> int:
    """A sweep: who became known is asked how they want to be told, where the tenant does that."""
    async with db.transaction(tenant) as tx:
        since = await settings.ask_since(tx)
        if since is None:
            return 0
        return await people.ask_new(tx, max(since, tx.now() - ASKED_WITHIN), ASKED_AT_ONCE)
