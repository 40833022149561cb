"""Gives events their position after their commit, tenant by tenant, and chains them by hash.

A number taken inside the writing transaction is no place in a log: 11 can be committed before 10, and a reader
that has seen 11 would never look for 10. So positions are given here, by one process at a time (the tenant's
head row is locked), to what is committed, without gaps.
"""

import asyncio
import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import cbor2
import msgspec

from cranny.platform.db import Database, Tx
from cranny.platform.rounds import Rounds
from cranny.wire import subjects
from cranny.wire.brokers import Broker

BATCH: Final = 2000
FEW: Final = 50
"""Hashed in about a millisecond, where they are: another thread would cost more than it saves."""

ANY_WAITING: Final = "SELECT EXISTS (SELECT FROM events WHERE tenant = $1 AND position IS NULL)"
LOCK_HEAD: Final = "SELECT position, chain FROM log_heads WHERE tenant = $1 FOR NO KEY UPDATE"
WAITING: Final = """
SELECT id, type, subject, time, recorded, data FROM events
WHERE tenant = $1 AND position IS NULL ORDER BY seq LIMIT $2
"""
PLACE: Final = """
UPDATE events AS e SET position = p.position, chain = p.chain
FROM unnest($2::uuid[], $3::bigint[], $4::bytea[]) AS p (id, position, chain)
WHERE e.tenant = $1 AND e.id = p.id
"""
ADVANCE: Final = "UPDATE log_heads SET position = $2, chain = $3 WHERE tenant = $1"

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class LogHeadRow(msgspec.Struct, frozen=True):
    tenant: UUID
    position: int
    chain: bytes


class Sequencer:
    """Runs in every worker; the head row makes them take turns."""

    def __init__(self, db: Database, broker: Broker, *, every_s: float = 1.0) -> None:
        async def work(tenant: UUID) -> None:
            await sequence(db, tenant)

        self._rounds = Rounds(db, broker, name="sequencer", subject=subjects.ANY_OUTBOX, work=work, every_s=every_s)

    async def run(self) -> None:
        """Until cancelled."""
        await self._rounds.run()


async def sequence(db: Database, tenant: UUID) -> int:
    """Place every committed event that waits. Returns how many."""
    total = 0
    while True:
        async with db.transaction(tenant) as tx:
            placed = await _place(tx)
        total += placed
        if placed < BATCH:
            return total


async def _place(tx: Tx) -> int:
    if not await tx.value(ANY_WAITING, tx.tenant):
        return 0
    head = await tx.one(LOCK_HEAD, tx.tenant)
    if head is None:
        raise RuntimeError(f"tenant {tx.tenant} has no log head")
    waiting = await tx.all(WAITING, tx.tenant, BATCH)
    if not waiting:
        return 0
    first = head["position"] + 1
    if len(waiting) <= FEW:
        chain = links(head["chain"], first, waiting)
    else:
        # Hashing thousands of events takes tens of milliseconds: not on the event loop.
        chain = await asyncio.to_thread(links, head["chain"], first, waiting)
    last = head["position"] + len(waiting)
    await tx.run(PLACE, tx.tenant, [row["id"] for row in waiting], list(range(first, last + 1)), chain)
    await tx.run(ADVANCE, tx.tenant, last, chain[-1])
    tx.poke(subjects.log(tx.tenant))
    return len(waiting)


def links(before: bytes, first: int, rows: Any) -> list[bytes]:
    """The chain hashes of `rows` that follow `before`, the first at position `first`."""
    chain: list[bytes] = []
    for position, row in enumerate(rows, first):
        before = link(before, canonical(position, row))
        chain.append(before)
    return chain


def link(before: bytes, event: bytes) -> bytes:
    """chain(n) = SHA-256(chain(n-1) | canonical bytes of event n)."""
    return hashlib.sha256(before + event).digest()


def canonical(position: int, row: Any) -> bytes:
    """Deterministic CBOR (RFC 8949, 4.2) of [position, id, type, subject, time, recorded, data]; moments are
    microseconds since 1970 UTC, the id is its 16 bytes, data is as the database holds it."""
    return cbor2.dumps(
        [
            position,
            row["id"].bytes,
            row["type"],
            row["subject"],
            _micros(row["time"]),
            _micros(row["recorded"]),
            row["data"],
        ],
        canonical=True,
    )


def _micros(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)
