"""The oracle at one bank: sees each lock, each hand and each commit, at the moment itself."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from cranny.edge.outcomes import Stored, Told
from cranny.sim.machines.disk import Written
from cranny.sim.oracles.chain import Chain
from cranny.sim.oracles.codes import Codes
from cranny.sim.oracles.commands import Commands
from cranny.sim.oracles.custody import Custody
from cranny.sim.oracles.doors import Doors
from cranny.sim.oracles.given import RightsGiven
from cranny.sim.oracles.openings import Openings
from cranny.sim.oracles.prompts import Prompts
from cranny.sim.oracles.verdicts import Verdicts
from cranny.sim.reference.books import Books
from cranny.sim.things import Thing
from cranny.sim.trace import Trace
from cranny.wire.kinds import (
    Body,
    CodeExhausted,
    CollectFinished,
    DepositAbandoned,
    DepositStored,
    DoorOpened,
    GrantRefused,
    OpeningIntended,
    unpack,
)

NEVER: Final = ("wrong", "nothing_here", "exhausted")
"""No reason to send away whoever has the right."""


@dataclass(frozen=True, slots=True)
class Taker:
    """Somebody at an open door. `may` says which things they have a right to."""

    name: str
    may: Callable[[Thing], bool]


class Witness:
    def __init__(
        self,
        name: str,
        bank: UUID,
        books: Books,
        *,
        now: Callable[[], float],
        trace: Trace,
        verdicts: Verdicts,
        custody: Custody,
    ) -> None:
        self.name = name
        self.bank = bank
        self.verdicts = verdicts
        self._custody = custody
        self.given = RightsGiven(bank, books.ledger)
        self.chain = Chain(name, bank, books.facts.kept, verdicts)
        self.openings = Openings(name, now, verdicts)
        self.doors = Doors(name, self.given, now, verdicts)
        self.commands = Commands(name, now, self.doors, verdicts)
        self.codes = Codes(name, self.doors.ended, verdicts)
        self.prompts = Prompts(name, now, verdicts)
        self.given.told = self.codes.given
        self.moment: Callable[[], None] = _nothing
        """Told of each intent, each pulse and each door that was seen to open."""
        self._uplinks = books.uplinks.kept
        self._trace = trace

    # ------------------------------------------------------------ the disk

    def written(self, written: Written) -> None:
        """A commit."""
        heard = [(fact, unpack(fact.kind, fact.body)) for fact in map(self.chain.hear, written.facts) if fact]
        refusals = [body for _, body in heard if isinstance(body, GrantRefused)]
        before = set(self.doors.refused)
        self.doors.refused.update(refusal.grant for refusal in refusals)
        if not self.given.advance(written.applied, written.tag):
            self.verdicts.say("I7", self.name, f"it holds entry {written.applied} and has no right to")
        for refusal in refusals:
            self._check(refusal, before)
            before.add(refusal.grant)
        for fact, body in heard:
            if body is None:
                continue
            self._trace.say(self.name, f"fact {fact.seq:4} {fact.kind} {_figures(body)}{' offline' * fact.offline}")
            self._trace.count(f"fact: {fact.kind}")
            self._count(body)
            self.openings.hear(body)
            self.commands.hear(fact, body)
            self.doors.hear(body)
            self._pass_on(body)
            if isinstance(body, OpeningIntended | DoorOpened):
                self.moment()

    def _check(self, refusal: GrantRefused, before: set[UUID]) -> None:
        """The bank may refuse what has ended there, also by a refusal `before`, and what has the locator of another
        live grant."""
        grant, reason = refusal.grant, refusal.reason
        if not (grant in self.given.revoked | before if reason == "ended" else self.codes.taken(grant)):
            self.verdicts.say("I14", f"{self.name}/grants/{grant}", f"it was refused, and it is not so: {reason}")

    def _pass_on(self, body: Body) -> None:
        match body:
            case DepositStored():
                self._custody.stored(self.name, body.deliveries)
            case CollectFinished():
                self._custody.handed_over(self.name, body.deliveries)
            case OpeningIntended():
                if body.attempt == 1:
                    self.codes.opened(body.grant, body.credential)
            case CodeExhausted():
                self.codes.exhausted(body.grant)

    def phases(self) -> list[str]:
        """What the bank is in the middle of (`coverage.PHASES`)."""
        found = set[str]()
        for told in self.openings.under_way.values():
            found.add("an open door" if told.opened else "a pulse" if told.intents == told.pulses else "an intent")
        if len(self.chain.facts) > self.chain.acked:
            found.add("facts not sent")
        if self._uplinks[self.bank].down_head > self.given.applied:
            found.add("rights not applied")
        return sorted(found) or ["nothing"]

    def _count(self, body: Body) -> None:
        match body:
            case DepositStored():
                self._trace.count("deposits", len(body.deliveries))
                self._trace.count("unannounced", len(body.unannounced))
                self._trace.count("superseded", len(body.superseded))
            case CollectFinished():
                self._trace.count(f"{body.purpose}s")
            case DepositAbandoned():
                self._trace.count(f"abandoned: {body.reason}")

    # ------------------------------------------------------------ locks and hands

    def released(self, door: str) -> None:
        """The lock of `door` felt a pulse."""
        self._trace.count("pulses")
        self.openings.pulsed(door)
        self.commands.pulsed(door)
        self.prompts.released(door)
        self.moment()

    def put(self, door: str, thing: Thing, inside: Sequence[Thing]) -> None:
        """Somebody puts `thing` behind `door`, where `inside` lies."""
        self._custody.put(self.name, door, thing)
        for other in inside:
            if other.owner != thing.owner:
                self.verdicts.say("I2", f"{self.name}/doors/{door}", f"{thing} is put to {other} of somebody else")

    def taken(self, door: str, taker: Taker, things: Sequence[Thing]) -> None:
        self._custody.taken(self.name, door, things)
        for thing in things:
            if not taker.may(thing):
                self.verdicts.say("I1", f"{self.name}/doors/{door}", f"{taker.name} took {thing}, which is not theirs")

    def told(self, told: Told) -> None:
        """The screen says that a parcel is stored: then it is written."""
        if isinstance(told, Stored):
            known = self.openings.told.get(told.opening)
            if known is None or not known.outcomes:
                self.verdicts.say("I5", f"{self.name}/doors/{told.door}", "told to be stored, and not on the disk")

    def let_in(self, door: str, grant: UUID | None, who: str) -> None:
        """`who` showed what proves `grant` (None: nothing that is right) and `door` was opened for it."""
        if grant is None:
            self.verdicts.say("I1", f"{self.name}/doors/{door}", f"{who} was let in with a code of nobody")
            return
        last = next((told for told in reversed(self.openings.told.values()) if told.intent.door == door), None)
        if last is None or last.intent.grant != grant:
            self.verdicts.say("I1", f"{self.name}/doors/{door}", f"{who} proved {grant}, and another one's was opened")

    def refused(self, grant: UUID, reason: str, credential: str) -> None:
        """Somebody proved `grant` and was sent away (I14): not while it lives and what it opens lies there."""
        if reason in NEVER and self.doors.opens(grant, credential):
            self.verdicts.say(
                "I14", f"{self.name}/grants/{grant}", f"it lives, and its {credential} was refused: {reason}"
            )


def _nothing() -> None:
    """Nobody listens."""


def _figures(body: Body) -> str:
    door, generation = getattr(body, "door", None), getattr(body, "generation", None)
    more = [str(getattr(body, name)) for name in ("purpose", "credential", "reason", "evidence") if hasattr(body, name)]
    ids = [str(one)[-4:] for one in getattr(body, "deliveries", ())]
    where = f"{door}" if generation is None else f"{door}/{generation}"
    return " ".join([where if door else "", *more, *ids]).strip()
