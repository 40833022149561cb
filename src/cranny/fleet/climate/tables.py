"""The tables of measurements and alarms, and every statement on them."""

from datetime import date, datetime
from typing import Any, Final, Literal
from uuid import UUID

import msgspec

from cranny.fleet.climate.lifecycle import ALARM, AlarmState
from cranny.platform import events
from cranny.wire.sensors import Measure

events.register(ALARM, table="alarms", subject="alarms")

Kind = Literal[
    "too_warm",
    "too_cold",
    "too_humid",
    "too_dry",
    "mains_lost",
    "battery_low",
    "tampered",
    "sensor_silent",
    "door_left_open",
    "door_forced",
]
"""What an alarm is about: a sensor's trouble (`wire.sensors.Trouble`), or a door's."""


class WindowRow(msgspec.Struct, frozen=True):
    """One window of all channels, at the place of the fact that told it. `channels`: `series.ChannelStored` by name."""

    tenant: UUID
    bank: UUID
    epoch: int
    seq: int
    start: datetime
    ended: datetime
    doubtful: bool
    channels: dict[str, Any]


class DayRow(msgspec.Struct, frozen=True):
    """What is left of old windows: one row for a channel and a day (UTC)."""

    tenant: UUID
    bank: UUID
    channel: str
    day: date
    measure: Measure
    count: int
    low: int
    mean: int
    high: int


class AlarmRow(msgspec.Struct, frozen=True):
    """`channel` is the sensor's name, or the door's label. Values in hundredths. `raised` is when it began to be an
    alarm; `for_s` how long it had lasted then. `cause` says why it ended."""

    tenant: UUID
    id: UUID
    bank: UUID
    epoch: int
    kind: Kind
    channel: str
    doors: list[str]
    state: AlarmState
    value: int | None
    bound: int | None
    worst: int | None
    for_s: int
    raised: datetime
    ended: datetime | None
    cause: str
    acknowledged: datetime | None
    acknowledged_by: str
    note: str


TABLES: Final[dict[str, type[msgspec.Struct]]] = {
    "telemetry": WindowRow,
    "telemetry_days": DayRow,
    "alarms": AlarmRow,
}

# ---------------------------------------------------------------- measurements

ADD_WINDOWS: Final = """
INSERT INTO telemetry (tenant, bank, epoch, seq, start, ended, doubtful, channels)
SELECT $1, w.* FROM unnest($2::uuid[], $3::bigint[], $4::bigint[], $5::timestamptz[], $6::timestamptz[],
    $7::boolean[], $8::jsonb[]) AS w
"""
WINDOWS: Final = """
SELECT start, ended, doubtful, channels FROM telemetry
WHERE tenant = $1 AND bank = $2 AND ended > $3 AND start < $4 ORDER BY ended, seq LIMIT $5
"""
DAYS: Final = """
SELECT channel, day, measure, count, low, mean, high FROM telemetry_days
WHERE tenant = $1 AND bank = $2 AND day >= $3 AND day < $4 ORDER BY channel, day
"""
ROLL_UP: Final = """
WITH old AS (
    DELETE FROM telemetry WHERE tenant = $1 AND (bank, epoch, seq) IN (
        SELECT bank, epoch, seq FROM telemetry WHERE tenant = $1 AND ended < $2
        ORDER BY ended LIMIT $3 FOR UPDATE SKIP LOCKED
    ) RETURNING bank, start, channels
), days AS (
    SELECT o.bank, c.key AS channel, (o.start AT TIME ZONE 'UTC')::date AS day, max(c.value ->> 'measure') AS measure,
        sum((c.value ->> 'count')::bigint) AS count, min((c.value ->> 'low')::bigint) AS low,
        round(sum((c.value ->> 'mean')::numeric * (c.value ->> 'count')::bigint)
            / sum((c.value ->> 'count')::bigint)) AS mean,
        max((c.value ->> 'high')::bigint) AS high
    FROM old o, jsonb_each(o.channels) AS c WHERE (c.value ->> 'count')::bigint > 0 GROUP BY 1, 2, 3
), kept AS (
    INSERT INTO telemetry_days AS t (tenant, bank, channel, day, measure, count, low, mean, high)
    SELECT $1, bank, channel, day, measure, count, low, mean, high FROM days ORDER BY bank, channel, day
    ON CONFLICT (tenant, bank, channel, day) DO UPDATE SET
        mean = round((t.mean::numeric * t.count + excluded.mean::numeric * excluded.count)
            / (t.count + excluded.count)),
        count = t.count + excluded.count, low = least(t.low, excluded.low), high = greatest(t.high, excluded.high)
)
SELECT count(*) FROM old
"""
SHOWN_NOW: Final = "SELECT readings, last_beat FROM bank_desks WHERE tenant = $1 AND id = $2"

# ---------------------------------------------------------------- alarms

RAISE: Final = """
INSERT INTO alarms (tenant, id, bank, epoch, kind, channel, doors, state, value, bound, worst, for_s, raised)
VALUES ($1, $2, $3, $4, $5, $6, $7, 'raised', $8, $9, $8, $10, $11)
ON CONFLICT (tenant, id) DO NOTHING RETURNING id
"""
END: Final = """
UPDATE alarms SET ended = coalesce(ended, $4), worst = coalesce($5, worst), cause = CASE WHEN cause = '' THEN $6
    ELSE cause END
WHERE tenant = $1 AND id = ANY($2::uuid[]) AND bank = $3
"""
# What is known already when somebody says that it was seen stays: the first word counts.
SEEN: Final = """
UPDATE alarms SET acknowledged = $3, acknowledged_by = $4, note = $5
WHERE tenant = $1 AND id = $2 AND acknowledged IS NULL
"""
GET_ALARM: Final = "SELECT * FROM alarms WHERE tenant = $1 AND id = $2"
LIST_ALARMS: Final = """
SELECT * FROM alarms WHERE tenant = $1 AND ($2::uuid IS NULL OR id < $2) AND ($3::text IS NULL OR state = $3)
    AND ($4::uuid IS NULL OR bank = $4) AND ($5::boolean IS NULL OR $5 = (state <> 'ended'))
ORDER BY id DESC LIMIT $6
"""
LIVE_ALARMS: Final = """
SELECT * FROM alarms WHERE tenant = $1 AND bank = $2 AND state <> 'ended' ORDER BY raised, id
"""
AT_DOOR: Final = """
SELECT id FROM alarms WHERE tenant = $1 AND bank = $2 AND state <> 'ended' AND kind = ANY($3::text[]) AND channel = $4
ORDER BY id
"""
OF_EARLIER: Final = """
SELECT id FROM alarms WHERE tenant = $1 AND bank = $2 AND state <> 'ended' AND epoch < $3 ORDER BY id
"""

# ---------------------------------------------------------------- audit

ENDED_TWICE: Final = """
SELECT id, bank FROM alarms WHERE tenant = $1 AND (state = 'ended') <> (ended IS NOT NULL)
"""
UNNOTE_OLD: Final = """
UPDATE alarms SET note = '' WHERE (tenant, id) IN (
    SELECT tenant, id FROM alarms WHERE tenant = $1 AND acknowledged < $2 AND note <> '' LIMIT $3
)
"""
WHERE: Final = "SELECT bank FROM alarms WHERE tenant = $1 AND id = $2"
