"""Migrations: every feature's folder is a branch; together they bring an empty database up, twice the same."""

import asyncio

import asyncpg
import pytest

from cranny.platform import migrate, revisions
from cranny.platform.engines import PostgresAddress


async def test_every_revision_is_held_and_a_second_run_changes_nothing(database: PostgresAddress) -> None:
    assert await migrate.current(database.owner_dsn) == revisions.known()
    await migrate.upgrade(database.owner_dsn)
    assert await migrate.current(database.owner_dsn) == revisions.known()


async def test_processes_that_start_together_wait_for_each_other(database: PostgresAddress) -> None:
    await asyncio.gather(*(migrate.upgrade(database.owner_dsn) for _ in range(3)))


async def test_a_feature_is_taken_out_and_comes_back(database: PostgresAddress) -> None:
    """Its rows stay; the others go on being upgraded, whoever of them depended on whom."""
    for kept in (["platform"], ["platform", "sites", "people"]):
        only = [folder for folder in revisions.folders() if folder.parent.name in kept]
        await migrate.upgrade(database.owner_dsn, only=only)
        assert await migrate.current(database.owner_dsn) == revisions.known()
    await migrate.upgrade(database.owner_dsn)
    owner = await asyncpg.connect(database.owner_dsn)
    assert await owner.fetchval("SELECT count(*) FROM pg_tables WHERE tablename = 'deliveries'") == 1
    await owner.close()


async def test_a_failed_upgrade_leaves_nothing_behind(database: PostgresAddress) -> None:
    owner = await asyncpg.connect(database.owner_dsn)
    await owner.execute("DROP OWNED BY cranny_owner")
    await owner.execute("CREATE SCHEMA IF NOT EXISTS public")
    await owner.execute("CREATE TABLE idempotency (in_the_way boolean)")
    with pytest.raises(asyncpg.DuplicateTableError):
        await migrate.upgrade(database.owner_dsn)
    left = await owner.fetch("SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'")
    assert [row["name"] for row in left] == ["idempotency"]
    await owner.execute("DROP TABLE idempotency")
    await migrate.upgrade(database.owner_dsn)
    assert await migrate.current(database.owner_dsn) == revisions.known()
    await owner.close()


def test_every_feature_brings_its_own_folder() -> None:
    names = {folder.parent.name for folder in revisions.folders()}
    assert "platform" in names
    assert len({revision.split("_")[0] for revision in revisions.known()}) == len(names)
