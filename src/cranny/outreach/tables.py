"""The rows of outreach, and every statement on them. Private to this feature."""

from datetime import datetime
from typing import Final, Literal
from uuid import UUID

import msgspec

from cranny.outreach.lifecycle import NOTICE, Notice
from cranny.platform import events

events.register(NOTICE, table="notices", subject="notices")

Kind = Literal[
    "ready_to_collect",
    "reminder",
    "overdue",
    "taken_back",
    "operator_opened",
    "spoiled",
    "sign_in",
    "invitation",
    "preferences",
]
"""What a message tells."""


class NoticeRow(msgspec.Struct, frozen=True):
    """(`grant_id`, `kind`, `number`) is told once. `about` are the deliveries it tells of. `channel` is the one it is
    tried on, or went out by, `since` when its turn began and `tries` how often; the channels in `refused` have said
    no for good. `error` is the last one's code, `receipt` the provider's id. Nobody tries after
    `give_up_at`, nor before `held_until`, when its person's quiet hours end."""

    tenant: UUID
    id: UUID
    grant_id: UUID
    kind: Kind
    number: int
    person: UUID
    about: list[UUID]
    state: Notice
    channel: str | None
    since: datetime | None
    tries: int
    refused: list[str]
    error: str
    receipt: str
    created: datetime
    give_up_at: datetime
    sent_at: datetime | None
    held_until: datetime | None = None


TABLES: Final = {"notices": NoticeRow}

ADD: Final = """
INSERT INTO notices (tenant, id, grant_id, kind, number, person, about, state, created, give_up_at, held_until)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
ON CONFLICT ON CONSTRAINT notices_once DO NOTHING
RETURNING id
"""

GET: Final = "SELECT * FROM notices WHERE tenant = $1 AND id = $2"

OF_GRANTS: Final = """
SELECT * FROM notices WHERE tenant = $1 AND grant_id = ANY($2::uuid[]) ORDER BY grant_id, kind, number
"""

TRIED: Final = """
UPDATE notices SET channel = $3, since = $4, tries = $5, refused = $6, error = $7 WHERE tenant = $1 AND id = $2
"""

HOLD: Final = "UPDATE notices SET held_until = $3, give_up_at = $4 WHERE tenant = $1 AND id = $2"

TAKEN: Final = """
UPDATE notices SET channel = $3, since = $4, tries = $5, receipt = $6, sent_at = $7, error = ''
WHERE tenant = $1 AND id = $2
"""

EXPIRED: Final = """
SELECT * FROM notices WHERE tenant = $1 AND state = 'queued' AND give_up_at <= $2
ORDER BY give_up_at LIMIT $3 FOR NO KEY UPDATE SKIP LOCKED
"""

STUCK: Final = """
SELECT * FROM notices WHERE tenant = $1 AND state = 'queued' AND give_up_at <= $2 ORDER BY give_up_at
"""

# Newest first: ids grow with time. Each filter has a statement of its own.
LIST: Final = "SELECT * FROM notices WHERE tenant = $1 AND id < $2 ORDER BY id DESC LIMIT $3"
LIST_STATE: Final = "SELECT * FROM notices WHERE tenant = $1 AND id < $2 AND state = $4 ORDER BY id DESC LIMIT $3"
LIST_GRANT: Final = """
SELECT * FROM notices WHERE tenant = $1 AND id < $2 AND grant_id = $4 AND ($5::text IS NULL OR state = $5)
ORDER BY id DESC LIMIT $3
"""
OF_PERSON: Final = "SELECT * FROM notices WHERE tenant = $1 AND person = $2 ORDER BY id"
FORGET_OF: Final = "DELETE FROM notices WHERE tenant = $1 AND person = $2"
REMAINS: Final = "SELECT DISTINCT person FROM notices WHERE tenant = $1 AND person = ANY($2::uuid[]) ORDER BY person"
# Messages about nothing but their person: links to sign in and to choose.
FORGET_LINKS: Final = """
DELETE FROM notices WHERE (tenant, id) IN (
    SELECT tenant, id FROM notices WHERE tenant = $1 AND created < $2 AND state <> 'queued' AND about = '{}'
    ORDER BY created LIMIT $3
)
"""
FORGET_ABOUT: Final = """
DELETE FROM notices WHERE tenant = $1 AND state <> 'queued' AND person = ANY($2::uuid[]) AND about <@ $3::uuid[]
    AND about <> '{}'
"""
WHERE: Final = "SELECT person FROM notices WHERE tenant = $1 AND id = $2"
