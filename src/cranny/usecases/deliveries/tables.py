"""The rows of deliveries, and every statement on them. Private to this use case."""

from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from cranny.platform import events
from cranny.usecases.deliveries.lifecycle import DELIVERY, Delivery
from cranny.wire.kinds import Evidence

events.register(DELIVERY, table="deliveries", subject="deliveries")


class KindRow(msgspec.Struct, frozen=True):
    """A kind of delivery and its hours, where they differ from the bank's."""

    tenant: UUID
    name: str
    title: str
    hold_hours: int | None
    collect_hours: int | None


class DeliveryRow(msgspec.Struct, frozen=True):
    """Without a `recipient` nobody had announced it. `known_as` is what its bank calls it, where that is not our own
    id: the bank had to name it, or knew it before it was re-routed and fetched elsewhere. (`door`, `generation`) is
    where it lies or last lay."""

    tenant: UUID
    id: UUID
    bank: UUID
    kind: str
    state: Delivery
    reference: str
    sender: str
    recipient: UUID | None
    features: list[str]
    seated: bool
    reservation: UUID | None
    hold_until: datetime | None
    collect_hours: int
    created: datetime
    collect_by: datetime | None = None
    door: str | None = None
    generation: int | None = None
    evidence: Evidence | None = None
    known_as: UUID | None = None
    deposit_grant: UUID | None = None
    collect_grant: UUID | None = None
    recall_grant: UUID | None = None
    reason: str = ""
    stored_at: datetime | None = None
    ended_at: datetime | None = None
    reroute_to: UUID | None = None
    """The bank that it goes on to once it is taken out here."""
    perishable_hours: int | None = None
    spoiled_at: datetime | None = None
    spoiled_why: str = ""
    tidied: bool = False
    """What names somebody was taken off it."""


class RouteRow(msgspec.Struct, frozen=True):
    """`bank` was given `delivery` before it was re-routed, and may not have heard of that."""

    tenant: UUID
    delivery: UUID
    bank: UUID


class ItemRow(msgspec.Struct, frozen=True):
    """`holds`: its delivery is under way, so no other may have this tracking number. Sizes in mm."""

    tenant: UUID
    delivery: UUID
    place: int
    id: UUID
    tracking: str
    tracking_key: str
    holds: bool
    width: int
    height: int
    depth: int
    size: str | None
    weight_g: int | None


TABLES: Final = {
    "delivery_kinds": KindRow,
    "deliveries": DeliveryRow,
    "delivery_items": ItemRow,
    "delivery_routes": RouteRow,
}

TRACKING_TAKEN: Final = "delivery_items_under_way"
"""The index that keeps tracking numbers apart."""

# What an announcement has to know beforehand, in one round trip: its kinds, and who holds its tracking numbers.
LOOK: Final = """
SELECT k.name AS kind, k.hold_hours, k.collect_hours, NULL::text AS tracking_key
FROM delivery_kinds AS k WHERE k.tenant = $1 AND k.name = ANY($2::text[])
UNION ALL
SELECT NULL, NULL, NULL, i.tracking_key
FROM delivery_items AS i WHERE i.tenant = $1 AND i.tracking_key = ANY($3::text[]) AND i.holds
"""

ADD: Final = """
INSERT INTO deliveries (
    tenant, id, bank, kind, state, reference, sender, recipient, features, seated, reservation, hold_until,
    collect_hours, deposit_grant, collect_grant, created
)
SELECT $1, d.id, d.bank, d.kind, d.state, d.reference, d.sender, d.recipient, string_to_array(d.features, ','),
       d.seated, d.reservation, d.hold_until, d.collect_hours, d.deposit_grant, d.collect_grant, $2
FROM unnest(
    $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::text[], $9::uuid[], $10::text[], $11::boolean[],
    $12::uuid[], $13::timestamptz[], $14::integer[], $15::uuid[], $16::uuid[]
) AS d (
    id, bank, kind, state, reference, sender, recipient, features, seated, reservation, hold_until, collect_hours,
    deposit_grant, collect_grant
)
"""

