"""The rows of lists, and the statements that follow one: each does it for everybody at once."""

from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec


class ListRow(msgspec.Struct, frozen=True):
    """`followed` is when the list of this name was followed last, and `by` whom."""

    tenant: UUID
    name: str
    followed: datetime
    by: str


class EntryRow(msgspec.Struct, frozen=True):
    """Somebody in a list. `key` is their external id there or, where it gives none, the key of their address; `until`
    when they will be in it no longer."""

    tenant: UUID
    list: str
    key: str
    person: UUID
    unit: str
    until: datetime | None

    def __repr__(self) -> str:
        """Nothing personal, wherever it is printed."""
        return f"EntryRow({self.list}, {self.person})"


TABLES: Final[dict[str, type[msgspec.Struct]]] = {"people_lists": ListRow, "people_list_entries": EntryRow}

# One who follows a list waits for whoever is at it.
TAKE_LIST: Final = """
INSERT INTO people_lists (tenant, name, followed, by) VALUES ($1, $2, $3, $4)
ON CONFLICT (tenant, name) DO UPDATE SET followed = excluded.followed, by = excluded.by
"""
LOCK_LIST: Final = "SELECT name FROM people_lists WHERE tenant = $1 AND name = $2 FOR UPDATE"
ENTRIES: Final = "SELECT * FROM people_list_entries WHERE tenant = $1 AND list = $2 ORDER BY key"
LISTS: Final = """
SELECT l.name, l.followed, l.by, (
    SELECT count(*) FROM people_list_entries e WHERE e.tenant = l.tenant AND e.list = l.name
) AS people
FROM people_lists l WHERE l.tenant = $1 ORDER BY l.name
"""
DUE: Final = "SELECT DISTINCT list FROM people_list_entries WHERE tenant = $1 AND until <= $2 ORDER BY list"
PERSONS: Final = """
SELECT tenant, id, name, email, phone, language, email_key, phone_key, created FROM persons
WHERE tenant = $1 AND (id = ANY ($2::uuid[]) OR email_key = ANY ($3::text[]) OR phone_key = ANY ($4::text[]))
ORDER BY id
"""
# Those of them who are to be changed stay as they were read until it is done.
LOCK_PERSONS: Final = "SELECT id FROM persons WHERE tenant = $1 AND id = ANY ($2::uuid[]) ORDER BY id FOR NO KEY UPDATE"
MEMBERSHIPS: Final = "SELECT * FROM memberships WHERE tenant = $1 AND person = ANY ($2::uuid[]) ORDER BY id"
ADD_PERSONS: Final = """
INSERT INTO persons (tenant, id, name, email, phone, language, email_key, phone_key, created)
SELECT $1, p.id, p.name, p.email, p.phone, p.language, p.email_key, p.phone_key, $2
FROM unnest($3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[])
    AS p (id, name, email, phone, language, email_key, phone_key)
"""
CHANGE_PERSONS: Final = """
UPDATE persons SET name = p.name, email = p.email, phone = p.phone, language = p.language, email_key = p.email_key,
    phone_key = p.phone_key
FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[])
    AS p (id, name, email, phone, language, email_key, phone_key)
WHERE persons.tenant = $1 AND persons.id = p.id
"""
KEEP_ENTRIES: Final = """
INSERT INTO people_list_entries (tenant, list, key, person, unit, until)
SELECT $1, $2, e.key, e.person, e.unit, e.until
FROM unnest($3::text[], $4::uuid[], $5::text[], $6::timestamptz[]) AS e (key, person, unit, until)
ON CONFLICT (tenant, list, key) DO UPDATE SET person = excluded.person, unit = excluded.unit, until = excluded.until
"""
DROP_ENTRIES: Final = "DELETE FROM people_list_entries WHERE tenant = $1 AND list = $2 AND key = ANY ($3::text[])"
GIVE: Final = """
INSERT INTO memberships (tenant, id, person, role, site, created, by, source)
SELECT $1, m.id, m.person, m.role, m.site, $2, $3, $4
FROM unnest($5::uuid[], $6::uuid[], $7::text[], $8::uuid[]) AS m (id, person, role, site)
ON CONFLICT ON CONSTRAINT memberships_once DO NOTHING
"""
TAKE: Final = "DELETE FROM memberships WHERE tenant = $1 AND id = ANY ($2::uuid[])"
PLACES: Final = "SELECT id, name FROM sites WHERE tenant = $1"
