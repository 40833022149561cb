"""A tenant, a second one that must never be seen, and a broker that is not there."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from uuid import UUID

import pytest

from cranny.core.clock import SystemClock
from cranny.core.ids import TimeIds
from cranny.core.rng import SeededRng
from cranny.platform import tenants
from cranny.platform.db import Database, open_pool
from cranny.platform.engines import PostgresAddress


@dataclass
class Pokes:
    """Where pokes end up."""

    heard: list[str] = field(default_factory=list)

    async def __call__(self, subject: str) -> None:
        self.heard.append(subject)


@pytest.fixture
def pokes() -> Pokes:
    return Pokes()


@pytest.fixture
async def wide(database: PostgresAddress, pokes: Pokes) -> AsyncIterator[Database]:
    """A database with enough connections for things to happen at the same time."""
    pool = await open_pool(database.app_dsn, size=16)
    rng = SeededRng(1)
    yield Database(pool, clock=SystemClock(), ids=TimeIds(SystemClock(), rng), rng=rng, poke=pokes)
    await pool.close()


@pytest.fixture
async def tenant(wide: Database) -> UUID:
    async with wide.transaction() as tx:
        row, _ = await tenants.add_tenant(tx, "Reading Room")
    return row.tenant
