"""Real engines for the tests that need them: started once per worker process, a fresh database for each test.

`engines` gives both addresses and the keyring they were configured with; `database` the DSNs of a new, migrated
database; `db` the same opened as the product opens it.

What they need is imported when they are asked for: the pure tests, in processes of their own, need none of it."""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
import structlog

if TYPE_CHECKING:
    from cranny.platform.db import Database
    from cranny.platform.engines import NatsAddress, PostgresAddress
    from cranny.platform.keys import Keyring

pytest_plugins = ["tests.canaries"]
"""What the whole run logs holds nothing secret."""

MEMORY = Path("/dev/shm")  # noqa: S108 - a copy of the template takes 12 ms there, 180 ms on a disk
ROOM_NEEDED = 1024**3
# The data does not outlive the test, so nothing has to survive a power cut.
IN_A_HURRY = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "wal_level": "minimal"}
IN_A_HURRY |= {"max_wal_senders": "0", "autovacuum": "off", "shared_buffers": "64MB"}
NUMBERS = count()


# Of two thousand modules and tests next to nothing is ever rubbish: to look for it after every 700 objects is a quarter
# of the time of the pure tests.
gc.set_threshold(100_000, 20, 100)
# The usual way draws each traceback in colours, with all local variables.
structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
    ]
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long stories of real processes first, so that no worker is left with one when the others are done."""
    items.sort(key=lambda item: item.get_closest_marker("xdist_group") is None)


@dataclass(frozen=True)
class Engines:
    postgres: PostgresAddress
    nats: NatsAddress
    keyring: Keyring


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A new directory that engines can use. pytest's own `tmp_path` is closed to the account they run as under root."""
    path = _reachable_directory()
    yield path
    _gather(path)
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session")
def new_data_dir() -> Iterator[Callable[[], Path]]:
    """Makes such directories; they are gone after the last test."""
    made: list[Path] = []

    def make() -> Path:
        made.append(_reachable_directory())
        return made[-1]

    yield make
    for path in made:
        _gather(path)
        shutil.rmtree(path, ignore_errors=True)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def engines() -> AsyncIterator[Engines]:
    import nkeys

    from cranny.core.rng import SeededRng
    from cranny.platform import engines as platform_engines
    from cranny.platform.engines import NatsConfig
    from cranny.platform.keys import Keyring
    from tests import canaries

    canaries.watch()
    keyring = Keyring(bytes(32), rng=SeededRng(0))
    server = nkeys.from_seed(keyring.nats_user_seed("server")).public_key.decode()
    issuer = nkeys.from_seed(keyring.nats_account_seed()).public_key.decode()
    path = _reachable_directory()
    async with (
        platform_engines.postgres(path, settings=IN_A_HURRY) as postgres,
        platform_engines.nats(path, config=NatsConfig(users=[server], issuer=issuer)) as nats,
    ):
        yield Engines(postgres, nats, keyring)
    _gather(path)
    shutil.rmtree(path, ignore_errors=True)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def migrated(engines: Engines) -> str:
    """The name of a database with every table and nobody in it."""
    from cranny.platform.migrate import upgrade

    await upgrade(engines.postgres.owner_dsn)
    return "cranny"


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def template(engines: Engines, migrated: str) -> str:
    """The name of the database that those of the tests are copied from."""
    import asyncpg

    admin = await asyncpg.connect(_named(engines.postgres.admin_dsn, "postgres"))
    try:
        await admin.execute(_copy("planted", migrated))
    finally:
        await admin.close()
    await _plant(_named(engines.postgres.app_dsn, "planted"))
    return "planted"


async def _plant(dsn: str) -> None:
    """A tenant that no test is about, and that none may see or touch."""
    from cranny.core.clock import SystemClock
    from cranny.core.ids import TimeIds
    from cranny.core.rng import SeededRng
    from cranny.platform import tenants
    from cranny.platform.db import Database, open_pool

    async def nobody_listens(_: str) -> None:
        pass

    pool = await open_pool(dsn, size=1)
    rng = SeededRng(99)
    db = Database(pool, clock=SystemClock(), ids=TimeIds(SystemClock(), rng), rng=rng, poke=nobody_listens)
    async with db.transaction() as tx:
        await tenants.add_tenant(tx, "Canary of every test")
    await pool.close()


@pytest.fixture
async def database(engines: Engines, template: str) -> AsyncIterator[PostgresAddress]:
    import asyncpg

    name = f"test_{next(NUMBERS)}"
    admin = await asyncpg.connect(_named(engines.postgres.admin_dsn, "postgres"))
    try:
        await admin.execute(_copy(name, template))
        yield replace(
            engines.postgres,
            owner_dsn=_named(engines.postgres.owner_dsn, name),
            app_dsn=_named(engines.postgres.app_dsn, name),
            admin_dsn=_named(engines.postgres.admin_dsn, name),
        )
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await admin.close()


@pytest.fixture
async def db(database: PostgresAddress) -> AsyncIterator[Database]:
    from cranny.core.clock import SystemClock
    from cranny.core.ids import TimeIds
    from cranny.core.rng import SeededRng
    from cranny.platform.db import Database, open_pool

    async def nobody_listens(_: str) -> None:
        pass

    pool = await open_pool(database.app_dsn, size=4)
    rng = SeededRng(0)
    yield Database(pool, clock=SystemClock(), ids=TimeIds(SystemClock(), rng), rng=rng, poke=nobody_listens)
    await pool.close()


def _copy(name: str, source: str) -> str:
    return f"CREATE DATABASE {name} TEMPLATE {source} OWNER cranny_owner STRATEGY file_copy"


def _gather(path: Path) -> None:
    from tests import canaries

    canaries.gather(path)


def _named(dsn: str | None, database: str) -> str:
    assert dsn is not None
    return dsn.replace("/cranny?", f"/{database}?")


def _reachable_directory() -> Path:
    roomy = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM_NEEDED and os.access(MEMORY, os.W_OK)
    path = Path(tempfile.mkdtemp(prefix="cranny-test-", dir=MEMORY if roomy else None))
    path.chmod(0o711)
    return path
