"""The rows of this room and every statement on them. Private: others use the front door."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from cranny.platform import events
from cranny.sites.lifecycle import RESERVATION, Promise

events.register(RESERVATION, table="reservations", subject="reservations")


class SizeClassRow(msgspec.Struct, frozen=True):
    tenant: UUID
    id: UUID
    name: str
    width: int
    height: int
    depth: int


class SiteRow(msgspec.Struct, frozen=True):
    tenant: UUID
    id: UUID
    name: str
    timezone: str


class BankRow(msgspec.Struct, frozen=True):
    tenant: UUID
    id: UUID
    site: UUID
    name: str
    timezone: str
    policy: dict[str, Any]
    towers: list[dict[str, Any]]
    created: datetime
    sensors: list[dict[str, Any]]


class CompartmentRow(msgspec.Struct, frozen=True):
    tenant: UUID
    bank: UUID
    label: str
    place: int
    tower: int
    width: int
    height: int
    depth: int
    centre: int
    features: list[str]
    unit: int
    channel: int
    size_class: UUID | None
    blocked: str | None
    unfit: str | None


class OccupancyRow(msgspec.Struct, frozen=True):
    tenant: UUID
    bank: UUID
    label: str
    generation: int
    previous: int
    started: datetime
    ended: datetime | None
    deliveries: list[UUID]
    grant_id: UUID | None


class ReservationRow(msgspec.Struct, frozen=True):
    tenant: UUID
    id: UUID
    bank: UUID
    size_class: UUID | None
    sides: list[int]
    features: list[str]
    seated: bool
    until: datetime
    state: Promise
    created: datetime
    delivery: UUID | None


TABLES: Final[dict[str, type[msgspec.Struct]]] = {
    "size_classes": SizeClassRow,
    "sites": SiteRow,
    "banks": BankRow,
    "compartments": CompartmentRow,
    "occupancies": OccupancyRow,
    "reservations": ReservationRow,
}

# ---------------------------------------------------------------- size classes

LIST_CLASSES: Final = """
SELECT tenant, id, name, width, height, depth FROM size_classes WHERE tenant = $1
ORDER BY width::bigint * height * depth, name
"""
ADD_CLASSES: Final = """
INSERT INTO size_classes (tenant, id, name, width, height, depth)
SELECT $1, c.id, c.name, c.width, c.height, c.depth
FROM unnest($2::uuid[], $3::text[], $4::int[], $5::int[], $6::int[]) AS c (id, name, width, height, depth)
ON CONFLICT (tenant, lower(name)) DO NOTHING
RETURNING id
"""
DISTINCT_SIDES: Final = "SELECT DISTINCT width, height, depth FROM compartments WHERE tenant = $1"
RECLASS: Final = """
UPDATE compartments AS c SET size_class = s.size_class
FROM unnest($2::int[], $3::int[], $4::int[], $5::uuid[]) AS s (width, height, depth, size_class)
WHERE c.tenant = $1 AND c.width = s.width AND c.height = s.height AND c.depth = s.depth
    AND c.size_class IS DISTINCT FROM s.size_class
"""

# ---------------------------------------------------------------- sites and banks

ADD_SITE: Final = """
INSERT INTO sites (tenant, id, name, timezone) VALUES ($1, $2, $3, $4)
ON CONFLICT (tenant, lower(name)) DO NOTHING
"""
SITE_NAMED: Final = "SELECT id FROM sites WHERE tenant = $1 AND lower(name) = lower($2)"
WHERE_BANK: Final = "SELECT id AS bank, site FROM banks WHERE tenant = $1 AND id = $2"
WHERE_SITE: Final = "SELECT id AS site FROM sites WHERE tenant = $1 AND id = $2"
GET_SITE: Final = """
SELECT s.id, s.name, s.timezone,
       (SELECT count(*) FROM banks b WHERE b.tenant = s.tenant AND b.site = s.id) AS banks
FROM sites s WHERE s.tenant = $1 AND s.id = $2
"""
LIST_SITES: Final = """
SELECT s.id, s.name, s.timezone,
       (SELECT count(*) FROM banks b WHERE b.tenant = s.tenant AND b.site = s.id) AS banks
