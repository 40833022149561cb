"""The tables of this room, and every statement on them."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from cranny.fleet.lifecycle import ANOMALY, BANK, AnomalyState, BankState
from cranny.platform import events

events.register(BANK, table="bank_desks", subject="banks")
events.register(ANOMALY, table="anomalies", subject="anomalies")


class DeskRow(msgspec.Struct, frozen=True):
    """A bank as it was last heard; all from `head_epoch` on is what its last beat said."""

    tenant: UUID
    id: UUID
    state: BankState
    public_key: str
    claim: bytes | None
    enrolled: datetime | None
    last_beat: datetime | None
    boot: UUID | None
    head_epoch: int
    head: int
    applied: int
    free: int
    clock_quality: str
    version: str
    token: bytes
    mono_ms: int
    readings: dict[str, Any]


class UplinkRow(msgspec.Struct, frozen=True):
    """How far a bank's facts are taken."""

    tenant: UUID
    bank: UUID
    epoch: int
    seq: int
    head_hash: bytes
    head_time: datetime | None
    forked: bool


class DownlinkHeadRow(msgspec.Struct, frozen=True):
    """`base` is the entry that an empty copy begins with: what came before it is over. up to `aligned`
    the bank held entries of a history that a backup does not know, and was told all anew behind them."""

    tenant: UUID
    bank: UUID
    head: int
    base: int
    aligned: int


class DownlinkRow(msgspec.Struct, frozen=True):
    """`body` is the MessagePack of a `Given`; `tag` is drawn anew with each transaction that gives something."""

    tenant: UUID
    bank: UUID
    seq: int
    body: bytes
    given: datetime
    tag: int


class StoredFactRow(msgspec.Struct, frozen=True):
    tenant: UUID
    bank: UUID
    epoch: int
    seq: int
    hash: bytes
    stored: bytes
    beside: bytes | None
    kind: str
    projected: bool
    received: datetime


class AnomalyRow(msgspec.Struct, frozen=True):
    tenant: UUID
    id: UUID
    bank: UUID
    kind: str
    subject: str
    detail: dict[str, Any]
    state: AnomalyState
    times: int
    created: datetime
    last_seen: datetime
    note: str


TABLES: Final[dict[str, type[msgspec.Struct]]] = {
    "bank_desks": DeskRow,
    "bank_uplinks": UplinkRow,
    "bank_downlinks": DownlinkHeadRow,
    "downlink": DownlinkRow,
    "facts": StoredFactRow,
    "anomalies": AnomalyRow,
}

# ---------------------------------------------------------------- desks

OPEN_DESK: Final = """
INSERT INTO bank_desks (tenant, id, state, public_key) VALUES ($1, $2, $3, '') ON CONFLICT DO NOTHING
"""
OPEN_UPLINK: Final = """
INSERT INTO bank_uplinks (tenant, bank, epoch, seq, head_hash, forked) VALUES ($1, $2, 0, 0, $3, false)
ON CONFLICT DO NOTHING
"""
OPEN_DOWNLINK: Final = "INSERT INTO bank_downlinks (tenant, bank, head) VALUES ($1, $2, 0) ON CONFLICT DO NOTHING"
GET_DESK: Final = """
SELECT tenant, id, state, public_key, claim, enrolled, last_beat, boot, head_epoch, head, applied, free,
    clock_quality, version, token, mono_ms
FROM bank_desks WHERE tenant = $1 AND id = $2
"""
LOCK_DESK: Final = GET_DESK + "FOR NO KEY UPDATE"
SET_CLAIM: Final = "UPDATE bank_desks SET claim = $3 WHERE tenant = $1 AND id = $2"
ENROL: Final = """
UPDATE bank_desks SET public_key = $3, enrolled = $4, claim = NULL, last_beat = NULL, boot = NULL
WHERE tenant = $1 AND id = $2
"""
GET_KEY: Final = "SELECT public_key FROM bank_desks WHERE tenant = $1 AND id = $2"
GET_STATUS: Final = """
SELECT d.id AS bank, d.state, d.enrolled, d.last_beat, d.version, d.clock_quality, d.free,
    u.epoch, u.seq AS taken, greatest(d.head - u.seq, 0) AS waiting, n.head AS given, d.applied
FROM bank_desks d JOIN bank_uplinks u ON u.tenant = d.tenant AND u.bank = d.id
JOIN bank_downlinks n ON n.tenant = d.tenant AND n.bank = d.id
WHERE d.tenant = $1 AND d.id = $2
"""
GET_EPOCH: Final = "SELECT epoch FROM bank_uplinks WHERE tenant = $1 AND bank = $2"

# ---------------------------------------------------------------- presence

