"""Reactions follow the log: each event is handled in order, its effect and the cursor in one transaction.

A subject whose event can't be handled is parked, with an alarm event; its later events wait behind in order and
are tried again with growing pauses, while all other subjects go on. A reaction reads and writes the database
only; whatever must happen outside it asks for with a job.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec
import structlog

from cranny.core.backoff import doubled
from cranny.core.errors import CrannyError
from cranny.core.events import Event, NewEvent
from cranny.platform import events
from cranny.platform.db import Database, Row, Tx
from cranny.platform.rounds import Rounds
from cranny.platform.violation import Violation
from cranny.wire import subjects
from cranny.wire.brokers import Broker

BATCH: Final = 200
WINDOW: Final = 5000
"""Positions looked at in one step, so that a reaction to rare events moves on too."""
FIRST_PAUSE: Final = timedelta(seconds=1)
LONGEST_PAUSE: Final = timedelta(hours=1)

BEHIND: Final = """
WITH asked AS (
    SELECT name, array_agg(type) AS types FROM unnest($2::text[], $3::text[]) AS a (name, type) GROUP BY name
), known AS (
    SELECT a.name, a.types, c.position AS reached, coalesce(c.position, 0) AS position, h.position AS head,
        EXISTS (
            SELECT FROM reaction_parked p WHERE p.tenant = $1 AND p.reaction = a.name AND p.retry_at <= $4
        ) AS due
    FROM asked a JOIN log_heads h ON h.tenant = $1
    LEFT JOIN reaction_cursors c ON c.tenant = $1 AND c.reaction = a.name
)
SELECT name, due, head, reached IS NOT NULL AND head <= position + $5 AND NOT EXISTS (
    SELECT FROM events e
    WHERE e.tenant = $1 AND e.position > known.position AND e.position <= known.head AND e.type = ANY(known.types)
) AS nothing FROM known WHERE position < head OR due
"""
SKIP_AHEAD: Final = """
UPDATE reaction_cursors SET position = $3
FROM (
    SELECT reaction FROM reaction_cursors WHERE tenant = $1 AND reaction = ANY($2::text[]) AND position < $3
    FOR NO KEY UPDATE SKIP LOCKED
) AS free
WHERE tenant = $1 AND reaction_cursors.reaction = free.reaction
"""
START: Final = """
INSERT INTO reaction_cursors (tenant, reaction, position) VALUES ($1, $2, 0) ON CONFLICT DO NOTHING
"""
TAKE: Final = """
SELECT position, (SELECT position FROM log_heads WHERE tenant = $1) AS head FROM reaction_cursors
WHERE tenant = $1 AND reaction = $2 FOR NO KEY UPDATE SKIP LOCKED
"""
NEXT: Final = """
SELECT id, tenant, type, subject, time, recorded, data, position, EXISTS (
    SELECT FROM reaction_parked p WHERE p.tenant = $1 AND p.reaction = $6 AND p.subject = events.subject
) AS waits FROM events
WHERE tenant = $1 AND position > $2 AND position <= $3 AND type = ANY($4::text[])
ORDER BY position LIMIT $5
"""
ADVANCE: Final = "UPDATE reaction_cursors SET position = $3 WHERE tenant = $1 AND reaction = $2"
PARK: Final = """
INSERT INTO reaction_parked (tenant, reaction, position, subject, tries, retry_at, error)
VALUES ($1, $2, $3, $4, $5, $6, $7)
"""
DUE: Final = """
SELECT DISTINCT subject FROM reaction_parked WHERE tenant = $1 AND reaction = $2 AND retry_at <= $3 LIMIT 50
"""
PARKED: Final = """
SELECT e.id, e.tenant, e.type, e.subject, e.time, e.recorded, e.data, e.position, p.tries
FROM reaction_parked p JOIN events e ON e.tenant = p.tenant AND e.position = p.position
WHERE p.tenant = $1 AND p.reaction = $2 AND p.subject = $3 ORDER BY p.position LIMIT $4
"""
RELEASE: Final = "DELETE FROM reaction_parked WHERE tenant = $1 AND reaction = $2 AND position = $3"
TRY_LATER: Final = """
UPDATE reaction_parked SET tries = $4, retry_at = $5, error = $6
WHERE tenant = $1 AND reaction = $2 AND position = $3
"""
STUCK: Final = """
SELECT reaction, position, subject, error FROM reaction_parked WHERE tenant = $1 AND tries >= $2 ORDER BY position
"""
MANY_TRIES: Final = 3
"""After so many it is no passing trouble."""

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Reaction:
    """`handle` is called in the transaction that moves the cursor, once for every event of these types, in
    order per subject. It starts at the beginning of the log."""

    name: str
    types: frozenset[str]
    handle: Callable[[Tx, Event], Awaitable[None]]


class ReactionCursorRow(msgspec.Struct, frozen=True):
    tenant: UUID
    reaction: str
    position: int


class ReactionParkedRow(msgspec.Struct, frozen=True):
    """`tries` is 0 for an event that only waits behind another of its subject."""

    tenant: UUID
    reaction: str
    position: int
    subject: str
    tries: int
    retry_at: datetime
    error: str


class Reactor:
    """Runs in every worker; a reaction's cursor is locked by one at a time."""

    def __init__(self, db: Database, broker: Broker, reactions: Sequence[Reaction], *, every_s: float = 1.0) -> None:
        self._db = db
        self._reactions = {reaction.name: reaction for reaction in reactions}
        self._rounds = Rounds(
            db, broker, name="reactions", subject=subjects.ANY_LOG, work=self.catch_up, every_s=every_s
        )
        if len(self._reactions) != len(reactions):
            raise ValueError("two reactions have the same name")

    async def run(self) -> None:
        """Until cancelled."""
        await self._rounds.run()

    async def catch_up(self, tenant: UUID) -> int:
        """Handle everything that waits for `tenant`; returns how many events were dealt with. What a
        reaction records itself is handled when the sequencer has placed it."""
        going, dealt_with = await self._behind(tenant), 0
        # Step by step in turns: one with a long way to go does not hold up the others.
        while going:
            steps = [(reaction, await _advance(self._db, reaction, tenant)) for reaction in going]
            dealt_with += sum(step.handled for _, step in steps if step is not None)
            going = [reaction for reaction, step in steps if step is not None and step.more]
        return dealt_with

    async def _behind(self, tenant: UUID) -> list[Reaction]:
        """Those with something to do. Most events concern one or two of them: the others are moved past it together,
        and those whose parked subjects are due try them again."""
        asked = [(name, type_) for name, reaction in self._reactions.items() for type_ in reaction.types]
        names, types = zip(*asked, strict=True) if asked else ((), ())
        async with self._db.transaction(tenant) as tx:
            behind = await tx.all(BEHIND, tenant, names, types, tx.now(), WINDOW)
            if idle := [row["name"] for row in behind if row["nothing"]]:
                await tx.run(SKIP_AHEAD, tenant, idle, behind[0]["head"])
        for row in behind:
            if row["due"]:
                await retry_parked(self._db, self._reactions[row["name"]], tenant)
        return [self._reactions[row["name"]] for row in behind if not row["nothing"]]


