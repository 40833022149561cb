"""I10: nothing points over the wall between tenants.

Where a foreign key holds tenant and id together PostgreSQL holds the wall itself. What is left are ids without one, in
columns and in lists, and the directory, which no wall parts. The catalogue says which they are, so a new table is
looked at from its first day. An id that is nobody's (what it named was forgotten) is no violation; one that is another
tenant's is.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from cranny.platform import tenants
from cranny.platform.db import Database, Tx
from cranny.platform.violation import Violation

COLUMNS: Final = """
SELECT quote_ident(c.relname) AS home, quote_ident(a.attname) AS name, a.atttypid = 'uuid[]'::regtype AS many,
       EXISTS (
           SELECT FROM pg_constraint k
           WHERE k.conrelid = c.oid AND k.contype = 'f' AND a.attnum = ANY (k.conkey) AND t.attnum = ANY (k.conkey)
       ) AS held
FROM pg_class c
JOIN pg_attribute t ON t.attrelid = c.oid AND t.attname = 'tenant' AND NOT t.attisdropped
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attname <> 'tenant'
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
  AND a.atttypid IN ('uuid'::regtype, 'uuid[]'::regtype)
ORDER BY home, name
"""
_NAMED: Final = "SELECT DISTINCT {name} AS ref FROM {home} WHERE tenant = $1 AND {name} IS NOT NULL"
_LISTED: Final = "SELECT DISTINCT unnest({name}) AS ref FROM {home} WHERE tenant = $1"
_STRAY: Final = "SELECT ref FROM ({refs}) AS r WHERE {nowhere}"
_NOT_IN: Final = "NOT EXISTS (SELECT FROM {home} AS h WHERE h.tenant = $1 AND h.id = r.ref)"
_OWNED: Final = "SELECT id FROM {home} WHERE tenant = $1 AND id = ANY ($2)"
LOG: Final = "events"
"""Its ids are looked at for columns that name an event only: it is as long as everything that ever happened."""
AT_ONCE: Final = 10_000


@dataclass(frozen=True, slots=True)
class Column:
    """Of ids: `home` is its table; `many`, it holds lists; `held`, a foreign key holds it to its tenant."""

    home: str
    name: str
    many: bool
    held: bool


@dataclass(frozen=True, slots=True)
class Stray:
    """An id in a row of `tenant` that is none of its own."""

    tenant: UUID
    column: Column
    ref: UUID


async def crossings(db: Database) -> list[Violation]:
    """Every reference from one tenant's rows to another's."""
    every = await tenants.every(db)
    columns = await look(db)
    strays: dict[UUID, list[Stray]] = {}
    for tenant in every:
        async with db.transaction(tenant) as tx:
            for stray in await _strays(tx, columns):
                strays.setdefault(stray.ref, []).append(stray)
    found: list[Violation] = []
    for tenant in every:
        async with db.transaction(tenant) as tx:
            found += await _owned(tx, columns, strays)
    return found


async def look(db: Database) -> list[Column]:
    """Every column of ids there is."""
    return [Column(row["home"], row["name"], row["many"], row["held"]) for row in await db.pool.fetch(COLUMNS)]


def _homes(columns: Sequence[Column]) -> Iterator[str]:
    """The tables whose rows can be named."""
    return (column.home for column in columns if column.name == "id")


def _finding(column: Column, homes: Sequence[str]) -> str:
    """The statement for strays of a column. Names are the catalogue's own, quoted by PostgreSQL."""
    near = [home for home in homes if home != LOG or column.name == "event"]
    refs = (_LISTED if column.many else _NAMED).format(home=column.home, name=column.name)
    return _STRAY.format(refs=refs, nowhere=" AND ".join(_NOT_IN.format(home=home) for home in near))


async def _strays(tx: Tx, columns: Sequence[Column]) -> list[Stray]:
    homes, found = list(_homes(columns)), []
    for column in columns:
        if column.name != "id" and not column.held:
            statement = _finding(column, homes)
            found += [Stray(tx.tenant, column, row["ref"]) for row in await tx.all(statement, tx.tenant) if row["ref"]]
    return found


async def _owned(tx: Tx, columns: Sequence[Column], strays: Mapping[UUID, Sequence[Stray]]) -> list[Violation]:
    refs = [ref for ref, by in strays.items() if any(one.tenant != tx.tenant for one in by)]
    found: dict[Stray, Violation] = {}
    statements = {home: _OWNED.format(home=home) for home in _homes(columns)}
    for start in range(0, len(refs), AT_ONCE):
        for home, statement in statements.items():
            for row in await tx.all(statement, tx.tenant, refs[start : start + AT_ONCE]):
                over = [one for one in strays[row["id"]] if one.tenant != tx.tenant]
                found = {one: _crossing(one, home, tx.tenant) for one in over} | found
    return list(found.values())


def _crossing(stray: Stray, home: str, owner: UUID) -> Violation:
    where = f"{stray.column.home}.{stray.column.name}"
    return Violation("I10", f"{where}/{stray.ref}", f"tenant {stray.tenant} names what is of tenant {owner} in {home}")
