"""Migrations: every feature's folder is a branch; together they bring an empty database up, twice the same."""

import asyncio

from cranny.platform import migrate
from cranny.platform.engines import PostgresAddress


async def test_every_revision_is_held_and_a_second_run_changes_nothing(database: PostgresAddress) -> None:
    assert await migrate.current(database.owner_dsn) == migrate.known()
    await migrate.upgrade(database.owner_dsn)
    assert await migrate.current(database.owner_dsn) == migrate.known()


async def test_processes_that_start_together_wait_for_each_other(database: PostgresAddress) -> None:
    await asyncio.gather(*(migrate.upgrade(database.owner_dsn) for _ in range(3)))


def test_every_feature_brings_its_own_folder() -> None:
    names = {folder.parent.name for folder in migrate.folders()}
    assert "platform" in names
    assert len({revision.split("_")[0] for revision in migrate.known()}) == len(names)
