"""The journal: one SQLite transaction holds what happened (facts, chained by hash) and what follows from it (rows).

Transactions are decided one at a time, on the state as it is on the disk (`commit` takes a function of the state),
so nothing is ever decided on something that another decision is about to change. Memory follows the disk, never
the other way round.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar
from uuid import UUID

import msgspec

from cranny.core.clock import Clock, millis
from cranny.core.errors import Conflict
from cranny.edge import columns, schema, sums
from cranny.edge.change import Change
from cranny.edge.disk import Disk, DiskFailed, DiskFull
from cranny.edge.moment import Moment
from cranny.edge.renewal import Forked
from cranny.edge.rows import Mark, Row
from cranny.edge.state import State
from cranny.wire.facts import GENESIS, VERSION, Fact, Quality, decode, digest, encode
from cranny.wire.kinds import NAMES, Body, pack

R = TypeVar("R", bound=Row)
T = TypeVar("T")

SANE = millis(datetime(2025, 1, 1, tzinfo=UTC))
"""A wall clock that shows less was never set."""
TOLERANCE_MS = 2_000
"""A time server may set a good clock back by this much."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A fact as it is kept and sent."""

    stored: bytes
    beside: bytes | None


class Journal:
    """`state` is what the disk holds. `grown` is set whenever there are facts that the server may not have."""

    def __init__(self, disk: Disk, state: State, *, clock: Clock, boot: UUID, offline: Callable[[], bool]) -> None:
        self.state = state
        self.disk = disk
        self.boot = boot
        self.grown = asyncio.Event()
        self._clock = clock
        self._started = clock.monotonic()
        self._offline = offline
        self._turn = asyncio.Lock()
        self._broken = False

    @property
    def mono_ms(self) -> int:
        """Milliseconds since this boot: what facts count by."""
        return int((self._clock.monotonic() - self._started) * 1000)

    @property
    def edge_ms(self) -> int:
        """The edge's own time, milliseconds since 1970 UTC: the wall clock's, and never before what it showed once."""
        return max(millis(self._clock.now()), self.state.mark.wall_ms)

    @property
    def moment(self) -> Moment:
        """Now."""
        return Moment(self.edge_ms, self.boot.bytes, self.mono_ms)

    async def commit(self, rule: Callable[[State], tuple[Change, T]], *, essential: bool = True) -> T:
        """Write what `rule` makes of the state; it is on the disk when this returns. An error of `rule` comes
        through and nothing is written. What is not `essential` leaves the disk's reserve alone. Raises DiskFull
        (nothing was written), DiskFailed (nobody knows: from then on only a restart helps)."""
        async with self._turn:
            if self._broken:
                raise DiskFailed("The journal stopped when the disk failed; it has to be read anew.")
            change, told = rule(self.state)
            if not change.bodies and not change.rows:
                return told
            facts, mark = self._chain(change)
            changed = [*change.rows, *self.state.handed_in(change.rows), mark]
            self._broken = True  # until proven otherwise, also when this very call is cancelled
            try:
                await self.disk.run(lambda connection: _write(connection, mark, facts, changed), essential=essential)
            except DiskFull:
                self._broken = False
                raise
            for row in changed:
                self.state.put(row)
            self._broken = False
        if facts:
            self.grown.set()
        return told

    async def unsent(self, limit: int) -> tuple[int, list[Stored]]:
        """(number of the first, facts in order) that the server has not acknowledged, `limit` at most."""
        mark = self.state.mark
        asked = (mark.epoch, mark.acked, limit)
        found = await self.disk.run(lambda c: c.execute(schema.FACTS_AFTER, asked).fetchall(), essential=True)
        facts = [Stored(*columns_) for columns_ in found]
        if facts and decode(facts[0].stored).seq != mark.acked + 1:
            # A server restored from an old backup asks for what was taken off this disk long ago.
            raise Forked(mark.epoch + 1)
        return mark.acked + 1, facts

    async def past(self, epoch: int, after: int, limit: int) -> list[Stored]:
        """Facts of an epoch that is over here, from number `after` + 1 on, `limit` at most; none where the disk does
        not hold that one any more."""
        asked = (epoch, after, limit)
        found = await self.disk.run(lambda c: c.execute(schema.FACTS_AFTER, asked).fetchall(), essential=True)
        facts = [Stored(*columns_) for columns_ in found]
        return facts if facts and decode(facts[0].stored).seq == after + 1 else []

    def _chain(self, change: Change) -> tuple[list[Stored], Mark]:
        """The facts of `change`, following the last one, and the mark after them. A mark in `change` counts
        for what it says of the server (`acked`, `applied`)."""
        mark = next((row for row in change.rows if isinstance(row, Mark)), self.state.mark)
        facts: list[Stored] = []
        for index, body in enumerate(change.bodies):
            stored = encode(self._fact(mark, body))
            beside = change.beside.get(index)
            facts.append(Stored(stored, None if beside is None else msgspec.msgpack.encode(beside)))
            wall = max(mark.wall_ms, millis(self._clock.now()))
            mark = msgspec.structs.replace(mark, seq=mark.seq + 1, head=digest(stored), wall_ms=wall)
        return facts, mark

    def _fact(self, mark: Mark, body: Body) -> Fact:
        wall = millis(self._clock.now())
        return Fact(
            v=VERSION,
            tenant=mark.tenant,
            bank=mark.bank,
            epoch=mark.epoch,
            seq=mark.seq + 1,
            prev_hash=mark.head,
            kind=NAMES[type(body)],
            body=pack(body),
            boot_id=self.boot,
            mono_ms=self.mono_ms,
            wall_ms=wall,
            clock_quality=quality(wall, mark.wall_ms),
            offline=self._offline(),
        )