@dataclass(frozen=True, slots=True)
class _Step:
    handled: int
    more: bool


async def advance(db: Database, reaction: Reaction, tenant: UUID) -> int | None:
    """One step: a batch of events in one transaction. Returns how many; None when nothing was left to do or
    another process is at it."""
    step = await _advance(db, reaction, tenant)
    return None if step is None else step.handled


async def _advance(db: Database, reaction: Reaction, tenant: UUID) -> _Step | None:
    try:
        async with db.transaction(tenant) as tx:
            return await _step(tx, reaction, careful=False)
    except Exception as error:  # noqa: BLE001 - told of by the careful step, which finds the culprit
        logger.info("reaction steps back", reaction=reaction.name, error=type(error).__name__)
    async with db.transaction(tenant) as tx:
        return await _step(tx, reaction, careful=True)


async def retry_parked(db: Database, reaction: Reaction, tenant: UUID) -> int:
    """Try the parked subjects whose pause is over. Returns how many events could be handled."""
    async with db.transaction(tenant) as tx:
        due = await tx.all(DUE, tenant, reaction.name, tx.now())
    handled = 0
    for row in due:
        async with db.transaction(tenant) as tx:
            handled += await _retry_subject(tx, reaction, row["subject"])
    return handled


async def _step(tx: Tx, reaction: Reaction, *, careful: bool) -> _Step | None:
    taken = await _take(tx, reaction)
    if taken is None or taken["position"] >= taken["head"]:
        return None
    position, head = taken["position"], taken["head"]
    until = min(head, position + WINDOW)
    found = await tx.all(NEXT, tx.tenant, position, until, list(reaction.types), BATCH, reaction.name)
    batch = [_plain(record, "waits") for record in found]
    parked = {record["subject"] for record in found if record["waits"]}
    for event in batch:
        if event.subject in parked:
            await _park(tx, reaction, event, tries=0, error="waits behind")
        elif careful:
            await _handle_or_park(tx, reaction, event, parked)
        else:
            await reaction.handle(tx, event)
    reached = batch[-1].position if len(batch) == BATCH else until
    await tx.run(ADVANCE, tx.tenant, reaction.name, reached)
    return _Step(len(batch), reached < head)