ADD_WITH_ITEMS: Final = (
    "WITH added AS ("
    + ADD
    + """)
INSERT INTO delivery_items (
    tenant, delivery, place, id, tracking, tracking_key, holds, width, height, depth, size, weight_g
)
SELECT $1, i.* FROM unnest(
    $17::uuid[], $18::smallint[], $19::uuid[], $20::text[], $21::text[], $22::boolean[], $23::integer[],
    $24::integer[], $25::integer[], $26::text[], $27::integer[]
) AS i
"""
)

# `unannounced`: a bank took it in, and the id is the bank's.
ADD_FOUND: Final = """
WITH added AS (
    INSERT INTO deliveries (
        tenant, id, bank, kind, state, reference, sender, features, seated, collect_hours, created
    )
    VALUES ($1, $2, $3, $4, $5, '', '', '{}', false, $6, $7)
)
INSERT INTO delivery_items (
    tenant, delivery, place, id, tracking, tracking_key, holds, width, height, depth
)
VALUES ($1, $2, 1, $2, $8, $9, $10, 0, 0, 0)
"""

OPEN_OF: Final = """
SELECT * FROM deliveries
WHERE tenant = $1 AND recipient = $2 AND state IN ('announced', 'lapsed', 'stored', 'overdue', 'recalling')
ORDER BY id
"""

HOLDERS: Final = """
SELECT d.*, i.tracking_key FROM delivery_items AS i JOIN deliveries AS d ON d.tenant = i.tenant AND d.id = i.delivery
WHERE i.tenant = $1 AND i.tracking_key = ANY($2::text[]) AND i.holds
ORDER BY d.id FOR NO KEY UPDATE OF d
"""

ADOPT: Final = """
UPDATE deliveries SET recipient = $3, kind = $4, sender = $5, reference = $6, collect_hours = $7, collect_by = $8,
    collect_grant = $9
WHERE tenant = $1 AND id = $2
"""

MEASURE: Final = """
UPDATE delivery_items SET tracking = $3, width = $4, height = $5, depth = $6, size = $7, weight_g = $8
WHERE tenant = $1 AND delivery = $2
"""

STORE: Final = """
UPDATE deliveries SET door = $3, generation = $4, evidence = $5, stored_at = $6,
    collect_by = $7::timestamptz + make_interval(hours => collect_hours), collect_grant = coalesce($8, collect_grant),
    ended_at = NULL
WHERE tenant = $1 AND id = ANY($2::uuid[])
"""

OVER: Final = """
WITH over AS (
    UPDATE deliveries SET ended_at = $3, door = $4, generation = $5, evidence = $6
    WHERE tenant = $1 AND id = ANY($2::uuid[])
)
UPDATE delivery_items SET holds = false WHERE tenant = $1 AND delivery = ANY($2::uuid[]) AND holds
"""

CALL_OFF: Final = """
WITH over AS (
    UPDATE deliveries SET ended_at = $3, reason = $4 WHERE tenant = $1 AND id = ANY($2::uuid[])
)
UPDATE delivery_items SET holds = false WHERE tenant = $1 AND delivery = ANY($2::uuid[]) AND holds
"""

RECALL: Final = """
UPDATE deliveries SET recall_grant = $3, reason = $4 WHERE tenant = $1 AND id = $2
"""

REGRANT: Final = "UPDATE deliveries SET collect_grant = $3 WHERE tenant = $1 AND id = ANY($2::uuid[])"

EXTEND: Final = """
UPDATE deliveries SET collect_by = greatest(collect_by, $3::timestamptz) + make_interval(hours => $4)
WHERE tenant = $1 AND id = $2
RETURNING collect_by, stored_at + make_interval(hours => perishable_hours) AS perishes_at
"""

# Set behind the announcement of what does not keep.
PERISHES: Final = """
UPDATE deliveries d SET perishable_hours = p.hours FROM unnest($2::uuid[], $3::integer[]) AS p (id, hours)
WHERE d.tenant = $1 AND d.id = p.id
"""
PERISHING: Final = """
SELECT * FROM deliveries
WHERE tenant = $1 AND perishable_hours IS NOT NULL AND spoiled_at IS NULL
    AND state IN ('stored', 'overdue', 'recalling') AND stored_at + make_interval(hours => perishable_hours) <= $2
ORDER BY stored_at LIMIT $3 FOR NO KEY UPDATE SKIP LOCKED
"""
SPOIL: Final = """
UPDATE deliveries SET spoiled_at = $3, spoiled_why = $4
WHERE tenant = $1 AND id = ANY($2::uuid[]) AND spoiled_at IS NULL
"""