# The rows are locked in the order of their ids: several workers do this at once.
NOTE_BEATS: Final = """
WITH beats AS (
    SELECT * FROM unnest($2::uuid[], $3::timestamptz[], $4::uuid[], $5::bigint[], $6::bigint[], $7::bigint[],
        $8::bigint[], $9::text[], $10::text[], $11::bytea[], $12::bigint[], $13::text[], $14::jsonb[])
    AS b (id, at, boot, head_epoch, head, applied, free, clock_quality, version, token, mono_ms, key, readings)
), held AS (
    SELECT d.id FROM bank_desks d JOIN beats b ON b.id = d.id AND b.key = d.public_key
    WHERE d.tenant = $1 AND d.public_key <> ''
    ORDER BY d.id FOR NO KEY UPDATE OF d
)
UPDATE bank_desks d SET last_beat = b.at, boot = b.boot, head_epoch = b.head_epoch, head = b.head,
    applied = b.applied, free = b.free, clock_quality = b.clock_quality, version = b.version,
    token = b.token, mono_ms = b.mono_ms, readings = b.readings
FROM beats b JOIN held USING (id) JOIN bank_downlinks n ON n.tenant = $1 AND n.bank = b.id
WHERE d.tenant = $1 AND d.id = b.id
RETURNING d.id, d.state, d.applied < n.head AS behind
"""
SILENT: Final = """
SELECT id FROM bank_desks WHERE tenant = $1 AND state = 'online' AND last_beat < $2
ORDER BY id LIMIT 1000 FOR NO KEY UPDATE SKIP LOCKED
"""

# ---------------------------------------------------------------- downlink

GIVE: Final = """
WITH up AS (
    UPDATE bank_downlinks SET head = head + cardinality($3::bytea[]) WHERE tenant = $1 AND bank = $2
    RETURNING head - cardinality($3::bytea[]) AS start
)
INSERT INTO downlink (tenant, bank, seq, body, given, tag)
SELECT $1, $2, up.start + g.n, g.body, $4, $5 FROM up, unnest($3::bytea[]) WITH ORDINALITY AS g (body, n)
RETURNING seq
"""
# Only an empty copy begins with the base; every other one goes on where it stands, number by number.
PENDING: Final = """
SELECT l.seq, l.body, l.tag FROM downlink l JOIN bank_downlinks n USING (tenant, bank)
WHERE l.tenant = $1 AND l.bank = $2 AND l.seq > CASE WHEN $3::bigint = 0 THEN n.base - 1 ELSE $3 END
ORDER BY l.seq LIMIT $4
"""
DOWN_HEAD: Final = "SELECT head FROM bank_downlinks WHERE tenant = $1 AND bank = $2"
REBASE: Final = "UPDATE bank_downlinks SET base = $3 WHERE tenant = $1 AND bank = $2"
GET_PLACE: Final = """
SELECT n.head, n.aligned, (
    SELECT tag FROM downlink l WHERE l.tenant = n.tenant AND l.bank = n.bank AND l.seq = $3
) AS tag FROM bank_downlinks n WHERE n.tenant = $1 AND n.bank = $2
"""
LOCK_PLACE: Final = GET_PLACE + "FOR NO KEY UPDATE OF n"
ALIGN: Final = "UPDATE bank_downlinks SET head = greatest(head, $3), aligned = $3 WHERE tenant = $1 AND bank = $2"

# ---------------------------------------------------------------- ingest

LOCK_UPLINKS: Final = """
SELECT u.bank, u.epoch, u.seq, u.head_hash, u.head_time, u.forked, n.head AS down_head, d.public_key
FROM bank_uplinks u JOIN bank_downlinks n USING (tenant, bank)
JOIN bank_desks d ON d.tenant = u.tenant AND d.id = u.bank
WHERE u.tenant = $1 AND u.bank = ANY($2::uuid[]) ORDER BY u.bank FOR NO KEY UPDATE OF u
"""
HASHES: Final = """
SELECT seq, hash FROM facts WHERE tenant = $1 AND bank = $2 AND epoch = $3 AND seq BETWEEN $4 AND $5
"""
ADD_FACTS: Final = """
INSERT INTO facts (tenant, bank, epoch, seq, hash, stored, beside, kind, projected, received)
SELECT $1, f.*, $2 FROM unnest($3::uuid[], $4::bigint[], $5::bigint[], $6::bytea[], $7::bytea[], $8::bytea[],
    $9::text[], $10::boolean[]) AS f
"""
ADVANCE: Final = """
UPDATE bank_uplinks u SET epoch = c.epoch, seq = c.seq, head_hash = c.head_hash, forked = c.forked,
    head_time = coalesce(c.head_time, u.head_time)
FROM unnest($2::uuid[], $3::bigint[], $4::bigint[], $5::bytea[], $6::boolean[], $7::timestamptz[])
    AS c (bank, epoch, seq, head_hash, forked, head_time)
WHERE u.tenant = $1 AND u.bank = c.bank
"""
GET_BESIDE: Final = "SELECT beside FROM facts WHERE tenant = $1 AND bank = $2 AND epoch = $3 AND seq = $4"

# ---------------------------------------------------------------- anomalies

