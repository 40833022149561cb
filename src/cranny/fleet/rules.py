"""What the server may take of a batch of facts: pure rules, the same ones for PostgreSQL and for the simulator.

Facts are numbered per bank and epoch without gaps, and each holds the hash of the one before it. What was taken
once is never taken again; what comes too early is asked for again; what contradicts is a fork, and of a batch
that forks nothing is taken.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import msgspec

from cranny.core.errors import Invalid
from cranny.wire.facts import GENESIS, Fact, decode, digest
from cranny.wire.messages import FactAck, FactBatch


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far the server has taken a bank's facts. `head_hash` is the hash of fact `seq` of `epoch`."""

    epoch: int
    seq: int
    head_hash: bytes
    forked: bool = False
    """The bank contradicted itself in this epoch: nothing more is taken of it."""


BIGGEST: Final = 2**62
"""No number that is counted on from may be bigger, so that what follows it still fits the store's columns."""

NOTHING_YET: Final = Cursor(epoch=0, seq=0, head_hash=GENESIS)
"""The cursor of a bank that has not reported anything: its first fact is number 1 of epoch 1."""


class Link(msgspec.Struct, frozen=True):
    """One fact at its place in the chain. `fact` is None when the bytes can't be used; `flaw` says why."""

    epoch: int
    seq: int
    hash: bytes
    stored: bytes
    beside: bytes | None
    fact: Fact | None
    flaw: str = ""


class Verdict(StrEnum):
    TAKEN = "taken"
    """All of it follows what the server holds, or was there already."""
    GAP = "gap"
    """Something before it is missing: the bank sends again, from the cursor on."""
    CLOSED = "closed"
    """It belongs to an epoch that is over, and was never taken there."""
    FORKED = "forked"
    """It contradicts what the server holds, or itself."""


@dataclass(frozen=True, slots=True)
class Plan:
    """`cursor` is where the bank's cursor stands afterwards (after a gap: where the bank has to go on from);
    `links` are to be inserted, in order; `flaw` says what is wrong with a batch that is not taken."""

    verdict: Verdict
    cursor: Cursor
    links: tuple[Link, ...] = ()
    opened: bool = False
    """The batch starts an epoch."""
    flaw: str = ""


def check_shape(batch: FactBatch) -> None:
    """Raises Invalid, code `batch-malformed`, for a batch that no rule can be applied to."""
    if not (1 <= batch.first <= BIGGEST and 1 <= batch.epoch <= BIGGEST and batch.applied <= BIGGEST):
        raise Invalid("A batch and its epoch are numbered from 1, and not without end.", code="batch-malformed")
    if len(batch.facts) != len(batch.beside):
        raise Invalid("A batch has a place beside for each fact.", code="batch-malformed")


def overlap(cursor: Cursor, batch: FactBatch) -> range:
    """The numbers in `batch.epoch` whose hashes `plan` has to know: those that the server may hold."""
    last = batch.first + len(batch.facts) - 1
    if batch.epoch == cursor.epoch:
        return range(batch.first, min(last, cursor.seq) + 1)
    return range(batch.first, last + 1) if batch.epoch < cursor.epoch else range(0)


def plan(cursor: Cursor, batch: FactBatch, known: Mapping[int, bytes]) -> Plan:
    """What to do with `batch`. `known` has the hash of each fact that the server holds, for the numbers that
    `overlap` names. The batch has passed `check_shape`."""
    if batch.epoch < cursor.epoch:
        return _late(cursor, batch, known)
    if batch.epoch > cursor.epoch:
        return _next(cursor, batch)
    if cursor.forked:
        return Plan(Verdict.FORKED, cursor, flaw="this epoch has forked before")
    held = len(overlap(cursor, batch))
    for seq, stored in enumerate(batch.facts[:held], batch.first):
        if known.get(seq) != digest(stored):
            return _fork(cursor, f"fact {seq} is not the one that was taken before")
    if batch.first > cursor.seq + 1:
        return Plan(Verdict.GAP, cursor)
    return _follow(cursor, batch, held, opens=False)


def answer(plan_: Plan) -> FactAck:
    """What the bank is told once the plan is committed."""
    gone = plan_.verdict in (Verdict.FORKED, Verdict.CLOSED)
    return FactAck(epoch=plan_.cursor.epoch, seq=plan_.cursor.seq, forked=gone)


def _late(cursor: Cursor, batch: FactBatch, known: Mapping[int, bytes]) -> Plan:
    """A batch of an epoch that is over: a repeat that the network held back, or a restored old disk."""
    for seq, stored in enumerate(batch.facts, batch.first):
        if known.get(seq) != digest(stored):
            return Plan(Verdict.CLOSED, cursor, flaw=f"fact {seq} of epoch {batch.epoch} came after its end")
    return Plan(Verdict.TAKEN, cursor)


def _next(cursor: Cursor, batch: FactBatch) -> Plan:
    """A batch of an epoch to come. One epoch at a time: a server that was restored from a backup first asks for
    what it lost. An empty batch says that there is nothing left to be told of an epoch: the next one may follow."""
    if batch.epoch > cursor.epoch + 1:
        return Plan(Verdict.GAP, cursor)
    start = Cursor(batch.epoch, 0, GENESIS)
    if batch.first > 1:
        return Plan(Verdict.GAP, start)
    return _follow(start, batch, 0, opens=True)


def _follow(start: Cursor, batch: FactBatch, skip: int, *, opens: bool) -> Plan:
    """Take what comes after the first `skip` facts. A batch that forks as it opens an epoch ends that epoch
    too: the bank has to go on to the next number, which then follows the cursor."""
    links: list[Link] = []
    seq, head = start.seq, start.head_hash
    for stored, beside in zip(batch.facts[skip:], batch.beside[skip:], strict=True):
        seq += 1
        fact, flaw = _read(stored, batch)
        if fact is not None and (fact.epoch, fact.seq, fact.prev_hash) != (batch.epoch, seq, head):
            return _fork(start, f"fact {seq} does not follow the one before it")
        head = digest(stored)
        links.append(Link(batch.epoch, seq, head, stored, beside, None if flaw else fact, flaw))
    return Plan(Verdict.TAKEN, Cursor(batch.epoch, seq, head), tuple(links), opens)


def _read(stored: bytes, batch: FactBatch) -> tuple[Fact | None, str]:
    """The fact, and why it can't be used."""
    try:
        fact = decode(stored)
    except Invalid as unreadable:
        return None, unreadable.detail
    if (fact.tenant, fact.bank) != (batch.tenant, batch.bank):
        return fact, "It names another bank."
    return fact, ""


def _fork(cursor: Cursor, flaw: str) -> Plan:
    torn = Cursor(cursor.epoch, cursor.seq, cursor.head_hash, forked=True)
    return Plan(Verdict.FORKED, torn, flaw=flaw)
