"""Every table is what the code thinks it is, every statement is one that the database understands, and no
table lets one tenant see another's rows."""

import importlib
import pkgutil
import re
import types
import typing
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from types import ModuleType
from uuid import UUID

import asyncpg
import msgspec
import pytest

import cranny
from cranny.platform import events, tenants
from cranny.platform.db import Database, UnsafeRole, open_pool, refuse_unsafe_role
from cranny.platform.engines import PostgresAddress
from cranny.platform.tables import EXEMPT

STATEMENT = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b")
TYPES: dict[type, set[str]] = {
    UUID: {"uuid"},
    str: {"text"},
    int: {"bigint", "integer", "smallint"},
    float: {"double precision", "real"},
    bool: {"boolean"},
    bytes: {"bytea"},
    datetime: {"timestamp with time zone"},
    date: {"date"},
    time: {"time without time zone"},
    timedelta: {"interval"},
    Decimal: {"numeric"},
}


def modules() -> Iterator[ModuleType]:
    """The platform's own, and every feature's `tables.py`."""
    for found in pkgutil.walk_packages(cranny.__path__, "cranny."):
        if found.name.endswith(".tables") or re.fullmatch(r"cranny\.platform\.[a-z_]+", found.name):
            yield importlib.import_module(found.name)


def statements() -> dict[str, str]:
    found = {f"move {name}": sql for name, sql in events.move_statements().items()}
    for module in modules():
        for name, value in vars(module).items():
            if re.fullmatch(r"[A-Z][A-Z0-9_]*", name) and isinstance(value, str) and STATEMENT.match(value):
                found[f"{module.__name__}.{name}"] = value
    return found


def tables() -> dict[str, type[msgspec.Struct]]:
    return {name: row for module in modules() for name, row in getattr(module, "TABLES", {}).items()}


def fits(annotation: object, data_type: str) -> bool:
    if data_type == "jsonb":
        return True
    if data_type == "ARRAY":
        return typing.get_origin(annotation) in (list, tuple, frozenset)
    if typing.get_origin(annotation) is typing.Literal:
        return data_type == "text"
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return data_type == "text"
    return isinstance(annotation, type) and data_type in TYPES.get(annotation, set())


def without_none(annotation: object) -> tuple[object, bool]:
    """The annotation without `| None`, and whether it had one."""
    if typing.get_origin(annotation) not in (types.UnionType, typing.Union):
        return annotation, False
    kept = [arg for arg in typing.get_args(annotation) if arg is not type(None)]
    return kept[0] if len(kept) == 1 else annotation, len(kept) < len(typing.get_args(annotation))


async def test_every_statement_is_understood(db: Database) -> None:
    wrong = {}
    async with db.pool.acquire() as connection:
        for name, sql in statements().items():
            try:
                await connection.prepare(sql)
            except asyncpg.PostgresError as error:
                wrong[name] = str(error)
    assert wrong == {}


async def test_every_row_has_the_columns_of_its_table(db: Database) -> None:
    wrong = []
    for table, row in tables().items():
        columns = await db.pool.fetch(
            """
            SELECT column_name AS name, data_type AS type, is_nullable = 'YES' AS nullable
            FROM information_schema.columns WHERE table_schema = 'public' AND table_name = $1
            ORDER BY ordinal_position
            """,
            table,
        )
        hints = typing.get_type_hints(row)
        if list(row.__struct_fields__) != [column["name"] for column in columns]:
            wrong.append(f"{table}: {row.__struct_fields__} is not {[c['name'] for c in columns]}")
            continue
        for column in columns:
            kind, optional = without_none(hints[column["name"]])
            if optional != column["nullable"] or not fits(kind, column["type"]):
                wrong.append(f"{table}.{column['name']}: {hints[column['name']]} is not {dict(column)}")
    assert wrong == []


async def test_every_table_is_listed(database: PostgresAddress) -> None:
    owner = await asyncpg.connect(database.owner_dsn)
    held = await owner.fetch("SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'")
    await owner.close()
    assert {row["name"] for row in held} - EXEMPT - set(tables()) == set()