FIND_ANOMALIES: Final = """
INSERT INTO anomalies (tenant, id, bank, kind, subject, detail, state, times, created, last_seen)
SELECT $1, f.id, f.bank, f.kind, f.subject, f.detail, 'open', f.times, $2, $2
FROM unnest($3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::jsonb[], $8::bigint[])
    AS f (id, bank, kind, subject, detail, times)
ORDER BY f.bank, f.kind, f.subject
ON CONFLICT (tenant, bank, kind, subject) WHERE state = 'open'
DO UPDATE SET times = anomalies.times + excluded.times, last_seen = excluded.last_seen
RETURNING id
"""
LIST_ANOMALIES: Final = """
SELECT tenant, id, bank, kind, subject, detail, state, times, created, last_seen, note FROM anomalies
WHERE tenant = $1 AND ($2::uuid IS NULL OR id > $2) AND ($3::text IS NULL OR state = $3)
    AND ($4::uuid IS NULL OR bank = $4)
ORDER BY id LIMIT $5
"""
NEWEST_OPEN: Final = """
SELECT tenant, id, bank, kind, subject, detail, state, times, created, last_seen, note,
    count(*) OVER () AS open
FROM anomalies WHERE tenant = $1 AND bank = $2 AND state = 'open' ORDER BY id DESC LIMIT $3
"""
GET_ANOMALY: Final = """
SELECT tenant, id, bank, kind, subject, detail, state, times, created, last_seen, note FROM anomalies
WHERE tenant = $1 AND id = $2
"""
OPEN_ABOUT: Final = """
SELECT id FROM anomalies WHERE tenant = $1 AND kind = $2 AND subject = $3 AND state = 'open' ORDER BY id
"""
NOTE_ANOMALY: Final = "UPDATE anomalies SET note = $3 WHERE tenant = $1 AND id = $2"

# ---------------------------------------------------------------- audit

AUDIT_BANKS: Final = """
SELECT bank, epoch, seq, head_hash FROM bank_uplinks WHERE tenant = $1 ORDER BY bank
"""
AUDIT_FACTS: Final = """
SELECT epoch, seq, hash, stored, projected FROM facts
WHERE tenant = $1 AND bank = $2 AND (epoch, seq) > ($3, $4) AND (epoch, seq) <= ($5, $6)
ORDER BY epoch, seq LIMIT $7
"""
FACTS_OF_RIGHTS: Final = """
SELECT kind, epoch, seq, stored FROM facts
WHERE tenant = $1 AND bank = $2 AND projected AND kind = ANY($3::text[]) AND (epoch, seq) > ($4, $5)
ORDER BY epoch, seq LIMIT $6
"""
HELD: Final = """
SELECT epoch, seq, hash FROM facts WHERE tenant = $1 AND bank = $2 AND (epoch, seq) > ($3, $4)
ORDER BY epoch, seq LIMIT $5
"""
OPEN_SUBJECTS: Final = """
SELECT DISTINCT subject FROM anomalies WHERE tenant = $1 AND bank = $2 AND state = 'open' ORDER BY subject
"""
AUDIT_BEYOND: Final = """
SELECT u.bank, u.epoch, u.seq FROM bank_uplinks u WHERE u.tenant = $1 AND EXISTS (
    SELECT FROM facts f WHERE f.tenant = u.tenant AND f.bank = u.bank AND (f.epoch, f.seq) > (u.epoch, u.seq)
)
"""
AUDIT_DOWNLINK: Final = """
SELECT n.bank, n.head, count(l.seq) + n.base - 1 AS entries, coalesce(max(l.seq), 0) AS newest
FROM bank_downlinks n LEFT JOIN downlink l ON l.tenant = n.tenant AND l.bank = n.bank AND l.seq >= n.base
WHERE n.tenant = $1 GROUP BY n.bank, n.head, n.base
"""
# ---------------------------------------------------------------- what may name somebody

UNNOTE: Final = """
UPDATE anomalies SET note = '' WHERE tenant = $1 AND subject = ANY($2::text[]) AND note <> '' RETURNING id
"""
UNNOTE_OLD: Final = """
UPDATE anomalies SET note = '' WHERE (tenant, id) IN (
    SELECT tenant, id FROM anomalies WHERE tenant = $1 AND last_seen < $2 AND note <> '' LIMIT $3
)
"""
# Beside the deposits that these doors, under these generations, are for.
FORGET_BESIDE: Final = """
UPDATE facts AS f SET beside = NULL
FROM unnest($2::uuid[], $3::text[], $4::bigint[]) AS place (bank, door, generation)
JOIN events AS e ON e.tenant = $1 AND e.type = 'deposit.stored'
    AND e.subject = 'banks/' || place.bank || '/doors/' || place.door
    AND (e.data ->> 'generation')::bigint = place.generation
WHERE f.tenant = $1 AND f.bank = place.bank AND f.epoch = (e.data ->> 'epoch')::bigint
    AND f.seq = (e.data ->> 'seq')::bigint AND f.beside IS NOT NULL
"""
FORGET_OLD_BESIDE: Final = """
UPDATE facts SET beside = NULL WHERE (tenant, bank, epoch, seq) IN (
    SELECT tenant, bank, epoch, seq FROM facts WHERE tenant = $1 AND received < $2 AND beside IS NOT NULL
    ORDER BY received LIMIT $3
)
"""

WHERE: Final = "SELECT bank FROM anomalies WHERE tenant = $1 AND id = $2"
