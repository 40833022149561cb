"""Is what the fleet says of the log true? Reads every stored fact again, from its bytes."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from cranny.core.errors import Invalid
from cranny.fleet import tables
from cranny.fleet.commands import tables as commands
from cranny.platform.db import Row, Tx
from cranny.platform.feature import Violation
from cranny.wire.facts import GENESIS, decode, digest
from cranny.wire.kinds import CollectFinished, DepositStored, DoorCounted, unpack

CHUNK: Final = 2000


async def audit(tx: Tx) -> list[Violation]:
    """I2: at one door one deposit after the other is ended before the next, under a generation that grows. I4: the
    cursor stands at the last fact, and the downlink has every number. I6: no command is done twice. I8: one chain for
    each epoch, without gaps.
    """
    found = [
        Violation("I4", f"banks/{row['bank']}", f"there are facts behind the cursor {row['epoch']}/{row['seq']}")
        for row in await tx.all(tables.AUDIT_BEYOND, tx.tenant)
    ]
    for bank in await tx.all(tables.AUDIT_BANKS, tx.tenant):
        walk = Walk(bank["bank"])
        async for row in _facts(tx, bank):
            walk.step(row["epoch"], row["seq"], row["hash"], row["stored"], projected=row["projected"])
        walk.end(bank["epoch"], bank["seq"], bank["head_hash"])
        found += walk.found
    for twice in await tx.all(commands.AUDIT, tx.tenant):
        found.append(Violation("I6", f"commands/{twice['id']}", f"banks say {twice['times']} times that it was done"))
    for down in await tx.all(tables.AUDIT_DOWNLINK, tx.tenant):
        if not down["entries"] == down["newest"] == down["head"]:
            detail = f"{down['entries']} entries, the newest is {down['newest']}, the head is {down['head']}"
            found.append(Violation("I4", f"banks/{down['bank']}/downlink", detail))
    return found


async def _facts(tx: Tx, bank: Row) -> AsyncIterator[Row]:
    """Up to the cursor as it was read: what comes in meanwhile is the next audit's."""
    epoch, seq = 0, 0
    last = (bank["epoch"], bank["seq"])
    while chunk := await tx.all(tables.AUDIT_FACTS, tx.tenant, bank["bank"], epoch, seq, *last, CHUNK):
        for row in chunk:
            yield row
        epoch, seq = chunk[-1]["epoch"], chunk[-1]["seq"]


@dataclass(slots=True)
class Walk:
    """One pass over the facts of a bank, in their order. Pure."""

    bank: UUID
    found: list[Violation] = field(default_factory=list)
    _epoch: int = 0
    _seq: int = 0
    _head: bytes = GENESIS
    _doors: dict[str, tuple[int, bool]] = field(default_factory=dict)
    """The newest generation at each door, and whether it is still there."""

    def step(self, epoch: int, seq: int, hash_: bytes, stored: bytes, *, projected: bool) -> None:
        if epoch != self._epoch:
            self._epoch, self._seq, self._head = epoch, 0, GENESIS
        if seq != self._seq + 1:
            self._say("I8", epoch, seq, f"it follows fact {self._seq}")
        if digest(stored) != hash_:
            self._say("I8", epoch, seq, "its bytes do not have its hash")
        self._look(epoch, seq, stored, projected=projected)
        self._seq, self._head = seq, hash_

    def end(self, epoch: int, seq: int, head: bytes) -> None:
        """Compare with the cursor."""
        # An epoch that forked as it began has no fact; the cursor stands before its first.
        burnt = (epoch, seq, head) == (self._epoch + 1, 0, GENESIS)
        if (epoch, seq, head) != (self._epoch, self._seq, self._head) and not burnt:
            self._say("I4", self._epoch, self._seq, f"the cursor stands at {epoch}/{seq}")

    def _look(self, epoch: int, seq: int, stored: bytes, *, projected: bool) -> None:
        try:
            fact = decode(stored)
        except Invalid:
            if projected:
                self._say("I8", epoch, seq, "it was projected and can't be read")
            return
        if fact.bank != self.bank:
            if projected:
                self._say("I8", epoch, seq, "it was projected and is another bank's")
            return
        if (fact.epoch, fact.seq, fact.prev_hash) != (epoch, seq, self._head):
            self._say("I8", epoch, seq, "it does not name the fact before it")
        body = unpack(fact.kind, fact.body) if projected else None
        if isinstance(body, DepositStored):
            self._deposit(epoch, seq, body.door, body.generation)
        elif isinstance(body, CollectFinished) or (
            isinstance(body, DoorCounted) and body.found == "not_there" and not body.sensed
        ):
            newest = self._doors.get(body.door)
            if newest and newest[0] == body.generation:
                self._doors[body.door] = (body.generation, False)

    def _deposit(self, epoch: int, seq: int, door: str, generation: int) -> None:
        before, live = self._doors.get(door, (0, False))
        if live and generation != before:
            self._say("I2", epoch, seq, f"door {door} still holds generation {before}")
        if not live and generation <= before:
            self._say("I2", epoch, seq, f"door {door} has had generation {before}")
        self._doors[door] = (generation, True)

    def _say(self, invariant: str, epoch: int, seq: int, detail: str) -> None:
        self.found.append(Violation(invariant, f"banks/{self.bank}/facts/{epoch}/{seq}", detail))