FROM sites s
WHERE s.tenant = $1 AND ($2::uuid IS NULL OR s.id > $2) AND ($4::uuid[] IS NULL OR s.id = ANY ($4))
ORDER BY s.id LIMIT $3
"""
LOCK_SITE: Final = "SELECT FROM sites WHERE tenant = $1 AND id = $2 FOR NO KEY UPDATE"
CHANGE_SITE: Final = "UPDATE sites SET name = $3, timezone = $4 WHERE tenant = $1 AND id = $2"
RENAME_BANK: Final = "UPDATE banks SET name = $3 WHERE tenant = $1 AND id = $2"
HAS_SITE: Final = "SELECT EXISTS (SELECT FROM sites WHERE tenant = $1 AND id = $2)"
ADD_BANK: Final = """
INSERT INTO banks (tenant, id, site, name, timezone, policy, towers, created, sensors)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""
ADD_COMPARTMENTS: Final = """
INSERT INTO compartments (tenant, bank, label, place, tower, width, height, depth, centre, features, unit, channel,
                          size_class)
SELECT $1, $2, c.label, c.place, c.tower, c.width, c.height, c.depth, c.centre, c.features::text[], c.unit,
       c.channel, c.size_class
FROM unnest($3::text[], $4::int[], $5::int[], $6::int[], $7::int[], $8::int[], $9::int[], $10::text[], $11::int[],
            $12::int[], $13::uuid[])
     AS c (label, place, tower, width, height, depth, centre, features, unit, channel, size_class)
"""
GET_BANK: Final = """
SELECT b.id, b.site, s.name AS site_name, b.name, b.timezone, b.policy, b.towers, b.created, b.sensors,
       (SELECT count(*) FROM compartments c WHERE c.tenant = b.tenant AND c.bank = b.id) AS doors
FROM banks b JOIN sites s ON s.tenant = b.tenant AND s.id = b.site
WHERE b.tenant = $1 AND b.id = $2
"""
LIST_BANKS: Final = """
SELECT b.id, b.site, s.name AS site_name, b.name, b.timezone, b.policy, b.towers, b.created, b.sensors,
       (SELECT count(*) FROM compartments c WHERE c.tenant = b.tenant AND c.bank = b.id) AS doors
FROM banks b JOIN sites s ON s.tenant = b.tenant AND s.id = b.site
WHERE b.tenant = $1 AND ($2::uuid IS NULL OR b.id > $2) AND ($4::uuid[] IS NULL OR b.site = ANY ($4))
ORDER BY b.id LIMIT $3
"""
# Not FOR UPDATE: that would make every insert that refers to the bank wait, not only other promises.
LOCK_BANK: Final = "SELECT id, site, name, policy FROM banks WHERE tenant = $1 AND id = $2 FOR NO KEY UPDATE"
GET_POLICY: Final = "SELECT policy FROM banks WHERE tenant = $1 AND id = $2 FOR NO KEY UPDATE"
SET_POLICY: Final = "UPDATE banks SET policy = $3 WHERE tenant = $1 AND id = $2"

# ---------------------------------------------------------------- doors

LIST_DOORS: Final = """
SELECT c.label, c.tower, c.width, c.height, c.depth, c.centre, c.features, c.unit, c.channel, k.name AS size,
       c.blocked, c.unfit, o.generation, o.started AS occupied_since, o.deliveries
FROM compartments c
LEFT JOIN size_classes k ON k.tenant = c.tenant AND k.id = c.size_class
LEFT JOIN occupancies o ON o.tenant = c.tenant AND o.bank = c.bank AND o.label = c.label AND o.ended IS NULL
WHERE c.tenant = $1 AND c.bank = $2 AND ($3::text[] IS NULL OR c.label = ANY ($3))
ORDER BY c.place
"""
BLOCK: Final = """
UPDATE compartments AS c SET blocked = coalesce(c.blocked, g.reason)
FROM unnest($2::uuid[], $3::text[], $4::text[]) AS g (bank, label, reason)
WHERE c.tenant = $1 AND c.bank = g.bank AND c.label = g.label
RETURNING c.bank, c.label
"""
# What is not named is fit.
SET_UNFIT: Final = """
UPDATE compartments AS c SET unfit = n.reason
FROM (SELECT label, (SELECT g.reason FROM unnest($3::text[], $4::text[]) AS g (label, reason)
                     WHERE g.label = o.label LIMIT 1) AS reason
      FROM compartments o WHERE o.tenant = $1 AND o.bank = $2) AS n
WHERE c.tenant = $1 AND c.bank = $2 AND c.label = n.label AND c.unfit IS DISTINCT FROM n.reason
"""
UNBLOCK: Final = """
UPDATE compartments SET blocked = NULL WHERE tenant = $1 AND bank = $2 AND label = $3 RETURNING label
"""

# ---------------------------------------------------------------- occupancies

# `previous` looks at the other generations of the door only, so that an extension of the live one passes the
# CHECK. A row that was ended gets a `previous` that breaks it: what is over never lives again (I11).
OCCUPY: Final = """
INSERT INTO occupancies AS live (tenant, bank, label, generation, previous, started, deliveries, grant_id)
SELECT $1, g.bank, g.label, g.generation,
       coalesce((SELECT max(o.generation) FROM occupancies o
                 WHERE o.tenant = $1 AND o.bank = g.bank AND o.label = g.label
                     AND o.generation <> g.generation), 0),
       g.started, g.deliveries::uuid[], g.grant_id
FROM unnest($2::uuid[], $3::text[], $4::bigint[], $5::timestamptz[], $6::text[], $7::uuid[])
     AS g (bank, label, generation, started, deliveries, grant_id)
ON CONFLICT (tenant, bank, label, generation) DO UPDATE SET
    deliveries = live.deliveries || ARRAY(
        SELECT d FROM unnest(excluded.deliveries) WITH ORDINALITY AS e (d, n)
        WHERE d <> ALL (live.deliveries) ORDER BY n
    ),
    grant_id = coalesce(live.grant_id, excluded.grant_id),
    previous = CASE WHEN live.ended IS NULL THEN live.previous ELSE live.generation END
"""
VACATE: Final = """
UPDATE occupancies AS o SET ended = g.ended
FROM unnest($2::uuid[], $3::text[], $4::bigint[], $5::timestamptz[]) AS g (bank, label, generation, ended)
WHERE o.tenant = $1 AND o.bank = g.bank AND o.label = g.label AND o.generation = g.generation AND o.ended IS NULL
RETURNING o.bank, o.label, o.generation
"""

