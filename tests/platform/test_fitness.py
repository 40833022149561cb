"""A database that was made by somebody else: whatever is wrong with it is one sentence that says what to do."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from cranny.core.errors import CrannyError
from cranny.platform import fitness, migrate, revisions
from cranny.platform.db import DatabaseAway
from cranny.platform.engines import PostgresAddress
from cranny.platform.fitness import SchemaBehind, Unfit, look_at, require_fit

SETTING = "CRANNY_DATABASE_URL"


@pytest.fixture
async def app(database: PostgresAddress) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database.app_dsn)
    yield connection
    await connection.close()


@pytest.fixture
async def owner(database: PostgresAddress) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database.owner_dsn)
    yield connection
    await connection.close()


async def said(dsn: str) -> CrannyError:
    with pytest.raises(CrannyError) as caught:
        await look_at(dsn, SETTING)
    return caught.value


async def test_one_that_was_upgraded_can_be_worked_with(database: PostgresAddress) -> None:
    await look_at(database.app_dsn, SETTING)


async def test_an_old_server_is_refused(
    app: asyncpg.Connection, database: PostgresAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ours is as new as they come: so the demand is raised instead."""
    monkeypatch.setattr(fitness, "OLDEST", 99)
    version = await app.fetchval("SHOW server_version")
    error = await said(database.app_dsn)
    assert (error.code, error.retry) == ("database-version", False)
    assert error.detail.startswith(f"This is PostgreSQL {version}, and Cranny needs 99 or newer")
    with pytest.raises(Unfit, match="99 or newer"):
        await migrate.upgrade(database.owner_dsn)


async def test_tables_of_an_older_program_are_told(owner: asyncpg.Connection, database: PostgresAddress) -> None:
    await owner.execute("DELETE FROM migrations WHERE revision = 'platform_0001'")
    error = await said(database.app_dsn)
    assert isinstance(error, SchemaBehind)
    assert error.detail.startswith("The database lacks the revision platform_0001 of this program: run `cranny db up")
    await owner.execute("DROP TABLE migrations")
    error = await said(database.app_dsn)
    assert (error.code, error.retry) == ("schema-behind", True)
    assert f"lacks {len(revisions.known())} revisions" in error.detail


async def test_tables_of_a_newer_program_are_none_of_our_business(
    owner: asyncpg.Connection, database: PostgresAddress
) -> None:
    await owner.execute("INSERT INTO migrations VALUES ('loans_0001')")
    await look_at(database.app_dsn, SETTING)


async def test_an_upgrade_lets_the_processes_look(owner: asyncpg.Connection, database: PostgresAddress) -> None:
    await owner.execute("REVOKE SELECT ON migrations FROM cranny_app")
    assert (await said(database.app_dsn)).code == "schema-behind"
    await migrate.upgrade(database.owner_dsn)
    await look_at(database.app_dsn, SETTING)


@pytest.mark.parametrize(
    ("before", "after", "code"),
    [
        ("cranny_app:", "nobody_we_know:", "database-login"),
        ("/test_", "/no_such_", "database-missing"),
        ("postgresql://", "https://", "settings-invalid"),
        ("port=", "port=x", "settings-invalid"),
    ],
)
async def test_a_wrong_address_says_what_is_wrong(
    database: PostgresAddress, before: str, after: str, code: str
) -> None:
    error = await said(database.app_dsn.replace(before, after))
    assert (error.code, SETTING in error.detail) == (code, True)


async def test_a_wrong_password_is_not_shown(database: PostgresAddress) -> None:
    user, _, place = database.app_dsn.rpartition("@")
    error = await said(f"{user[:-3]}xyz@{place}")
    assert error.code == "database-login"
    assert "xyz" not in error.detail


async def test_nobody_there_may_be_tried_again() -> None:
    error = await said("postgresql://cranny_app:secret@127.0.0.1:1/cranny")
    assert isinstance(error, DatabaseAway)
    assert error.retry
    assert "secret" not in error.detail


async def test_who_owns_nothing_can_upgrade_nothing(app: asyncpg.Connection, database: PostgresAddress) -> None:
    with pytest.raises(Unfit, match="cranny_app may make no tables in test_"):
        await migrate.upgrade(database.app_dsn)


async def test_the_role_of_the_processes_has_to_be_there(
    owner: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fitness, "APP_ROLE", "cranny_nobody_made")
    with pytest.raises(Unfit, match="no role cranny_nobody_made"):
        await require_fit(owner, owner=True)


async def test_a_stranger_to_the_tables_is_told_whom_to_be(database: PostgresAddress) -> None:
    assert database.admin_dsn is not None
    admin = await asyncpg.connect(database.admin_dsn)
    await admin.execute("CREATE ROLE passer_by LOGIN PASSWORD 'x'")
    try:
        start, _, place = database.app_dsn.partition("cranny_app:")
        error = await said(f"{start}passer_by:x@{place.partition('@')[2]}")
        assert (error.code, "connect as cranny_app" in error.detail) == ("database-role", True)
    finally:
        await admin.execute("DROP ROLE passer_by")
        await admin.close()


async def test_an_encoding_that_can_not_hold_every_name_is_refused(database: PostgresAddress) -> None:
    assert database.admin_dsn is not None
    admin = await asyncpg.connect(database.admin_dsn)
    name = await admin.fetchval("SELECT current_database()")
    await admin.execute("CREATE DATABASE old_letters ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    try:
        error = await said(database.app_dsn.replace(f"/{name}?", "/old_letters?"))
        assert (error.code, "LATIN1" in error.detail) == ("database-encoding", True)
    finally:
        await admin.execute("DROP DATABASE old_letters WITH (FORCE)")
        await admin.close()


def test_what_is_known_without_alembic_is_what_alembic_knows() -> None:
    script = migrate.ScriptDirectory.from_config(migrate._config(revisions.folders()))
    assert revisions.known() == {revision.revision for revision in script.walk_revisions()}
