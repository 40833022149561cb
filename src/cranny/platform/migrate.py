"""Migrations: every feature has a folder `migrations/` of its own, which is a branch of the one history.

The folders are found by listing, so that a feature can be taken out by deleting its folder. Everything runs in
one transaction as the owner of the tables; processes that start together wait for each other.
SQLAlchemy and Alembic are imported here and nowhere at run time.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import to_tuple
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from cranny.platform.fitness import HELD, reached, require_fit
from cranny.platform.revisions import PACKAGE, folders

ONE_AT_A_TIME: Final = "SELECT pg_advisory_xact_lock(hashtext('cranny.migrate'))"

# Alembic notes tips only, and loses those that another branch depends on: if that branch's folder is taken out
# nobody would know any more what is there. So what was run is kept here, and Alembic's own note made from it.
MAKE_HELD: Final = "CREATE TABLE IF NOT EXISTS migrations (revision text PRIMARY KEY)"
SHOW_HELD: Final = "GRANT SELECT ON migrations TO cranny_app"
HOLD: Final = "INSERT INTO migrations (revision) VALUES ($1) ON CONFLICT DO NOTHING"
UNSTAMP: Final = "DELETE FROM alembic_version"
STAMP: Final = "INSERT INTO alembic_version (version_num) VALUES ($1)"


async def upgrade(owner_dsn: str, *, only: Sequence[Path] | None = None) -> frozenset[str]:
    """Bring the database up to the newest revision of every feature (of the folders in `only`, where given).
    Does nothing when it already is. Returns the revisions that were new. Tables of a feature that has been taken out
    stay as they are. Raises what `fitness` raises when the database can't be worked with."""
    config = _config(folders() if only is None else only)
    script = ScriptDirectory.from_config(config)
    new: set[str] = set()

    def run(connection: Connection) -> None:
        connection.exec_driver_sql(ONE_AT_A_TIME)
        connection.exec_driver_sql(MAKE_HELD)
        connection.exec_driver_sql(SHOW_HELD)
        here = {revision.revision for revision in script.walk_revisions()}
        new.update(here.difference(connection.exec_driver_sql(HELD).scalars()))
        if held := here.intersection(connection.exec_driver_sql(HELD).scalars()):
            connection.exec_driver_sql(UNSTAMP)
            for tip in _tips(script, held):
                connection.exec_driver_sql(STAMP, (tip,))
        config.attributes["connection"] = connection
        command.upgrade(config, "heads")
        for revision in sorted(here):
            connection.exec_driver_sql(HOLD, (revision,))

    await _require_fit(owner_dsn)
    await _with_connection(owner_dsn, run)
    return frozenset(new)


async def current(owner_dsn: str) -> frozenset[str]:
    """Every revision that the database holds, of features that have been taken out too."""
    held: set[str] = set()

    def run(connection: Connection) -> None:
        connection.exec_driver_sql(MAKE_HELD)
        held.update(connection.exec_driver_sql(HELD).scalars())

    await _with_connection(owner_dsn, run)
    return frozenset(held)


async def _require_fit(owner_dsn: str) -> None:
    with reached("CRANNY_DATABASE_OWNER_URL"):
        connection = await asyncpg.connect(owner_dsn)
        try:
            await require_fit(connection, owner=True)
        finally:
            await connection.close()


def _tips(script: ScriptDirectory, held: set[str]) -> set[str]:
    """Those of `held` that nothing else in it follows or depends on: the only ones that Alembic notes."""
    below: set[str] = set()
    for name in held:
        for revision in script.get_revisions(name):
            for lower in (*to_tuple(revision.down_revision, ()), *to_tuple(revision.dependencies, ())):
                below.update(found.revision for found in script.get_revisions(lower))
    return held - below


def _config(places: Sequence[Path]) -> Config:
    config = Config()
    config.set_main_option("script_location", str(PACKAGE / "platform" / "alembic"))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", "\n".join(map(str, places)))
    return config


async def _with_connection(dsn: str, work: Callable[[Connection], None]) -> None:
    # Our own connect: it takes PostgreSQL's DSN as it is, unix sockets included.
    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(dsn), poolclass=NullPool
    )
    try:
        async with engine.begin() as connection:
            await connection.run_sync(work)
    finally:
        await engine.dispose()
