"""Sweeps find rows whose time has come, tenant by tenant. Deadlines are rows, never delayed jobs."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

import structlog

from cranny.platform import tenants
from cranny.platform.db import Database

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Sweep:
    """Every `every_s` seconds `run(db, tenant)` for each tenant; returns how many rows it dealt with. It may
    run in several processes at once: it locks the rows it takes (SKIP LOCKED) or moves them guarded."""

    name: str
    every_s: float
    run: Callable[[Database, UUID], Awaitable[int]]


async def run_all(db: Database, sweeps: Sequence[Sweep]) -> None:
    """Until cancelled. A sweep that fails for a tenant is told of in the log and goes on with the next."""
    async with asyncio.TaskGroup() as group:
        for sweep in sweeps:
            group.create_task(_repeat(db, sweep))


async def once(db: Database, sweep: Sweep) -> int:
    """One round over all tenants."""
    dealt_with = 0
    for tenant in await tenants.every(db):
        try:
            dealt_with += await sweep.run(db, tenant)
        except Exception:
            log.exception("sweep failed", name=sweep.name, tenant=str(tenant))
    return dealt_with


async def _repeat(db: Database, sweep: Sweep) -> None:
    while True:
        try:
            await once(db, sweep)
        except Exception:
            log.exception("sweep failed", name=sweep.name)
        await asyncio.sleep(sweep.every_s)
