"""Reading the tenant's log: events that have a position, in its order, with what was said (`said.py`)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from cranny.core.events import Event
from cranny.platform import said
from cranny.platform.db import Row, Tx

# The upper bound is no bound: it makes a plan without statistics walk the index instead of sorting the log.
READ: Final = """
SELECT id, tenant, type, subject, time, recorded, data, position FROM events
WHERE tenant = $1 AND position > $2 AND position <= 9223372036854775807
  AND ($3::text[] IS NULL OR type = ANY($3)) AND ($4::text IS NULL OR subject = $4)
ORDER BY position LIMIT $5
"""
READ_SUBJECT: Final = """
SELECT id, tenant, type, subject, time, recorded, data, position FROM events
WHERE tenant = $1 AND subject = $4 AND position > $2 AND ($3::text[] IS NULL OR type = ANY($3))
ORDER BY position LIMIT $5
"""
LATEST: Final = """
SELECT last.* FROM unnest($2::text[]) AS asked (subject) CROSS JOIN LATERAL (
  SELECT id, tenant, type, subject, time, recorded, data, position FROM events
  WHERE tenant = $1 AND subject = asked.subject AND position > 0 ORDER BY position DESC LIMIT $3
) AS last ORDER BY last.position DESC
"""
MATCHING: Final = """
SELECT id, tenant, type, subject, time, recorded, data, position FROM events
WHERE tenant = $1 AND position > $2 AND position <= $3 AND NOT starts_with(type, $4)
  AND (cardinality($5::text[]) = 0 AND NOT starts_with(type, $7)
       OR type = ANY($5) OR split_part(type, '.', 1) || '.*' = ANY($5))
ORDER BY position LIMIT $6
"""
HEAD: Final = "SELECT position FROM log_heads WHERE tenant = $1"
HEAD_LINK: Final = "SELECT position, chain FROM log_heads WHERE tenant = $1"
LINKS: Final = """
SELECT id, type, subject, time, recorded, data, position, chain FROM events
WHERE tenant = $1 AND position > $2 AND position <= 9223372036854775807 ORDER BY position LIMIT $3
"""


class EventRow(msgspec.Struct, frozen=True):
    tenant: UUID
    id: UUID
    seq: int
    type: str
    subject: str
    time: datetime
    recorded: datetime
    data: dict[str, Any]
    position: int | None
    chain: bytes | None


async def read(
    tx: Tx, after: int, limit: int, types: Sequence[str] | None = None, subject: str | None = None
) -> list[Event]:
    """Up to `limit` events after position `after`, of these types and about this subject where given."""
    sql = READ if subject is None else READ_SUBJECT
    return await said.heard(
        tx, [event(record) for record in await tx.all(sql, tx.tenant, after, types, subject, limit)]
    )


async def matching(
    tx: Tx, after: int, until: int, patterns: Sequence[str], limit: int, *, but: str, unasked: str
) -> list[Event]:
    """Up to `limit` events at positions from `after` + 1 to `until` whose type is one of `patterns` (`delivery.stored`,
    `delivery.*`; none is any), but none whose type begins with `but`, and with `unasked` only where a pattern asks for
    them."""
    found = await tx.all(MATCHING, tx.tenant, after, until, but, list(patterns), limit, unasked)
    return await said.heard(tx, [event(record) for record in found])


async def latest(tx: Tx, subjects: Sequence[str], each: int) -> list[Event]:
    """The last `each` events about each of `subjects`, the newest of all first."""
    return await said.heard(tx, [event(record) for record in await tx.all(LATEST, tx.tenant, subjects, each)])


async def head(tx: Tx) -> int:
    """The last position there is; 0 in an empty log. Everything up to it can be read."""
    return int(await tx.value(HEAD, tx.tenant) or 0)


def event(record: Row) -> Event:
    return Event(**record)


class CloudEvent(msgspec.Struct, frozen=True):
    """CloudEvents 1.0, structured JSON. `position` (its place in the tenant's log, from 1, without gaps) and
    `recordedtime` (when the server wrote it) are our extension attributes."""

    specversion: str
    """Always `1.0`."""
    id: UUID
    source: str
    """Which installation tells it."""
    type: str
    subject: str
    time: datetime
    """When it happened, as well as the server can tell."""
    datacontenttype: str
    """Always `application/json`."""
    data: dict[str, Any]
    """What the event's type says of it: docs/events.md."""
    position: int
    recordedtime: datetime


def to_cloudevent(event: Event, source: str) -> CloudEvent:
    """`source` is where the tenant's events come from, a URI."""
    return CloudEvent(
        specversion="1.0",
        id=event.id,
        source=source,
        type=event.type,
        subject=event.subject,
        time=event.time,
        datacontenttype="application/json",
        data=event.data,
        position=event.position,
        recordedtime=event.recorded,
    )
