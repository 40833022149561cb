"""The rows of webhooks, and every statement on them. Private to this feature."""

from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from cranny.platform import events
from cranny.webhooks.lifecycle import ENDPOINT, MESSAGE, Endpoint, Message

events.register(ENDPOINT, table="webhook_endpoints", subject="webhook-endpoints")
events.register(MESSAGE, table="webhook_messages", subject="webhook-messages")


class EndpointRow(msgspec.Struct, frozen=True):
    """`types` are patterns of event types, none of them means all. `position` is how far in the log messages have been
    made. `failures` in a row; while `open_until` is ahead nothing is sent."""

    tenant: UUID
    id: UUID
    url: str
    description: str
    types: list[str]
    state: Endpoint
    secret: bytes
    old_secret: bytes | None
    old_until: datetime | None
    position: int
    failures: int
    open_until: datetime | None
    created: datetime


class MessageRow(msgspec.Struct, frozen=True):
    """One event for one endpoint; `position` is the event's, 0 for a test. Somebody is at it until `leased_until`."""

    tenant: UUID
    id: UUID
    endpoint: UUID
    event: UUID
    type: str
    subject: str
    position: int
    state: Message
    tries: int
    next_at: datetime
    leased_until: datetime | None
    give_up_at: datetime
    created: datetime
    done_at: datetime | None


class AttemptRow(msgspec.Struct, frozen=True):
    """`status` is HTTP's, None when there was no answer: `error` says why."""

    tenant: UUID
    message: UUID
    number: int
    at: datetime
    status: int | None
    ms: int
    answer: str
    error: str


TABLES: Final = {
    "webhook_endpoints": EndpointRow,
    "webhook_messages": MessageRow,
    "webhook_attempts": AttemptRow,
}

# ---------------------------------------------------------------- endpoints

ADD_ENDPOINT: Final = """
INSERT INTO webhook_endpoints (tenant, id, url, description, types, state, secret, position, created)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""
GET_ENDPOINT: Final = "SELECT * FROM webhook_endpoints WHERE tenant = $1 AND id = $2 AND state <> 'removed'"
HOLD_ENDPOINT: Final = """
SELECT * FROM webhook_endpoints WHERE tenant = $1 AND id = $2 AND state <> 'removed' FOR NO KEY UPDATE
"""
LIST_ENDPOINTS: Final = """
SELECT * FROM webhook_endpoints WHERE tenant = $1 AND id > $2 AND state <> 'removed' ORDER BY id LIMIT $3
"""
COUNT_ENDPOINTS: Final = "SELECT count(*) FROM webhook_endpoints WHERE tenant = $1 AND state <> 'removed'"
CHANGE_ENDPOINT: Final = """
UPDATE webhook_endpoints SET url = $3, description = $4, types = $5 WHERE tenant = $1 AND id = $2
"""
ROTATE: Final = """
UPDATE webhook_endpoints SET old_secret = secret, old_until = $4, secret = $3 WHERE tenant = $1 AND id = $2
"""
FRESH: Final = """
UPDATE webhook_endpoints SET position = $3, failures = 0, open_until = NULL WHERE tenant = $1 AND id = $2
"""
FORGET_SECRETS: Final = """
UPDATE webhook_endpoints SET secret = '', old_secret = NULL, old_until = NULL WHERE tenant = $1 AND id = $2
"""
FORGET_OLD: Final = """
UPDATE webhook_endpoints SET old_secret = NULL, old_until = NULL WHERE tenant = $1 AND old_until <= $2
"""

# ---------------------------------------------------------------- making messages

BEHIND: Final = """
SELECT * FROM webhook_endpoints
WHERE tenant = $1 AND state = 'on' AND position < (SELECT position FROM log_heads WHERE tenant = $1)
ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
"""
REACHED: Final = "UPDATE webhook_endpoints SET position = $3 WHERE tenant = $1 AND id = $2"
ADD_MESSAGES: Final = """
INSERT INTO webhook_messages (tenant, id, endpoint, event, type, subject, position, state, next_at, give_up_at, created)
SELECT $1, m.id, $2, m.event, m.type, m.subject, m.position, $3, $4, $5, $4
FROM unnest($6::uuid[], $7::uuid[], $8::text[], $9::text[], $10::bigint[]) AS m (id, event, type, subject, position)
"""

# ---------------------------------------------------------------- sending them

READY: Final = """
SELECT * FROM webhook_endpoints AS e
WHERE tenant = $1 AND state = 'on' AND (open_until IS NULL OR open_until <= $2)
  AND EXISTS (SELECT FROM webhook_messages m WHERE m.tenant = $1 AND m.endpoint = e.id AND m.state = 'waiting')
ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
"""
UNDER_WAY: Final = """
SELECT count(*) FROM webhook_messages
WHERE tenant = $1 AND endpoint = $2 AND state = 'waiting' AND leased_until > $3
"""
HEADS: Final = """
SELECT heads.* FROM (
    SELECT DISTINCT ON (subject) * FROM webhook_messages WHERE tenant = $1 AND endpoint = $2 AND state = 'waiting'
    ORDER BY subject, position, id
) AS heads
WHERE next_at <= $3 AND (leased_until IS NULL OR leased_until <= $3)
ORDER BY next_at, position, id LIMIT $4
"""
LEASE: Final = "UPDATE webhook_messages SET leased_until = $3 WHERE tenant = $1 AND id = ANY($2::uuid[])"
HOLD_MESSAGE: Final = "SELECT * FROM webhook_messages WHERE tenant = $1 AND id = $2 FOR NO KEY UPDATE"
ADD_ATTEMPT: Final = """
INSERT INTO webhook_attempts (tenant, message, number, at, status, ms, answer, error)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""
TRIED: Final = """
UPDATE webhook_messages SET tries = $3, next_at = $4, leased_until = NULL, done_at = $5 WHERE tenant = $1 AND id = $2
"""
HEALTH: Final = "UPDATE webhook_endpoints SET failures = $3, open_until = $4 WHERE tenant = $1 AND id = $2"

