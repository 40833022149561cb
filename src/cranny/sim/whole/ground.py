"""The databases of simulated lives: each a copy of one that was migrated once, in a PostgreSQL of their own."""

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from cranny.platform import engines
from cranny.platform.engines import PostgresAddress
from cranny.platform.migrate import upgrade
from cranny.sim.whole.outside import Outside

TEMPLATE: Final = "virtual"
MEMORY: Final = Path("/dev/shm")  # noqa: S108 - a copy of a database takes 12 ms there, 180 ms on a disk
ROOMY: Final = 1024**3
IN_A_HURRY: Final = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
    "shared_buffers": "64MB",
}
"""No life outlives its process. Nothing happens in the background, so that the same statements find the same rows in
the same order."""

VIRTUAL_TIME: Final = """
CREATE SCHEMA virtual;
CREATE FUNCTION virtual.now() RETURNS timestamptz LANGUAGE sql STABLE
    AS $$ SELECT current_setting('cranny.now')::timestamptz $$;
GRANT USAGE ON SCHEMA virtual TO PUBLIC;
"""
"""The product asks PostgreSQL for the time nowhere; the library of the job queue does, and finds this."""
BEFORE_ALL: Final = "ALTER DATABASE {name} SET search_path = virtual, pg_catalog, public"
COPY: Final = "CREATE DATABASE {name} TEMPLATE {source} OWNER {owner} STRATEGY file_copy"
DROP: Final = "DROP DATABASE IF EXISTS {name} WITH (FORCE)"


@dataclass(frozen=True, slots=True)
class Ground:
    """Where databases are made. Plain text, to be handed to other processes. The DSNs are those of the template."""

    admin_dsn: str
    app_dsn: str
    owner: str
    template: str = TEMPLATE

    def app(self, name: str) -> str:
        """The address of a database, for the server."""
        return named(self.app_dsn, name)

    def admin(self, name: str) -> str:
        """The same for whoever looks at everything."""
        return named(self.admin_dsn, name)

    async def copy(self, source: str, name: str) -> None:
        """`name` is what `source` is now, whatever it was. Nobody may be connected to `source`."""
        await self._run(DROP.format(name=name), COPY.format(name=name, source=source, owner=self.owner))
        await self._run(BEFORE_ALL.format(name=name))

    async def drop(self, *names: str) -> None:
        await self._run(*(DROP.format(name=name) for name in names))

    async def _run(self, *statements: str) -> None:
        connection = await asyncpg.connect(self.admin("postgres"))
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()


async def prepare(postgres: PostgresAddress, source: str | None = None) -> Ground:
    """The template, on a server that runs: migrated here, or a copy of the migrated database `source`."""
    ground = Ground(_needed(postgres.admin_dsn), postgres.app_dsn, urlsplit(postgres.owner_dsn).username or "")
    if source is None:
        await upgrade(postgres.owner_dsn)
    await ground.copy(source or urlsplit(postgres.owner_dsn).path[1:], TEMPLATE)
    connection = await asyncpg.connect(ground.admin(TEMPLATE))
    try:
        await connection.execute(VIRTUAL_TIME)
    finally:
        await connection.close()
    return ground


@contextmanager
def standing() -> Iterator[Ground]:
    """A PostgreSQL of our own for as long as the block runs."""
    outside = Outside()
    postgres = _postgres()
    try:
        yield outside.wait(_begin(postgres))
    finally:
        outside.wait(postgres.__aexit__(None, None, None))
        outside.close()


async def _begin(postgres: AbstractAsyncContextManager[PostgresAddress]) -> Ground:
    return await prepare(await postgres.__aenter__())


@asynccontextmanager
async def _postgres() -> AsyncIterator[PostgresAddress]:
    path = _directory()
    try:
        async with engines.postgres(path, settings=IN_A_HURRY) as postgres:
            yield postgres
    finally:
        shutil.rmtree(path, ignore_errors=True)


def _directory() -> Path:
    roomy = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOMY and os.access(MEMORY, os.W_OK)
    path = Path(tempfile.mkdtemp(prefix="cranny-sim-", dir=MEMORY if roomy else None))
    path.chmod(0o711)  # the account that engines run as under root has to get in
    return path


def named(dsn: str, database: str) -> str:
    """The same server and role, another database."""
    return urlunsplit(urlsplit(dsn)._replace(path=f"/{database}"))


def _needed(dsn: str | None) -> str:
    if dsn is None:
        raise RuntimeError("lives need a PostgreSQL whose superuser we are")
    return dsn
