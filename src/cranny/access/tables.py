"""The rows of access, and every statement on them. Private to this feature."""

from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from cranny.access.lifecycle import GRANT, Grant
from cranny.platform import events
from cranny.wire.kinds import Purpose

events.register(GRANT, table="grants", subject="grants")


class GrantRow(msgspec.Struct, frozen=True):
    """`subject` is what it gives a right to (`deliveries/<id>`); a deposit grant has no `locator`."""

    tenant: UUID
    id: UUID
    bank: UUID
    purpose: Purpose
    subject: str
    state: Grant
    locator: int | None
    door: str | None
    generation: int | None
    verified_at: datetime | None
    code_off: bool
    created: datetime
    ended: datetime | None


class LocatorRow(msgspec.Struct, frozen=True):
    tenant: UUID
    bank: UUID
    locator: int
    shuffle: int
    rested_at: datetime | None
    grant_id: UUID | None


class SecretRow(msgspec.Struct, frozen=True):
    """Both sealed."""

    tenant: UUID
    grant_id: UUID
    code: bytes
    qr: bytes


class BadgeRow(msgspec.Struct, frozen=True):
    """Sealed."""

    tenant: UUID
    grant_id: UUID
    badge: bytes


TABLES: Final = {"grants": GrantRow, "locators": LocatorRow, "grant_secrets": SecretRow, "grant_badges": BadgeRow}

ISSUE: Final = """
WITH wanted AS (
    SELECT w.*, CASE WHEN w.code IS NOT NULL THEN count(w.code) OVER (ORDER BY w.n) END AS place
    FROM unnest($4::uuid[], $5::text[], $6::text[], $7::text[], $8::bigint[], $9::text[], $10::bytea[], $11::bytea[])
         WITH ORDINALITY AS w (id, purpose, subject, door, generation, state, code, qr, n)
),
free AS (
    SELECT f.locator, row_number() OVER (ORDER BY f.rested_at NULLS FIRST, f.shuffle) AS place
    FROM (
        SELECT locator, rested_at, shuffle FROM locators
        WHERE tenant = $1 AND bank = $2 AND grant_id IS NULL
        ORDER BY rested_at NULLS FIRST, shuffle
        LIMIT (SELECT count(code) FROM wanted)
        FOR UPDATE SKIP LOCKED
    ) AS f
),
given AS (
    SELECT wanted.*, free.locator FROM wanted LEFT JOIN free USING (place)
    WHERE (SELECT count(*) FROM free) = (SELECT count(code) FROM wanted)
),
taken AS (
    UPDATE locators SET grant_id = given.id FROM given
    WHERE locators.tenant = $1 AND locators.bank = $2 AND locators.locator = given.locator
),
kept AS (
    INSERT INTO grant_secrets (tenant, grant_id, code, qr)
    SELECT $1, id, code, qr FROM given WHERE code IS NOT NULL
)
INSERT INTO grants (tenant, id, bank, purpose, subject, state, locator, door, generation, created)
SELECT $1, id, $2, purpose, subject, state, locator, door, generation, $3 FROM given ORDER BY n
RETURNING *
"""
# All or nothing: with too few free locators no row is written, and the caller sees none returned.
# SKIP LOCKED lets two transactions at one bank take different numbers instead of waiting.

SEED: Final = """
INSERT INTO locators (tenant, bank, locator, shuffle)
SELECT $1, $2, l.locator, l.shuffle FROM unnest($3::smallint[], $4::integer[]) AS l (locator, shuffle)
ON CONFLICT DO NOTHING
"""

MINTED: Final = """
INSERT INTO grants (tenant, id, bank, purpose, subject, state, door, generation, created)
VALUES ($1, $2, $3, 'collect', $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING
"""

BIND: Final = """
UPDATE grants SET door = $4, generation = $5
WHERE tenant = $1 AND bank = $2 AND id = ANY($3::uuid[]) AND door IS NULL
"""

VERIFIED: Final = "UPDATE grants SET verified_at = coalesce(verified_at, $3) WHERE tenant = $1 AND id = $2"

CODE_OFF: Final = """
UPDATE grants SET code_off = true WHERE tenant = $1 AND bank = $2 AND id = $3 AND NOT code_off RETURNING *
"""

END: Final = """
WITH gone AS (
    UPDATE grants SET ended = $3 WHERE tenant = $1 AND id = ANY($2::uuid[]) AND ended IS NULL
    RETURNING id, bank, locator
),
rested AS (
    UPDATE locators SET grant_id = NULL, rested_at = $3 FROM gone
    WHERE locators.tenant = $1 AND locators.bank = gone.bank AND locators.locator = gone.locator
      AND locators.grant_id = gone.id
),
handed_in AS (
    DELETE FROM grant_badges USING gone WHERE grant_badges.tenant = $1 AND grant_badges.grant_id = gone.id
)
DELETE FROM grant_secrets USING gone WHERE grant_secrets.tenant = $1 AND grant_secrets.grant_id = gone.id
"""

GET: Final = "SELECT * FROM grants WHERE tenant = $1 AND id = ANY($2::uuid[])"

LOCK: Final = "SELECT * FROM grants WHERE tenant = $1 AND id = $2 FOR UPDATE"

OF_SUBJECTS: Final = """
SELECT * FROM grants WHERE tenant = $1 AND bank = $2 AND subject = ANY($3::text[]) AND purpose = $4 ORDER BY id
"""

FOR: Final = "SELECT id FROM grants WHERE tenant = $1 AND subject = ANY($2::text[]) ORDER BY id"
LIVE_AT_DOOR: Final = """
SELECT * FROM grants
WHERE tenant = $1 AND bank = $2 AND door = $3 AND generation = $4
  AND state IN ('unbound', 'ready', 'bound', 'active')
ORDER BY id
"""

KEPT: Final = "SELECT * FROM grant_secrets WHERE tenant = $1 AND grant_id = $2"

BADGE: Final = "SELECT badge FROM grant_badges WHERE tenant = $1 AND grant_id = $2"

KEEP_BADGE: Final = """
INSERT INTO grant_badges (tenant, grant_id, badge) VALUES ($1, $2, $3)
ON CONFLICT (tenant, grant_id) DO UPDATE SET badge = excluded.badge
"""

DROP_BADGE: Final = "DELETE FROM grant_badges WHERE tenant = $1 AND grant_id = $2"

AUDIT: Final = """
SELECT g.id, g.state, g.ended IS NOT NULL AS ended, g.locator, l.grant_id AS holder,
    (s.grant_id IS NOT NULL OR b.grant_id IS NOT NULL) AS secret
FROM grants AS g
LEFT JOIN grant_badges AS b ON b.tenant = g.tenant AND b.grant_id = g.id
LEFT JOIN locators AS l ON l.tenant = g.tenant AND l.bank = g.bank AND l.locator = g.locator
LEFT JOIN grant_secrets AS s ON s.tenant = g.tenant AND s.grant_id = g.id
WHERE g.tenant = $1 AND (
    (g.state IN ('unbound', 'ready', 'bound', 'active')) = (g.ended IS NOT NULL)
    OR (g.ended IS NULL AND g.locator IS NOT NULL AND l.grant_id IS DISTINCT FROM g.id)
    OR (g.ended IS NOT NULL AND (s.grant_id IS NOT NULL OR b.grant_id IS NOT NULL))
)
"""
WHERE: Final = "SELECT bank FROM grants WHERE tenant = $1 AND id = $2"