GET: Final = "SELECT * FROM deliveries WHERE tenant = $1 AND id = ANY($2::uuid[])"

LOCK: Final = "SELECT * FROM deliveries WHERE tenant = $1 AND id = $2 FOR NO KEY UPDATE"

ITEMS: Final = """
SELECT * FROM delivery_items WHERE tenant = $1 AND delivery = ANY($2::uuid[]) ORDER BY delivery, place
"""

# By the ids that `bank` uses, which for a parcel nobody had announced may differ from ours.
AS_KNOWN: Final = """
SELECT * FROM deliveries WHERE tenant = $1 AND bank = $2 AND (id = ANY($3::uuid[]) OR known_as = ANY($3::uuid[]))
ORDER BY id FOR NO KEY UPDATE
"""

# What `bank` was given before it was re-routed away from there.
ROUTED_AWAY: Final = """
SELECT d.* FROM delivery_routes AS r JOIN deliveries AS d ON d.tenant = r.tenant AND d.id = r.delivery
WHERE r.tenant = $1 AND r.bank = $2 AND r.delivery = ANY($3::uuid[]) AND d.bank <> $2
ORDER BY d.id FOR NO KEY UPDATE OF d
"""
# A bank that was left may yet tell of what it was given.
_AWAY: Final = """
WITH away AS (
    INSERT INTO delivery_routes (tenant, delivery, bank) SELECT tenant, id, bank FROM deliveries
    WHERE tenant = $1 AND id = $2 AND bank <> $3
    ON CONFLICT DO NOTHING
)
"""
BACK_AT: Final = (
    _AWAY
    + """
UPDATE deliveries SET bank = $3, collect_grant = $4, reservation = NULL, known_as = NULL WHERE tenant = $1 AND id = $2
"""
)
TAKE_OVER: Final = (
    _AWAY
    + """
UPDATE deliveries SET bank = $3, known_as = $4, collect_grant = $5 WHERE tenant = $1 AND id = $2
"""
)
READDRESS: Final = """
UPDATE deliveries SET recipient = $3, collect_grant = $4, collect_by = $5 WHERE tenant = $1 AND id = $2
"""
REROUTE: Final = (
    _AWAY
    + """
UPDATE deliveries SET bank = $3, reservation = $4, hold_until = $5, deposit_grant = $6, collect_grant = $7,
    known_as = NULL
WHERE tenant = $1 AND id = $2
"""
)
GO_ON_TO: Final = "UPDATE deliveries SET reroute_to = $3 WHERE tenant = $1 AND id = $2"
PROMISED: Final = (
    "SELECT * FROM deliveries WHERE tenant = $1 AND reservation = ANY($2::uuid[]) ORDER BY id FOR NO KEY UPDATE"
)

BEHIND_DOOR: Final = """
SELECT * FROM deliveries
WHERE tenant = $1 AND bank = $2 AND door = $3 AND generation = $4 AND state IN ('stored', 'overdue', 'recalling')
ORDER BY id FOR NO KEY UPDATE
"""

# What a collect grant opens, or opened, the door for.
OF_GRANT: Final = """
SELECT * FROM deliveries WHERE tenant = $1 AND bank = $2 AND door = $3 AND generation = $4 AND collect_grant = $5
ORDER BY id
"""

BEHIND: Final = """
SELECT * FROM deliveries WHERE tenant = $1 AND bank = $2 AND door = $3 AND generation = $4 ORDER BY id
"""