# ---------------------------------------------------------------- looking, and looking after them

GET_MESSAGE: Final = "SELECT * FROM webhook_messages WHERE tenant = $1 AND id = $2"
# Newest first: ids grow with time.
LIST_MESSAGES: Final = """
SELECT * FROM webhook_messages WHERE tenant = $1 AND id < $2 AND ($4::text IS NULL OR state = $4)
ORDER BY id DESC LIMIT $3
"""
LIST_MESSAGES_TO: Final = """
SELECT * FROM webhook_messages WHERE tenant = $1 AND endpoint = $5 AND id < $2 AND ($4::text IS NULL OR state = $4)
ORDER BY id DESC LIMIT $3
"""
ATTEMPTS: Final = "SELECT * FROM webhook_attempts WHERE tenant = $1 AND message = $2 ORDER BY number"
AGAIN: Final = """
UPDATE webhook_messages SET next_at = $3, give_up_at = $4, done_at = NULL WHERE tenant = $1 AND id = $2
"""
WAITING_FOR: Final = "SELECT id FROM webhook_messages WHERE tenant = $1 AND endpoint = $2 AND state = 'waiting'"
LATE: Final = """
SELECT * FROM webhook_messages WHERE tenant = $1 AND state = 'waiting' AND give_up_at <= $2
ORDER BY give_up_at LIMIT $3 FOR NO KEY UPDATE SKIP LOCKED
"""
DONE: Final = "UPDATE webhook_messages SET done_at = $3, leased_until = NULL WHERE tenant = $1 AND id = ANY($2::uuid[])"
FORGET: Final = """
DELETE FROM webhook_messages WHERE (tenant, id) IN (
    SELECT tenant, id FROM webhook_messages WHERE tenant = $1 AND done_at < $2 ORDER BY done_at LIMIT $3
)
"""
# What the other sides answered is in their own words: nobody can say whom they name.
UNSAY: Final = "UPDATE webhook_attempts SET answer = '' WHERE tenant = $1 AND answer <> ''"
ANSWERS: Final = """
SELECT person FROM erasures AS e WHERE tenant = $1 AND person = ANY($2::uuid[])
    AND EXISTS (SELECT FROM webhook_attempts AS a WHERE a.tenant = e.tenant AND a.answer <> '' AND a.at <= e.at)
ORDER BY person
"""
SENT: Final = """
SELECT m.type, m.subject, p.url, m.state, m.created, m.done_at FROM webhook_messages AS m
JOIN webhook_endpoints AS p ON p.tenant = m.tenant AND p.id = m.endpoint
JOIN events AS e ON e.tenant = m.tenant AND e.id = m.event
WHERE m.tenant = $1 AND position($2 IN e.data::text) > 0 ORDER BY m.created, m.id
"""
STUCK: Final = """
SELECT id, give_up_at FROM webhook_messages WHERE tenant = $1 AND state = 'waiting' AND give_up_at <= $2
"""
