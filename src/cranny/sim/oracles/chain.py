"""One chain for each bank, without gaps and without branches (I8); what was acknowledged is held for ever (I4)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from cranny.core.errors import Invalid
from cranny.sim.oracles.verdicts import Verdicts
from cranny.sim.reference.books import KeptFact
from cranny.wire.facts import GENESIS, Fact, decode, digest
from cranny.wire.messages import FactAck


@dataclass(slots=True)
class Chain:
    """`facts` are the bytes on the bank's disk, in the order in which they got there; `held` are the facts that the
    server has committed."""

    name: str
    bank: UUID
    held: Mapping[tuple[UUID, int, int], KeptFact]
    verdicts: Verdicts
    facts: list[bytes] = field(default_factory=list)
    acked: int = 0
    _head: bytes = GENESIS
    _restored: int = 0

    def hear(self, stored: bytes) -> Fact | None:
        """The next fact on the disk."""
        self.facts.append(stored)
        try:
            fact = decode(stored)
        except Invalid as unreadable:
            self._say("I8", len(self.facts), unreadable.detail)
            return None
        if (fact.seq, fact.prev_hash, fact.bank) != (len(self.facts), self._head, self.bank):
            self._say("I8", len(self.facts), f"it says it is fact {fact.seq}, and does not follow the one before it")
        self._head = digest(stored)
        return fact

    def asked(self) -> Callable[[FactAck], None]:
        """A batch is sent: who is told of its answer. What that says was so when it was said; a server that is restored
        while it is on its way has lost it since."""
        before = self._restored
        return lambda ack: self.heard(ack) if before == self._restored else None

    def restored(self) -> None:
        self._restored += 1

    def heard(self, ack: FactAck) -> None:
        """The server answered: all up to `ack.seq` has to be committed by now."""
        if ack.refused or ack.forked:
            self._say("I8", ack.seq, f"the server takes nothing: forked={ack.forked} {ack.refused}")
            return
        for seq in range(self.acked + 1, ack.seq + 1):
            self._check(ack.epoch, seq, "acknowledged")
        self.acked = max(self.acked, ack.seq)

    def close(self, epoch: int = 1) -> None:
        """Everything is quiet: the server holds what the bank holds, and no more."""
        for seq in range(1, len(self.facts) + 1):
            self._check(epoch, seq, "acknowledged" if seq <= self.acked else "on the bank's disk")
        kept = sum(1 for bank, _, _ in self.held if bank == self.bank)
        if kept != len(self.facts):
            self._say("I4", kept, f"the server holds {kept} facts, the bank {len(self.facts)}")

    def _check(self, epoch: int, seq: int, how: str) -> None:
        kept = self.held.get((self.bank, epoch, seq))
        if kept is None:
            self._say("I4", seq, f"it is {how} and the server does not hold it")
        elif seq > len(self.facts) or kept.link.stored != self.facts[seq - 1]:
            self._say("I8", seq, "the server holds another one")

    def _say(self, invariant: str, seq: int, detail: str) -> None:
        self.verdicts.say(invariant, f"{self.name}/facts/{seq}", detail)
