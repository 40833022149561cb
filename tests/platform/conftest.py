"""A tenant, a second one that must never be seen, and a broker that is not there."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

import httpx2
import pytest
from litestar import Litestar

from cranny.core.clock import SystemClock
from cranny.core.ids import TimeIds
from cranny.core.rng import SeededRng
from cranny.platform import tenants
from cranny.platform.db import Database, close_pool, open_pool
from cranny.platform.engines import PostgresAddress
from cranny.platform.feature import Parts
from cranny.platform.keys import Keyring
from cranny.wire.brokers import Broker
from cranny.wire.brokers.memory import Hub
from cranny.wire.kdf import CheapKdf


@dataclass
class Pokes:
    """Where pokes end up."""

    heard: list[str] = field(default_factory=list)

    async def __call__(self, subject: str) -> None:
        self.heard.append(subject)


def parts(db: Database, broker: Broker | None = None) -> Parts:
    return Parts(
        db=db,
        broker=broker or Hub().join("server"),
        keyring=Keyring(bytes(32), rng=db.rng),
        kdf=CheapKdf(),
        clock=db.clock,
        ids=db.ids,
        rng=db.rng,
    )


@asynccontextmanager
async def serve(app: Litestar, key: str = "") -> AsyncIterator[httpx2.AsyncClient]:
    """A client of `app`, running in this very loop; `key` is the API key it sends."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    transport = httpx2.ASGITransport(app)
    up, over = asyncio.Event(), asyncio.Event()

    async def live() -> None:
        async with app.lifespan():
            up.set()
            await over.wait()

    # In a task of its own: a fixture may be left in another task than it was entered in, a lifespan may not.
    lifespan = asyncio.create_task(live())
    await up.wait()
    async with httpx2.AsyncClient(transport=transport, base_url="http://server", headers=headers) as client:
        yield client
    over.set()
    await lifespan


@pytest.fixture
def pokes() -> Pokes:
    return Pokes()


@pytest.fixture
async def wide(database: PostgresAddress, pokes: Pokes) -> AsyncIterator[Database]:
    """A database with enough connections for things to happen at the same time."""
    pool = await open_pool(database.app_dsn, size=16)
    rng = SeededRng(1)
    yield Database(pool, clock=SystemClock(), ids=TimeIds(SystemClock(), rng), rng=rng, poke=pokes)
    await close_pool(pool)


@pytest.fixture
async def tenant(wide: Database) -> UUID:
    async with wide.transaction() as tx:
        row, _ = await tenants.add_tenant(tx, "Reading Room")
    return row.tenant