LYING: Final = """
SELECT label, generation FROM occupancies
WHERE tenant = $1 AND bank = $2 AND ended IS NULL AND $3 = ANY (deliveries)
"""

# ---------------------------------------------------------------- capacity

# One round trip for all that promises at some banks are judged by. `part`: 'class' (of the tenant), 'door' (n: all
# of the kind; free: those neither occupied nor
# blocked nor unfit), 'held' (n: live promises of the kind). What lies in a door is not promised any more, though
# whoever is to write that down may not have come to it: it would be counted twice.
SNAPSHOT: Final = """
SELECT 'class' AS part, NULL::uuid AS bank, id AS size_class, name, ARRAY[width, height, depth] AS sides,
       '{}'::text[] AS features, 0 AS n, 0 AS free, 0 AS occupied, 0 AS unfit
FROM size_classes WHERE tenant = $1
UNION ALL
SELECT 'door', c.bank, c.size_class, '', ARRAY[c.width, c.height, c.depth], c.features, count(*),
       count(*) FILTER (WHERE c.blocked IS NULL AND c.unfit IS NULL AND o.label IS NULL), count(o.label),
       count(*) FILTER (WHERE c.blocked IS NULL AND c.unfit IS NOT NULL AND o.label IS NULL)
FROM compartments c
LEFT JOIN occupancies o ON o.tenant = c.tenant AND o.bank = c.bank AND o.label = c.label AND o.ended IS NULL
WHERE c.tenant = $1 AND c.bank = ANY ($2::uuid[])
GROUP BY c.bank, c.size_class, c.width, c.height, c.depth, c.features
UNION ALL
SELECT 'held', bank, size_class, '', sides,
       CASE WHEN seated THEN features || '{seated}'::text[] ELSE features END, count(*), 0, 0, 0
FROM reservations WHERE tenant = $1 AND bank = ANY ($2::uuid[]) AND state = 'held' AND until > $3
    AND (delivery IS NULL OR delivery NOT IN (
        SELECT unnest(deliveries) FROM occupancies WHERE tenant = $1 AND bank = ANY ($2::uuid[]) AND ended IS NULL
    ))
GROUP BY bank, size_class, sides, features, seated
"""
ADD_RESERVATIONS: Final = """
INSERT INTO reservations (tenant, id, bank, size_class, sides, features, seated, until, state, created, delivery)
SELECT $1, r.id, $2, r.size_class, r.sides::int[], r.features::text[], r.seated, r.until, $3, $4, r.delivery
FROM unnest($5::uuid[], $6::uuid[], $7::text[], $8::text[], $9::bool[], $10::timestamptz[], $11::uuid[])
     AS r (id, size_class, sides, features, seated, until, delivery)
"""
NEWEST_HELD: Final = """
SELECT id, sides, CASE WHEN seated THEN features || '{seated}'::text[] ELSE features END AS features
FROM reservations WHERE tenant = $1 AND bank = $2 AND state = 'held' AND until > $3
    AND (delivery IS NULL OR delivery NOT IN (
        SELECT unnest(deliveries) FROM occupancies WHERE tenant = $1 AND bank = $2 AND ended IS NULL
    ))
ORDER BY created DESC, id DESC
"""
DUE: Final = """
SELECT id, bank, size_class FROM reservations WHERE tenant = $1 AND state = 'held' AND until <= $2
ORDER BY until LIMIT $3 FOR NO KEY UPDATE SKIP LOCKED
"""
# Other banks for somebody who was refused: those of the same site first.
NEIGHBOURS: Final = """
SELECT id, name, site = $3 AS near FROM banks WHERE tenant = $1 AND id <> $2
ORDER BY site <> $3, name, id LIMIT $4
"""

# ---------------------------------------------------------------- audit

TWICE_LIVE: Final = """
SELECT bank, label, count(*) AS n FROM occupancies WHERE tenant = $1 AND ended IS NULL
GROUP BY bank, label HAVING count(*) > 1
"""
OVERTAKEN: Final = """
SELECT o.bank, o.label, o.generation, max(later.generation) AS later
FROM occupancies o JOIN occupancies later USING (tenant, bank, label)
WHERE o.tenant = $1 AND o.ended IS NULL AND later.generation > o.generation
GROUP BY o.bank, o.label, o.generation
"""
NOT_GROWING: Final = """
SELECT bank, label, generation FROM occupancies WHERE tenant = $1 AND generation <= previous
"""
BANKS_WITH_PROMISES: Final = """
SELECT DISTINCT bank FROM reservations WHERE tenant = $1 AND state = 'held' AND until > $2
"""
