"""What people wrote, beside the log: reasons, references, senders' names.

Words may name somebody, and the log is for ever. So an event holds a salted digest of them, and they lie in a row of
their own: they are read with the event for as long as they are there, and when they are erased the chain still holds.
"""

import hmac
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import cbor2
import msgspec

from cranny.core.events import Event, NewEvent
from cranny.platform import rows
from cranny.platform.db import Tx

KEY: Final = "said"
"""In an event's data: the digest of its words. Nobody else may use it."""
ERASED: Final = "said_erased"
"""What stands in the data that is read, once the words are gone."""
_SALT: Final = 32

ADD: Final = """
INSERT INTO event_words (tenant, event, words, salt, written)
SELECT $1, w.event, w.words, w.salt, $2 FROM unnest($3::uuid[], $4::jsonb[], $5::bytea[]) AS w (event, words, salt)
"""
GET: Final = "SELECT * FROM event_words WHERE tenant = $1 AND event = ANY($2::uuid[])"
FORGET: Final = """
DELETE FROM event_words WHERE (tenant, event) IN (
    SELECT tenant, event FROM event_words WHERE tenant = $1 AND written < $2 ORDER BY written LIMIT $3
)
"""
# What was said of a door under one generation: why a token was issued for it, what lay spoiled behind it.
FORGET_AT: Final = """
DELETE FROM event_words AS w USING events AS e, unnest($2::text[], $3::text[], $4::bigint[]) AS place (bank, door, n)
WHERE w.tenant = $1 AND e.tenant = $1 AND e.id = w.event AND e.data ->> 'bank' = place.bank
    AND e.data ->> 'door' = place.door AND e.data -> 'generation' = to_jsonb(place.n)
"""
FORGET_ABOUT: Final = """
DELETE FROM event_words AS w USING events AS e
WHERE w.tenant = $1 AND e.tenant = $1 AND e.id = w.event AND e.subject = ANY($2::text[])
"""
ABOUT: Final = """
SELECT w.event, w.words, e.type, e.subject, e.time FROM event_words AS w
JOIN events AS e ON e.tenant = w.tenant AND e.id = w.event
WHERE w.tenant = $1 AND e.subject = ANY($2::text[]) ORDER BY e.time, e.id
"""


class EventWordsRow(msgspec.Struct, frozen=True):
    tenant: UUID
    event: UUID
    words: dict[str, Any]
    salt: bytes
    written: datetime


def sealed(tx: Tx, event: NewEvent) -> tuple[dict[str, Any], bytes]:
    """(the event's data with the digest of its words, the salt). Without words: as it is, and no salt."""
    if not event.said:
        return event.data, b""
    salt = tx.rng.bytes(_SALT)
    return {**event.data, KEY: digest(salt, event.said).hex()}, salt


def digest(salt: bytes, words: Mapping[str, Any]) -> bytes:
    """HMAC-SHA256 over the deterministic CBOR of `words`."""
    return hmac.digest(salt, cbor2.dumps(dict(words), canonical=True), "sha256")


async def keep(tx: Tx, said: Sequence[tuple[UUID, Mapping[str, str], bytes]]) -> None:
    """The words of events, as (event, words, salt)."""
    if said:
        ids, words, salts = zip(*said, strict=True)
        await tx.run(ADD, tx.tenant, tx.now(), list(ids), [dict(one) for one in words], list(salts))


async def of(tx: Tx, events: Collection[UUID]) -> dict[UUID, EventWordsRow]:
    """The words of those of `events` that have any."""
    if not events:
        return {}
    return {row.event: row for row in rows.every(EventWordsRow, await tx.all(GET, tx.tenant, list(events)))}


async def heard(tx: Tx, events: Sequence[Event]) -> list[Event]:
    """`events` with their words in the data, in place of the digest; `said_erased` where they are gone."""
    known = await of(tx, [event.id for event in events if KEY in event.data])
    return [_with(event, known.get(event.id)) if KEY in event.data else event for event in events]


def _with(event: Event, row: EventWordsRow | None) -> Event:
    data = {name: value for name, value in event.data.items() if name != KEY}
    return replace(event, data={**data, **row.words} if row else {**data, ERASED: True})


async def about(tx: Tx, subjects: Collection[str]) -> list[dict[str, Any]]:
    """What was said about `subjects`, oldest first: event's type, subject, time and the words."""
    found = await tx.all(ABOUT, tx.tenant, list(subjects))
    return [{"type": row["type"], "about": row["subject"], "at": row["time"], **row["words"]} for row in found]


async def forget_about(tx: Tx, subjects: Collection[str]) -> int:
    """Erase what was said about `subjects`. Returns of how many events."""
    return int((await tx.run(FORGET_ABOUT, tx.tenant, list(subjects))).rsplit(maxsplit=1)[-1])


async def forget_at(tx: Tx, places: Collection[tuple[UUID, str, int]]) -> int:
    """Erase what was said of these doors (bank, label, generation). Returns of how many events."""
    columns = [list(column) for column in zip(*((str(bank), *rest) for bank, *rest in places), strict=True)]
    return int((await tx.run(FORGET_AT, tx.tenant, *columns)).rsplit(maxsplit=1)[-1]) if places else 0


async def forget(tx: Tx, before: datetime, at_most: int) -> int:
    """Erase what was said before that. Returns of how many events."""
    return int((await tx.run(FORGET, tx.tenant, before, at_most)).rsplit(maxsplit=1)[-1])