def quality(wall_ms: int, latest_ms: int) -> Quality:
    """Whether the wall clock can be believed, given the latest time that it ever showed."""
    return "doubtful" if wall_ms < max(SANE, latest_ms - TOLERANCE_MS) else "good"


async def load(
    disk: Disk, tenant: UUID, bank: UUID, *, epoch: int = 1, clock: Clock, boot: UUID, offline: Callable[[], bool]
) -> Journal:
    """Open the journal on `disk`, or begin it with `epoch`. Raises Conflict, code `journal-foreign`, when it is
    another bank's, or `journal-torn`, when it is not as it was written."""
    new = Mark(id=1, tenant=tenant, bank=bank, epoch=epoch, seq=0, head=GENESIS, acked=0, applied=0, wall_ms=0)
    state = await disk.run(lambda connection: _load(connection, new), essential=True)
    if (state.mark.tenant, state.mark.bank) != (tenant, bank):
        raise Conflict(f"This journal belongs to bank {state.mark.bank}.", code="journal-foreign")
    journal = Journal(disk, state, clock=clock, boot=boot, offline=offline)
    if state.mark.acked < state.mark.seq:
        journal.grown.set()
    return journal


def read_state(connection: sqlite3.Connection) -> State:
    """The state as a journal holds it."""
    marks = _rows(connection, Mark)
    state = State(marks[0])
    for kind in schema.LOAD:
        for row in _rows(connection, kind):
            state.put(row)
    return state


def _load(connection: sqlite3.Connection, new: Mark) -> State:
    for statement in schema.TABLES:
        connection.execute(statement)
    if not _rows(connection, Mark):
        connection.execute(schema.PUT[Mark], columns.write(new))
    sums.check(connection)
    state = read_state(connection)
    last = connection.execute(schema.LAST_FACT, (state.mark.epoch, state.mark.seq)).fetchone()
    if state.mark.head != (digest(last[0]) if last else GENESIS):
        raise Conflict("The journal's last fact is not the one it says: the disk is torn.", code="journal-torn")
    _check_unsent(connection, state.mark)
    return state


def _check_unsent(connection: sqlite3.Connection, mark: Mark) -> None:
    """What the server does not have yet is a chain up to the head. Raises Conflict, code `journal-torn`."""
    seq, newer = mark.seq, mark.head
    for (stored,) in connection.execute(schema.BACKWARDS, (mark.epoch, mark.acked)):
        # The next fact holds this one's hash among its bytes: there is no need to read a month of facts.
        if digest(stored) not in newer:
            raise Conflict(f"Fact {seq} is not the one that was written: the disk has changed it.", code="journal-torn")
        newer, seq = stored, seq - 1
    if seq > mark.acked:
        raise Conflict(f"Fact {seq} is missing: the disk has lost it.", code="journal-torn")


def _rows(connection: sqlite3.Connection, kind: type[R]) -> list[R]:
    return [columns.read(kind, found) for found in connection.execute(schema.LOAD[kind])]


def _write(connection: sqlite3.Connection, mark: Mark, facts: Sequence[Stored], rows: Sequence[Row]) -> None:
    first = mark.seq - len(facts) + 1
    for seq, fact in enumerate(facts, first):
        connection.execute(schema.ADD_FACT, (mark.epoch, seq, fact.stored, fact.beside))
    with sums.counting(connection, rows):
        for row in rows:
            connection.execute(schema.PUT[type(row)], columns.write(row))
