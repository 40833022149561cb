"""The rows of commands, and every statement on them."""

from datetime import datetime
from typing import Final, Literal
from uuid import UUID

import msgspec

from cranny.fleet.commands.lifecycle import COMMAND, CommandState
from cranny.platform import events

events.register(COMMAND, table="commands", subject="commands")

Action = Literal["open", "open_all", "reboot", "take_out", "put_back", "inventory", "token"]
"""`token` is sent to no bank: it is the leave to have a token signed, for one door as it is now."""
Why = Literal["", "count", "high-security", "open-all", "inventory"]
"""Why a second person has to agree; empty where nobody has to."""


class CommandRow(msgspec.Struct, frozen=True):
    """`doors` with the `generations` that whoever asked had seen there. `expires`: until when somebody may confirm it,
    and once it is issued, until when an answer is waited for. (`boot`, `token_mono`, `ttl_ms`) are what the bank's own
    clock says of how long it may be obeyed. `acknowledged`: the bank said that it has it, which is not yet that it did
    it. `answer` is why it was refused, `opened` which doors were seen open."""

    tenant: UUID
    id: UUID
    state: CommandState
    bank: UUID
    action: Action
    doors: list[str]
    generations: list[int]
    reason: str
    second_person: Why
    asked_by: UUID
    confirmed_by: UUID | None
    created: datetime
    expires: datetime
    sent: datetime | None
    boot: UUID | None
    epoch: int
    token_mono: int
    ttl_ms: int
    acknowledged: datetime | None
    settled: datetime | None
    answer: str
    opened: list[str]
    asked_kind: Literal["key", "person"]
    confirmed_kind: Literal["key", "person"] | None


TABLES: Final[dict[str, type[msgspec.Struct]]] = {"commands": CommandRow}

ASKED_BY: Final = """
SELECT id, bank, action, doors, reason, state, created FROM commands
WHERE tenant = $1 AND asked_kind = 'person' AND asked_by = $2 ORDER BY created
"""
UNSAY_BY: Final = """
UPDATE commands SET reason = '' WHERE tenant = $1 AND asked_kind = 'person' AND asked_by = $2 AND reason <> ''
RETURNING id
"""
SAID_BY: Final = """
SELECT DISTINCT asked_by FROM commands
WHERE tenant = $1 AND asked_kind = 'person' AND asked_by = ANY($2::uuid[]) AND reason <> '' ORDER BY asked_by
"""
# What was said of doors under these generations.
UNSAY_AT: Final = """
UPDATE commands AS c SET reason = ''
FROM unnest($2::uuid[], $3::text[], $4::bigint[]) AS place (bank, door, generation)
WHERE c.tenant = $1 AND c.bank = place.bank AND reason <> ''
    AND c.generations[array_position(c.doors, place.door)] = place.generation
RETURNING c.id
"""
UNSAY_OLD: Final = """
UPDATE commands SET reason = '' WHERE (tenant, id) IN (
    SELECT tenant, id FROM commands WHERE tenant = $1 AND created < $2 AND reason <> '' ORDER BY created LIMIT $3
)
"""
ADD: Final = """
INSERT INTO commands (tenant, id, state, bank, action, doors, generations, reason, second_person, asked_by,
    asked_kind, created, expires)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT DO NOTHING RETURNING id
"""
GET: Final = "SELECT * FROM commands WHERE tenant = $1 AND id = $2"
NEWEST: Final = """
SELECT * FROM commands
WHERE tenant = $1 AND id < $2 AND ($3::uuid IS NULL OR bank = $3) AND ($4::text IS NULL OR state = $4)
    AND ($5::text IS NULL OR $5 = ANY(doors))
ORDER BY id DESC LIMIT $6
"""
AWAITING: Final = """
SELECT * FROM commands WHERE tenant = $1 AND bank = $2 AND state = 'awaiting_confirmation' AND expires > $3
ORDER BY id LIMIT 100
"""
# Of one person one request is counted after the other: twenty at once do not all see three before them.
LOCK_ASKER: Final = "SELECT pg_advisory_xact_lock(hashtextextended('command/' || $1::uuid, 0))"
COUNT: Final = """
SELECT count(*) FROM commands
WHERE tenant = $1 AND asked_by = $2 AND created > $3 AND action IN ('open', 'token')
    AND state NOT IN ('refused', 'declined', 'lapsed')
"""
HEARD: Final = """
SELECT state, last_beat, boot, head_epoch, token, mono_ms FROM bank_desks WHERE tenant = $1 AND id = $2
"""
SEND: Final = """
UPDATE commands SET sent = $3, expires = $4, boot = $5, epoch = $6, token_mono = $7, ttl_ms = $8,
    confirmed_by = $9, confirmed_kind = $10
WHERE tenant = $1 AND id = $2
"""
# A token is agreed to, and signed once for that.
ALLOW: Final = """
UPDATE commands SET settled = $3, confirmed_by = $4, confirmed_kind = $5 WHERE tenant = $1 AND id = $2
"""
USE: Final = """
UPDATE commands SET acknowledged = $3 WHERE tenant = $1 AND id = $2 AND acknowledged IS NULL AND settled > $4
RETURNING id
"""
ACKNOWLEDGE: Final = "UPDATE commands SET acknowledged = $3 WHERE tenant = $1 AND id = $2 AND acknowledged IS NULL"
SETTLE: Final = """
UPDATE commands SET settled = $3, answer = $4, opened = $5, acknowledged = coalesce(acknowledged, $6)
WHERE tenant = $1 AND id = $2
"""
OVER: Final = """
SELECT id, state FROM commands
WHERE tenant = $1 AND state IN ('awaiting_confirmation', 'issued') AND expires <= $2
ORDER BY id LIMIT 500 FOR NO KEY UPDATE SKIP LOCKED
"""
# The bank was heard when the command could not be obeyed any more, all that it had in its journal then is here, and
# nothing of it names the command: it never arrived, and never will. Of a box whose journal was lost nobody can say so.
OVERTAKEN: Final = """
SELECT c.id FROM commands c
JOIN bank_desks d ON d.tenant = c.tenant AND d.id = c.bank
JOIN bank_uplinks u ON u.tenant = c.tenant AND u.bank = c.bank
WHERE c.tenant = $1 AND c.state = 'unknown' AND d.last_beat > c.sent
    AND (d.boot <> c.boot OR d.mono_ms > c.token_mono + c.ttl_ms)
    AND u.epoch = c.epoch AND d.head_epoch = c.epoch AND u.seq >= d.head AND NOT u.forked
    AND NOT EXISTS (
        SELECT FROM events e WHERE e.tenant = c.tenant AND e.recorded >= c.created
            AND e.type IN ('opening.intended', 'command.taken', 'command.answered')
            AND e.subject = ANY (array_prepend('banks/' || c.bank,
                ARRAY(SELECT 'banks/' || c.bank || '/doors/' || door FROM unnest(c.doors) AS door)))
            AND e.data ->> 'command' = c.id::text
    )
ORDER BY c.id LIMIT 100 FOR NO KEY UPDATE OF c SKIP LOCKED
"""
AUDIT: Final = """
SELECT e.data ->> 'command' AS id, count(*) AS times FROM events e
WHERE e.tenant = $1 AND e.type = 'command.answered' AND e.data ->> 'outcome' = 'executed'
GROUP BY e.data ->> 'command' HAVING count(*) > 1
"""
WHERE: Final = "SELECT bank FROM commands WHERE tenant = $1 AND id = $2"
