"""What the server has committed, read back from PostgreSQL for the oracles: by another connection than the server's,
past row-level security and past every line of the product that reads rows."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg
import msgspec

from cranny.access import Grant
from cranny.core.errors import Invalid
from cranny.fleet import Cursor, Finding, Link, Uplink
from cranny.sim.reference.books import Books, DeliveryKept, GrantKept, KeptFact, Lies
from cranny.sim.whole.outside import Outside
from cranny.usecases.deliveries import Delivery
from cranny.wire.facts import decode
from cranny.wire.kinds import Purpose, unpack
from cranny.wire.messages import Entry, Given

# Rows that were written by transactions from number $1 on, all in one round trip. One transaction is under way at a
# time, so none is overlooked; a savepoint has a number of its own, and a higher one.
NEW: Final = """
SELECT 'mark' AS what, to_jsonb(pg_snapshot_xmax(pg_current_snapshot())::text::bigint) AS row
UNION ALL SELECT 'waiting', to_jsonb(
    EXISTS (SELECT FROM events WHERE position IS NULL) OR EXISTS (SELECT FROM pgqueuer)
    OR EXISTS (SELECT FROM reaction_parked)
    OR EXISTS (SELECT FROM reaction_cursors c JOIN log_heads h USING (tenant) WHERE c.position < h.position)
)
UNION ALL SELECT 'fact', to_jsonb(t) FROM (
    SELECT bank, epoch, seq, hash, stored, beside, projected FROM facts WHERE xmin::text::bigint >= $1
    ORDER BY bank, epoch, seq
) AS t
UNION ALL SELECT 'entry', to_jsonb(t) FROM (
    SELECT bank, seq, body, tag FROM downlink WHERE xmin::text::bigint >= $1 ORDER BY bank, seq
) AS t
UNION ALL SELECT 'uplink', to_jsonb(t) FROM (
    SELECT u.bank, u.epoch, u.seq, u.head_hash, u.head_time, u.forked, n.head, n.base, d.public_key
    FROM bank_uplinks u JOIN bank_downlinks n USING (tenant, bank)
    JOIN bank_desks d ON d.tenant = u.tenant AND d.id = u.bank
    WHERE greatest(u.xmin::text::bigint, n.xmin::text::bigint, d.xmin::text::bigint) >= $1 ORDER BY u.bank
) AS t
UNION ALL SELECT 'lies', to_jsonb(t) FROM (
    SELECT bank, label, generation, deliveries, ended IS NULL AS live FROM occupancies WHERE xmin::text::bigint >= $1
    ORDER BY bank, label, generation
) AS t
UNION ALL SELECT 'door', to_jsonb(t) FROM (
    SELECT bank, label, coalesce(blocked, '') AS blocked FROM compartments WHERE xmin::text::bigint >= $1
    ORDER BY bank, label
) AS t
UNION ALL SELECT 'anomaly', to_jsonb(t) FROM (
    SELECT bank, kind, subject FROM anomalies WHERE xmin::text::bigint >= $1 ORDER BY bank, kind, subject
) AS t
UNION ALL SELECT 'delivery', to_jsonb(t) FROM (
    SELECT d.id, d.bank, d.state, d.recipient, d.deposit_grant, d.collect_grant, d.recall_grant,
        coalesce(d.door, '') AS door, coalesce(d.generation, 0) AS generation, d.known_as, i.tracking
    FROM deliveries d JOIN delivery_items i ON i.tenant = d.tenant AND i.delivery = d.id AND i.place = 1
    WHERE d.xmin::text::bigint >= $1 OR i.xmin::text::bigint >= $1 ORDER BY d.id
) AS t
UNION ALL SELECT 'grant', to_jsonb(t) FROM (
    SELECT id, bank, purpose, subject, state, locator, coalesce(door, '') AS door,
        coalesce(generation, 0) AS generation, verified_at IS NOT NULL AS verified, code_off
    FROM grants WHERE xmin::text::bigint >= $1 ORDER BY id
) AS t
"""


class FactSeen(msgspec.Struct, frozen=True):
    bank: UUID
    epoch: int
    seq: int
    hash: str
    stored: str
    beside: str | None
    projected: bool


class EntrySeen(msgspec.Struct, frozen=True):
    bank: UUID
    seq: int
    body: str
    tag: int


class UplinkSeen(msgspec.Struct, frozen=True):
    bank: UUID
    epoch: int
    seq: int
    head_hash: str
    head_time: datetime | None
    forked: bool
    head: int
    base: int
    public_key: str


class LiesSeen(msgspec.Struct, frozen=True):
    bank: UUID
    label: str
    generation: int
    deliveries: tuple[UUID, ...]
    live: bool


class DoorSeen(msgspec.Struct, frozen=True):
    bank: UUID
    label: str
    blocked: str


class AnomalySeen(msgspec.Struct, frozen=True):
    bank: UUID
    kind: str
    subject: str


class DeliverySeen(msgspec.Struct, frozen=True):
    id: UUID
    bank: UUID
    state: Delivery
    recipient: UUID | None
    deposit_grant: UUID | None
    collect_grant: UUID | None
    recall_grant: UUID | None
    door: str
    generation: int
    known_as: UUID | None
    tracking: str


class GrantSeen(msgspec.Struct, frozen=True):
    id: UUID
    bank: UUID
    purpose: Purpose
    subject: str
    state: Grant
    locator: int | None
    door: str
    generation: int
    verified: bool
    code_off: bool


_given: Final = msgspec.msgpack.Decoder(Given)


class Mirror:
    """`books` are what the oracles see. `owners`: whom the persons of the database are in the simulation."""

    def __init__(self, outside: Outside, dsn: str, owners: Mapping[UUID, UUID]) -> None:
        self.books = Books()
        self.waiting = True
        """Whether anything that was committed has not been followed to its end."""
        self.locators: dict[UUID, int] = {}
        """By grant."""
        self._outside = outside
        self._dsn = dsn
        self._owners = owners
        self._connection: asyncpg.Connection | None = None
        self._mark = 0

    def look(self) -> None:
        """Follow what was committed since the last time."""
        self.books.begin()
        try:
            self._outside.wait(self._read())
        except BaseException:
            self.books.rollback()
            raise
        self.books.commit()
        self.books.ledger.add(self.books.entries.fresh(), self.books.entries.kept)

    def look_anew(self) -> None:
        """It is another database by now: nothing of what was known has to hold."""
        for table in self.books.tables():
            table.kept.clear()
        self.locators.clear()
        self._mark = 0
        self.look()

    def hang_up(self) -> None:
        if self._connection is not None:
            self._outside.wait(self._connection.close())
        self._connection = None

    async def _line(self) -> asyncpg.Connection:
        if self._connection is None:
            self._connection = await asyncpg.connect(self._dsn)
        return self._connection

    async def _read(self) -> None:
        line = await self._line()
        for row in await line.fetch(NEW, self._mark):
            self._take(row["what"], row["row"])

    def _take(self, what: str, row: str) -> None:
        match what:
            case "mark":
                self._mark = int(row)
            case "waiting":
                self.waiting = row == "true"
            case "fact":
                self._fact(msgspec.json.decode(row, type=FactSeen))
            case "entry":
                seen = msgspec.json.decode(row, type=EntrySeen)
                entry = Entry(seen.seq, _given.decode(_bytes(seen.body)), seen.tag)
                self.books.entries.put((seen.bank, seen.seq), entry)
            case "uplink":
                self._uplink(msgspec.json.decode(row, type=UplinkSeen))
            case "lies":
                self._lies(msgspec.json.decode(row, type=LiesSeen))
            case "door":
                door = msgspec.json.decode(row, type=DoorSeen)
                self.books.blocked.put((door.bank, door.label), door.blocked)
            case _:
                self._right(what, row)

    def _right(self, what: str, row: str) -> None:
        """What somebody may do, and what contradicts it."""
        match what:
            case "anomaly":
                found = msgspec.json.decode(row, type=AnomalySeen)
                self.books.note(Finding(found.bank, found.kind, found.subject))
            case "delivery":
                self._delivery(msgspec.json.decode(row, type=DeliverySeen))
            case "grant":
                self._grant(msgspec.json.decode(row, type=GrantSeen))

    def _fact(self, seen: FactSeen) -> None:
        stored, beside = _bytes(seen.stored), None if seen.beside is None else _bytes(seen.beside)
        link = Link(seen.epoch, seen.seq, _bytes(seen.hash), stored, beside, None)
        self.books.facts.put((seen.bank, seen.epoch, seen.seq), KeptFact(link, seen.projected))
        try:
            fact = decode(stored)
            body = unpack(fact.kind, fact.body)
        except Invalid:
            return  # the oracle of chains has read it, too
        door, generation = getattr(body, "door", None), getattr(body, "generation", None)
        if isinstance(door, str) and isinstance(generation, int):
            newest = self.books.newest
            newest.put((seen.bank, door), max(generation, newest.get((seen.bank, door)) or 0))

    def _uplink(self, seen: UplinkSeen) -> None:
        cursor = Cursor(seen.epoch, seen.seq, _bytes(seen.head_hash), seen.forked)
        self.books.uplinks.put(seen.bank, Uplink(seen.bank, cursor, seen.head_time, seen.head, seen.public_key))
        self.books.bases.put(seen.bank, seen.base)

    def _lies(self, seen: LiesSeen) -> None:
        door = (seen.bank, seen.label)
        self.books.lies.put((*door, seen.generation), Lies(seen.deliveries, live=seen.live))
        if seen.live or self.books.occupied.get(door) in (seen.generation, None):
            self.books.occupied.put(door, seen.generation if seen.live else 0)

    def _delivery(self, seen: DeliverySeen) -> None:
        kept = DeliveryKept(
            id=seen.id,
            bank=seen.bank,
            state=seen.state,
            owner=str(self._owners[seen.recipient]) if seen.recipient else "",
            tracking=seen.tracking,
            deposit_grant=seen.deposit_grant,
            collect_grant=seen.collect_grant,
            recall_grant=seen.recall_grant,
            door=seen.door,
            generation=seen.generation,
            known_as=seen.known_as,
        )
        self.books.deliveries.put(seen.id, kept)

    def _grant(self, seen: GrantSeen) -> None:
        kind, _, id_ = seen.subject.partition("/")
        kept = GrantKept(
            id=seen.id,
            bank=seen.bank,
            purpose=seen.purpose,
            delivery=UUID(id_) if kind == "deliveries" else None,
            state=seen.state,
            door=seen.door,
            generation=seen.generation,
            verified=seen.verified,
            code_off=seen.code_off,
        )
        self.books.grants.put(seen.id, kept)
        if seen.locator is not None:
            self.locators[seen.id] = seen.locator


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("\\x"))