async def _take(tx: Tx, reaction: Reaction) -> Row | None:
    """Lock the cursor: its position, and the log's head. None when another process holds it."""
    row = await tx.one(TAKE, tx.tenant, reaction.name)
    if row is None:
        await tx.run(START, tx.tenant, reaction.name)
        row = await tx.one(TAKE, tx.tenant, reaction.name)
    return row


async def _handle_or_park(tx: Tx, reaction: Reaction, event: Event, parked: set[str]) -> None:
    try:
        async with tx.attempt():
            await reaction.handle(tx, event)
    except Exception as error:
        if tx.lost:
            raise
        logger.exception("reaction parked", reaction=reaction.name, subject=event.subject, position=event.position)
        parked.add(event.subject)
        await _park(tx, reaction, event, tries=1, error=_reason(error))
        await events.record(tx, [_alarm("reaction.parked", reaction, event)])


async def _park(tx: Tx, reaction: Reaction, event: Event, *, tries: int, error: str) -> None:
    retry_at = tx.now() + pause(tries)
    await tx.run(PARK, tx.tenant, reaction.name, event.position, event.subject, tries, retry_at, error)


async def _retry_subject(tx: Tx, reaction: Reaction, subject: str) -> int:
    if await _take(tx, reaction) is None:
        return 0
    rows = await tx.all(PARKED, tx.tenant, reaction.name, subject, BATCH)
    for handled, row in enumerate(rows):
        try:
            async with tx.attempt():
                await reaction.handle(tx, _plain(row, "tries"))
        except Exception as error:
            if tx.lost:
                raise
            logger.exception("reaction still parked", reaction=reaction.name, subject=subject)
            tries = row["tries"] + 1
            later = tx.now() + pause(tries)
            await tx.run(TRY_LATER, tx.tenant, reaction.name, row["position"], tries, later, _reason(error))
            return handled
        await tx.run(RELEASE, tx.tenant, reaction.name, row["position"])
    if rows and len(rows) < BATCH:
        await events.record(tx, [_alarm("reaction.resumed", reaction, _plain(rows[-1], "tries"))])
    return len(rows)


async def stuck(tx: Tx) -> list[Violation]:
    """I7: what happened is followed up. What can't be is told by an event as well (`reaction.parked`), and waits."""
    rows = await tx.all(STUCK, tx.tenant, MANY_TRIES)
    return [
        Violation("I7", row["subject"], f"{row['reaction']} can't handle event {row['position']}: {row['error']}")
        for row in rows
    ]


def pause(tries: int) -> timedelta:
    """1, 2, 4… seconds, an hour at most."""
    return doubled(FIRST_PAUSE, LONGEST_PAUSE, tries)


def _plain(row: Row, beside: str) -> Event:
    """The event of a row that holds `beside` as well."""
    return Event(**{key: value for key, value in row.items() if key != beside})


def _reason(error: Exception) -> str:
    return error.code if isinstance(error, CrannyError) else type(error).__name__


def _alarm(type_: str, reaction: Reaction, event: Event) -> NewEvent:
    data = {"reaction": reaction.name, "subject": event.subject, "position": event.position}
    return NewEvent(type_, f"reactions/{reaction.name}", data)
