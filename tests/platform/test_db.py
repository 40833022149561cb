"""The only commit in the house."""

import asyncio
from uuid import UUID

import asyncpg
import pytest

from cranny.core.errors import Invalid
from cranny.platform import db, tenants
from cranny.platform.db import Database, DatabaseAway, GaveWay, Tx, close_pool, open_pool
from cranny.platform.engines import PostgresAddress
from tests.platform.conftest import Pokes

COUNT = "SELECT count(*) FROM api_keys"


async def add(tx: Tx, label: str) -> None:
    await tenants.add_key(tx, label=label)


async def labels(db: Database, tenant: UUID) -> list[str]:
    async with db.transaction(tenant) as tx:
        return [row.label for row in await tenants.list_keys(tx)]


async def test_what_fails_in_an_attempt_is_undone_and_the_rest_stays(wide: Database, tenant: UUID) -> None:
    async def fail(tx: Tx) -> None:
        async with tx.attempt():
            await add(tx, "outer")
            async with tx.attempt():
                await add(tx, "inner, kept by the outer only")
            raise ZeroDivisionError

    async with wide.transaction(tenant) as tx:
        await add(tx, "before")
        with pytest.raises(ZeroDivisionError):
            await fail(tx)
        with pytest.raises(asyncpg.DivisionByZeroError):
            async with tx.attempt():
                await tx.value("SELECT 1 / 0")
        async with tx.attempt():
            await add(tx, "after")
    assert await labels(wide, tenant) == ["first", "before", "after"]


async def test_a_commit_that_is_none_is_told_of(wide: Database, tenant: UUID) -> None:
    async def pass_over() -> None:
        async with wide.transaction(tenant) as tx:
            await add(tx, "lost")
            with pytest.raises(asyncpg.DivisionByZeroError):
                await tx.value("SELECT 1 / 0")

    with pytest.raises(RuntimeError, match="nothing was committed"):
        await pass_over()
    assert await labels(wide, tenant) == ["first"]


@pytest.mark.parametrize("sql", ["SELECT $1::text", "SELECT $1::jsonb"])
async def test_a_character_that_the_database_can_t_hold_is_the_sender_s_mistake(
    wide: Database, tenant: UUID, sql: str
) -> None:
    async def say() -> None:
        async with wide.transaction(tenant) as tx:
            await add(tx, "lost")
            await tx.value(sql, "a\x00b")

    with pytest.raises(Invalid) as caught:
        await say()
    assert caught.value.code == "text-invalid"
    assert await labels(wide, tenant) == ["first"]


async def test_nobody_gets_the_tenant_of_the_last_one(wide: Database, tenant: UUID) -> None:
    async def fail(tx: Tx) -> None:
        await add(tx, "lost")
        await tx.value("SELECT 1 / 0")

    for _ in range(40):
        async with wide.transaction(tenant) as tx:
            assert await tx.value(COUNT) == 1
        with pytest.raises(asyncpg.PostgresError):
            await wide.pool.fetchval(COUNT)
        with pytest.raises(asyncpg.DivisionByZeroError):
            async with wide.transaction(tenant) as tx:
                await fail(tx)
        with pytest.raises(asyncpg.PostgresError):
            await wide.pool.fetchval(COUNT)


async def test_who_is_cancelled_leaves_a_clean_connection(wide: Database, tenant: UUID) -> None:
    async def hang(statement: str) -> None:
        async with wide.transaction(tenant) as tx:
            await add(tx, "lost")
            await tx.run(statement)
            await asyncio.sleep(60)

    for statement in ("SELECT pg_sleep(60)", "SELECT 1"):
        tasks = [asyncio.create_task(hang(statement)) for _ in range(16)]
        await asyncio.sleep(0.2)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    assert await labels(wide, tenant) == ["first"]
    for _ in range(32):
        with pytest.raises(asyncpg.PostgresError):
            await wide.pool.fetchval(COUNT)


async def test_a_broken_connection_is_replaced(wide: Database, tenant: UUID) -> None:
    async def break_down() -> None:
        async with wide.transaction(tenant) as tx:
            await add(tx, "lost")
            await tx.run("SELECT pg_terminate_backend(pg_backend_pid())")

    for _ in range(4):
        with pytest.raises(DatabaseAway) as told:
            await break_down()
        assert told.value.retry
    assert await labels(wide, tenant) == ["first"]


async def test_pokes_follow_the_commit(wide: Database, tenant: UUID, pokes: Pokes) -> None:
    pokes.heard.clear()
    async with wide.transaction(tenant) as tx:
        tx.poke("cranny.a")
        tx.poke("cranny.b")
        tx.poke("cranny.a")
        assert pokes.heard == []
    assert pokes.heard == ["cranny.a", "cranny.b"]


async def test_a_transaction_without_a_tenant_says_so(wide: Database) -> None:
    async with wide.transaction() as tx:
        with pytest.raises(RuntimeError, match="no tenant"):
            _ = tx.tenant


async def test_who_gives_way_in_a_deadlock_is_told_to_try_again(wide: Database, tenant: UUID) -> None:
    """Two transactions lock two things in opposite orders: PostgreSQL ends one, the other commits."""
    both_hold = asyncio.Barrier(2)

    async def lock(first: int, second: int) -> str:
        try:
            async with wide.transaction(tenant) as tx:
                await tx.run("SELECT pg_advisory_xact_lock($1)", first)
                await both_hold.wait()
                await tx.run("SELECT pg_advisory_xact_lock($1)", second)
        except GaveWay as error:
            return "gave way" if error.retry else "lost"
        return "done"

    assert sorted(await asyncio.gather(lock(1, 2), lock(2, 1))) == ["done", "gave way"]


@pytest.mark.parametrize("statement", ["SELECT pg_sleep(60)", "SELECT 1"])
async def test_who_is_cancelled_as_the_database_goes_away_is_cancelled(
    wide: Database, tenant: UUID, database: PostgresAddress, statement: str
) -> None:
    """A process that is told to end together with its engines has to end."""
    pids: list[int] = []
    ready = asyncio.Barrier(13)

    async def hang() -> None:
        async with wide.transaction(tenant) as tx:
            pids.append(await tx.value("SELECT pg_backend_pid()"))
            await ready.wait()
            await tx.run(statement)
            await asyncio.sleep(60)

    admin = await asyncpg.connect(database.admin_dsn)
    tasks = [asyncio.create_task(hang()) for _ in range(12)]
    await ready.wait()
    await asyncio.sleep(0.1)
    ending = asyncio.create_task(
        admin.execute("SELECT pg_terminate_backend(pid) FROM unnest($1::int[]) AS g (pid)", pids)
    )
    await asyncio.sleep(0)
    for task in tasks:
        task.cancel()
    await asyncio.gather(ending, *tasks, return_exceptions=True)
    await admin.close()
    assert all(task.cancelled() for task in tasks)


async def test_a_connection_that_never_comes_back_holds_nobody_up(
    database: PostgresAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db, "CLOSE_WITHIN_S", 0.05)
    pool = await open_pool(database.app_dsn, size=1)
    kept = await pool.acquire()
    await close_pool(pool)
    with pytest.raises(asyncpg.InterfaceError):
        await kept.fetchval("SELECT 1")
