"""Events are written in the transaction that did what they tell of; states move nowhere else than here.

`move` is the only writer of a `state` column. It is set-based: one statement moves any number of subjects,
each guarded by the state that its row of the table starts from.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

from cranny.core.errors import NotFound, Refused
from cranny.core.events import NewEvent
from cranny.core.lifecycle import Lifecycle
from cranny.platform import said
from cranny.platform.db import Tx
from cranny.wire import subjects

S = TypeVar("S", bound=StrEnum)
T = TypeVar("T", bound=StrEnum)

NEVER: Final = frozenset({"authorization", "claim", "code", "password", "pin", "qr", "secret", "token"})
"""Keys that an event's data must not have: the log is for ever and many read it."""

RECORD: Final = """
INSERT INTO events (tenant, id, type, subject, time, recorded, data)
SELECT $1, e.id, e.type, e.subject, e.time, $2, e.data
FROM unnest($3::uuid[], $4::text[], $5::text[], $6::timestamptz[], $7::jsonb[])
     WITH ORDINALITY AS e (id, type, subject, time, data, n)
ORDER BY e.n
"""

_MOVE: Final = """
WITH rows (before, after) AS (SELECT * FROM unnest($3::text[], $4::text[])),
held AS (
    SELECT id, state FROM {table} WHERE tenant = $1 AND id = ANY($2::uuid[]) ORDER BY id FOR NO KEY UPDATE
),
moved AS (
    UPDATE {table} AS t SET state = rows.after
    FROM held JOIN rows ON rows.before = held.state
    WHERE t.tenant = $1 AND t.id = held.id
    RETURNING t.id
)
SELECT held.id, held.state, moved.id IS NOT NULL AS moved FROM held LEFT JOIN moved USING (id)
"""
# `held` takes the locks in the order of ids, so that two moves never wait for each other in a circle. It reads
# the newest committed state: a subject that another transaction has just moved is judged by where it is now.
# That is why the guard compares `held.state`, locked and fresh; `t.state` is as old as the statement's start.

_NAME: Final = re.compile(r"[a-z][a-z_]*")


@dataclass(frozen=True, slots=True)
class _Home:
    subject: str
    sql: str


@dataclass(frozen=True, slots=True)
class Moved(Generic[S]):
    """One subject that moved; `emitted` is the type of the event that tells of it."""

    id: UUID
    before: S
    after: S
    emitted: str | None


_homes: dict[str, _Home] = {}


def register(life: Lifecycle[Any, Any], *, table: str, subject: str) -> None:
    """Say where the subjects of `life` live: `table` has the columns tenant, id, state; events about one have
    the subject `<subject>/<id>`. Called once, by the feature's `tables.py`."""
    if not _NAME.fullmatch(table):
        raise ValueError(f"not a table name: {table}")
    _homes[life.name] = _Home(subject, _MOVE.format(table=table))


def move_statements() -> dict[str, str]:
    """The statement of each registered lifecycle: for the test that prepares every statement."""
    return {name: home.sql for name, home in _homes.items()}


async def record(
    tx: Tx, events: Sequence[NewEvent], *, time: datetime | Sequence[datetime] | None = None
) -> list[UUID]:
    """Write `events` in this order. `time` is when they happened: one moment for all, or one for each;
    now when left out. Returns their ids."""
    if not events:
        return []
    now = tx.now()
    ids = [tx.ids.new() for _ in events]
    bodies = [said.sealed(tx, event) for event in events]
    await tx.run(
        RECORD,
        tx.tenant,
        now,
        ids,
        [event.type for event in events],
        [event.subject for event in events],
        _times(time if time is not None else now, len(events)),
        [_clean(event, body) for event, (body, _) in zip(events, bodies, strict=True)],
    )
    await said.keep(
        tx, [(id_, event.said, salt) for id_, event, (_, salt) in zip(ids, events, bodies, strict=True) if salt]
    )
    tx.poke(subjects.outbox(tx.tenant))
    return ids


async def move(
    tx: Tx,
    life: Lifecycle[S, T],
    ids: Sequence[UUID],
    trigger: T,
    *,
    data: Mapping[UUID, dict[str, Any]] | None = None,
    words: Mapping[str, str] | None = None,
    when: datetime | None = None,
    strict: bool = True,
) -> list[Moved[S]]:
    """Apply `trigger` to every one of `ids`, and record the event of each row that emits one, with `data[id]`
    and `from`, `to` and, for a row that surprises, `why`. `words` are somebody's own, said of each (`NewEvent.said`).
    Returns the moved ones in the order of `ids`.

    All or nothing: raises NotFound, code `<name>-not-found`, for an unknown id, and Refused, code
    `<name>-<trigger>-when-<state>`, for one whose state has no such row. With `strict=False` those are left
    out instead. Their rows stay locked until the end of the transaction.
    """
    home = _homes[life.name]
    rows = life.rows(trigger)
    wanted = list(dict.fromkeys(ids))
    found = {
        record["id"]: record
        for record in await tx.all(
            home.sql, tx.tenant, wanted, [state for state, _ in rows], [row.to for _, row in rows]
        )
    }
    if strict:
        _insist(life, wanted, trigger, {id_: record["state"] for id_, record in found.items()})
    kind = type(life.start)
    moved: list[Moved[S]] = []
    told: list[NewEvent] = []
    for id_ in wanted:
        if id_ not in found or not found[id_]["moved"]:
            continue
        before = kind(found[id_]["state"])
        row = life.move(before, trigger)
        moved.append(Moved(id_, before, row.to, row.emits))
        if row.emits:
            why = {"why": row.why} if row.why else {}
            body = {**(data or {}).get(id_, {}), "from": before, "to": row.to, **why}
            told.append(NewEvent(row.emits, f"{home.subject}/{id_}", body, dict(words or {})))
    await record(tx, told, time=when)
    return moved


def _insist(life: Lifecycle[S, T], wanted: Sequence[UUID], trigger: T, states: Mapping[UUID, str]) -> None:
    kind = type(life.start)
    for id_ in wanted:
        if id_ not in states:
            raise NotFound(f"There is no {life.name} {id_}.", code=f"{life.name}-not-found".replace("_", "-"))
        try:
            life.move(kind(states[id_]), trigger)
        except Refused as refused:
            refused.extra["id"] = str(id_)
            raise


def _times(time: datetime | Sequence[datetime], n: int) -> list[datetime]:
    if isinstance(time, datetime):
        return [time] * n
    if len(time) != n:
        raise ValueError(f"{n} events and {len(time)} times")
    return list(time)


def _clean(event: NewEvent, body: dict[str, Any]) -> dict[str, Any]:
    names = event.data.keys() | event.said.keys()
    if not NEVER.isdisjoint(names):
        raise ValueError(f"{event.type} holds {sorted(NEVER & names)}: secrets never go into the log")
    if not event.data.keys().isdisjoint({said.KEY, *event.said}):
        raise ValueError(f"{event.type} says in its data what lies beside the log")
    return body