# Newest first: ids grow with time. Each filter that narrows well has a statement of its own.
LIST: Final = """
SELECT * FROM deliveries WHERE tenant = $1 AND id < $2 ORDER BY id DESC LIMIT $3
"""
LIST_STATE: Final = """
SELECT * FROM deliveries WHERE tenant = $1 AND id < $2 AND state = $4 ORDER BY id DESC LIMIT $3
"""
LIST_BANK: Final = """
SELECT * FROM deliveries WHERE tenant = $1 AND id < $2 AND bank = $4 AND ($5::text IS NULL OR state = $5)
ORDER BY id DESC LIMIT $3
"""
LIST_OLDEST: Final = """
SELECT * FROM deliveries AS d
WHERE tenant = $1 AND id > $2 AND ($4::uuid IS NULL OR bank = $4) AND ($5::text IS NULL OR state = $5)
  AND ($6::text IS NULL OR EXISTS (
    SELECT FROM delivery_items AS i WHERE i.tenant = d.tenant AND i.delivery = d.id AND i.tracking_key = $6))
ORDER BY id LIMIT $3
"""
LIST_TRACKING: Final = """
SELECT d.* FROM delivery_items AS i JOIN deliveries AS d ON d.tenant = i.tenant AND d.id = i.delivery
WHERE i.tenant = $1 AND i.tracking_key = $4 AND d.id < $2
  AND ($5::uuid IS NULL OR d.bank = $5) AND ($6::text IS NULL OR d.state = $6)
ORDER BY d.id DESC LIMIT $3
"""

LAPSING: Final = """
SELECT * FROM deliveries WHERE tenant = $1 AND state = 'announced' AND hold_until <= $2
ORDER BY hold_until LIMIT $3 FOR NO KEY UPDATE SKIP LOCKED
"""
LONG_LAPSED: Final = """
SELECT * FROM deliveries WHERE tenant = $1 AND state = 'lapsed' AND hold_until <= $2
ORDER BY hold_until LIMIT $3 FOR NO KEY UPDATE SKIP LOCKED
"""
DUE: Final = """
SELECT * FROM deliveries WHERE tenant = $1 AND state = 'stored' AND collect_by <= $2
ORDER BY collect_by LIMIT $3 FOR NO KEY UPDATE SKIP LOCKED
"""
# Whose time runs out: due after $2 and until $3, stored until $4; from the one behind ($5, $6) on.
SOON: Final = """
SELECT * FROM deliveries
WHERE tenant = $1 AND state = 'stored' AND collect_by > $2 AND collect_by <= $3 AND stored_at <= $4
  AND recipient IS NOT NULL AND (collect_by, id) > ($5::timestamptz, $6::uuid)
ORDER BY collect_by, id LIMIT $7
"""

KINDS: Final = "SELECT * FROM delivery_kinds WHERE tenant = $1 ORDER BY name"
PUT_KIND: Final = """
INSERT INTO delivery_kinds (tenant, name, title, hold_hours, collect_hours) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (tenant, name)
DO UPDATE SET title = excluded.title, hold_hours = excluded.hold_hours, collect_hours = excluded.collect_hours
"""

# ---------------------------------------------------------------- what names somebody

OF_PERSON: Final = "SELECT * FROM deliveries WHERE tenant = $1 AND recipient = $2 ORDER BY id"
# Who is awaited by something that is not over, or was over only since.
STILL_NEEDED: Final = """
SELECT DISTINCT recipient FROM deliveries
WHERE tenant = $1 AND recipient = ANY($2::uuid[]) AND (ended_at IS NULL OR ended_at >= $3)
"""
ENDED_TO_TIDY: Final = """
SELECT * FROM deliveries WHERE tenant = $1 AND ended_at < $2 AND NOT tidied
ORDER BY ended_at LIMIT $3 FOR NO KEY UPDATE SKIP LOCKED
"""
TIDY: Final = """
WITH over AS (
    UPDATE deliveries SET reference = '', sender = '', reason = '', tidied = true
    WHERE tenant = $1 AND id = ANY($2::uuid[])
)
UPDATE delivery_items SET tracking = '', tracking_key = ''
WHERE tenant = $1 AND delivery = ANY($2::uuid[]) AND NOT holds
"""
REMAINS: Final = """
SELECT DISTINCT d.id FROM deliveries AS d
LEFT JOIN delivery_items AS i ON i.tenant = d.tenant AND i.delivery = d.id AND i.tracking <> ''
WHERE d.tenant = $1 AND d.recipient = ANY($2::uuid[])
    AND (d.reference <> '' OR d.sender <> '' OR d.reason <> '' OR i.delivery IS NOT NULL)
ORDER BY d.id
"""

AUDIT: Final = "SELECT * FROM deliveries WHERE tenant = $1 AND id > $2 ORDER BY id LIMIT $3"
WHERE: Final = "SELECT bank, recipient AS person FROM deliveries WHERE tenant = $1 AND id = $2"