async def test_every_table_has_its_wall(database: PostgresAddress) -> None:
    """Forced row-level security with the one policy, a key that starts with the tenant, no owner but the owner."""
    owner = await asyncpg.connect(database.owner_dsn)
    rows = await owner.fetch(
        """
        SELECT c.relname AS name, c.relrowsecurity AND c.relforcerowsecurity AS forced,
            (SELECT array_agg(pg_get_expr(p.polqual, p.polrelid) || ' / ' || pg_get_expr(p.polwithcheck, p.polrelid))
             FROM pg_policy p WHERE p.polrelid = c.oid) AS policies,
            ARRAY(SELECT a.attname FROM pg_index i JOIN pg_attribute a
                ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
                WHERE i.indrelid = c.oid AND i.indisunique)::text[] AS first_of_unique
        FROM pg_class c WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace
        """
    )
    views = await owner.fetch(
        """
        SELECT relname FROM pg_class WHERE relkind IN ('v', 'm') AND relnamespace = 'public'::regnamespace
        AND NOT coalesce('security_invoker=true' = ANY(reloptions), false)
        """
    )
    await owner.close()
    own = "(tenant = (current_setting('app.tenant'::text))::uuid)"
    walled = {row["name"]: row for row in rows if row["name"] not in EXEMPT}
    assert {row["name"] for row in rows} >= EXEMPT
    assert {name for name, row in walled.items() if not row["forced"]} == set()
    assert {name for name, row in walled.items() if row["policies"] != [f"{own} / {own}"]} == set()
    assert {name for name, row in walled.items() if set(row["first_of_unique"]) != {"tenant"}} == set()
    assert views == [], "a view of the owner's sees everything"


async def test_a_canary_in_every_table_is_seen_by_nobody_else(database: PostgresAddress, wide: Database) -> None:
    """Plant a row of another tenant in every table, and look as the application role."""
    async with wide.transaction() as tx:
        mine, _ = await tenants.add_tenant(tx, "Mine")
        canary, _ = await tenants.add_tenant(tx, "Canary")
    planted = await plant(database, canary.tenant)
    assert planted >= set(tables()) - EXEMPT
    async with wide.transaction(mine.tenant) as tx:
        for table in planted:
            leaked = await tx.value(f'SELECT count(*) FROM "{table}" WHERE tenant <> $1', mine.tenant)  # noqa: S608
            assert leaked == 0, table
    async with wide.transaction(canary.tenant) as tx:
        for table in planted:
            assert await tx.value(f'SELECT count(*) FROM "{table}"') >= 1, table  # noqa: S608


async def plant(database: PostgresAddress, tenant: UUID) -> set[str]:
    """A row of `tenant` in every table that has none yet, whatever the other columns say. Returns the tables."""
    assert database.admin_dsn is not None
    superuser = await asyncpg.connect(database.admin_dsn)
    # No foreign keys and no checks in this session: the canary only has to be there.
    await superuser.execute("SET session_replication_role = replica")
    names = await superuser.fetch("SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'")
    planted = {row["name"] for row in names} - EXEMPT
    for table in planted:
        checks = await superuser.fetch(
            "SELECT conname AS name FROM pg_constraint WHERE contype = 'c' AND conrelid = $1::text::regclass", table
        )
        for check in checks:
            await superuser.execute(f'ALTER TABLE "{table}" DROP CONSTRAINT "{check["name"]}"')
        columns = await superuser.fetch(
            """
            SELECT attname AS name, format_type(atttypid, atttypmod) AS type FROM pg_attribute
            WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped
            AND attidentity = '' AND attgenerated = '' AND attname <> 'tenant'
            """,
            table,
        )
        names_, values = ['"tenant"'], ["$1"]
        for column in columns:
            names_.append(f'"{column["name"]}"')
            values.append(f"{SOMETHING[column['type'].removesuffix('[]')]}" if "[]" not in column["type"] else "'{}'")
        await superuser.execute(
            f'INSERT INTO "{table}" ({", ".join(names_)}) VALUES ({", ".join(values)}) ON CONFLICT DO NOTHING',  # noqa: S608
            tenant,
        )
    await superuser.close()
    return planted


SOMETHING = {
    "uuid": "gen_random_uuid()",
    "text": "'x'",
    "bigint": "77",
    "integer": "77",
    "smallint": "7",
    "double precision": "7",
    "real": "7",
    "numeric": "7",
    "boolean": "true",
    "bytea": "'x'",
    "jsonb": "'{}'",
    "timestamp with time zone": "now()",
    "date": "now()",
    "interval": "'1 s'",
    "time without time zone": "'10:00'",
}


async def test_an_unsafe_role_is_refused_at_start_up(database: PostgresAddress) -> None:
    assert database.admin_dsn is not None
    for dsn, why in ((database.admin_dsn, "superuser"), (database.owner_dsn, "owns tables")):
        pool = await open_pool(dsn, size=1)
        with pytest.raises(UnsafeRole, match=why):
            await refuse_unsafe_role(pool)
        await pool.close()
    pool = await open_pool(database.app_dsn, size=1)
    await refuse_unsafe_role(pool)
    await pool.close()
