"""One bank's facts, followed one by one: what they say must have been allowed, and must fit together (I1, I2, I3, I8).
Pure, and told from the facts alone: it knows nothing of how the bank comes to its decisions."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

from cranny.core.errors import Invalid
from cranny.platform.violation import Violation
from cranny.sim.truth.home import Home, Written
from cranny.wire.facts import GENESIS, decode, digest
from cranny.wire.kinds import (
    Body,
    CollectFinished,
    DepositStored,
    DoorNotOpened,
    DoorShut,
    OpeningIntended,
    OpeningUnknown,
    unpack,
)
from cranny.wire.messages import DeliveryGiven, Entry, GrantGiven


@dataclass(slots=True)
class Rights:
    """What the server ever gave to the bank."""

    deposits: dict[UUID, DeliveryGiven] = field(default_factory=dict)
    """By deposit grant."""
    grants: dict[UUID, GrantGiven] = field(default_factory=dict)

    def take(self, entries: Collection[Entry]) -> None:
        for entry in entries:
            if isinstance(entry.given, DeliveryGiven):
                self.deposits[entry.given.deposit_grant] = entry.given
            elif isinstance(entry.given, GrantGiven):
                self.grants[entry.given.grant] = entry.given


@dataclass(slots=True)
class Behind:
    """A door: `live` is the generation that lies there, 0 when nothing does."""

    newest: int = 0
    live: int = 0
    grant: UUID | None = None
    deliveries: tuple[UUID, ...] = ()


@dataclass(slots=True)
class Tried:
    """An opening. `ends` counts the facts that end it; `excused` when it may never have been pulsed."""

    door: str
    intents: int = 1
    ends: int = 0
    excused: bool = False


class Account:
    def __init__(self, bank: UUID, rights: Rights) -> None:
        self.found: list[Violation] = []
        self.doors: dict[str, Behind] = {}
        self.hashes: dict[tuple[int, int], bytes] = {}
        self.openings: dict[UUID, Tried] = {}
        self.offline = 0
        self._bank = bank
        self._rights = rights
        self._used: dict[UUID, tuple[str, int]] = {}
        self._epoch = 0
        self._seq = 0
        self._head = GENESIS

    def hear(self, written: Written) -> None:
        """The next fact of the journal."""
        if written.epoch != self._epoch:
            self._epoch, self._seq, self._head = written.epoch, 0, GENESIS
        name = f"facts/{written.epoch}/{written.seq}"
        try:
            fact = decode(written.stored)
            body = unpack(fact.kind, fact.body)
        except Invalid as unreadable:
            self._say("I8", name, unreadable.detail)
        else:
            if (fact.epoch, fact.seq, fact.prev_hash) != (written.epoch, self._seq + 1, self._head):
                self._say("I8", name, "it does not follow the fact before it")
            if fact.bank != self._bank:
                self._say("I8", name, "it is another bank's")
            self.offline += fact.offline
            if body is not None:
                self._follow(body)
        self._seq, self._head = written.seq, digest(written.stored)
        self.hashes[written.epoch, written.seq] = self._head

    def close(self, home: Home) -> None:
        """All facts were heard. Compare with what the journal says of itself, and with the locks."""
        mark = home.state.mark
        if (self._epoch, self._seq, self._head) != (mark.epoch, mark.seq, mark.head) and mark.seq:
            self._say("I8", "journal", f"it ends with {self._epoch}/{self._seq} and says {mark.epoch}/{mark.seq}")
        for id_, tried in self.openings.items():
            if tried.ends != 1 and id_ not in home.state.openings:
                self._say("I3", f"openings/{id_}", f"door {tried.door} has {tried.ends} ends of one opening")
        for label in sorted(self.doors.keys() | home.state.occupancies.keys()):
            here, place = self.doors.get(label, Behind()), home.state.occupancies.get(label)
            row = (place.generation, set(place.deliveries)) if place else (0, set())
            if (here.live, set(here.deliveries)) != row:
                self._say("I7", f"doors/{label}", "the journal's row is not what its facts come to")
        if home.world is not None:
            self._count(
                home,
                {
                    label: home.world[box.unit, box.channel].pulses
                    for label, box in home.state.boxes.items()
                    if (box.unit, box.channel) in home.world
                },
            )

    def _count(self, home: Home, pulses: Mapping[str, int]) -> None:
        """I3: no pulse without its intent, and no intent without a pulse or a reason."""
        intents: Counter[str] = Counter()
        excused: Counter[str] = Counter()
        for id_, tried in self.openings.items():
            intents[tried.door] += tried.intents
            if tried.excused or id_ in home.state.openings:
                excused[tried.door] += tried.intents
        for label, released in pulses.items():
            if not intents[label] - excused[label] <= released <= intents[label]:
                self._say("I3", f"doors/{label}", f"it was released {released} times, and {intents[label]} were meant")

    # ------------------------------------------------------------ what the facts say

    def _follow(self, body: Body) -> None:
        match body:
            case OpeningIntended():
                self._intended(body)
            case DepositStored():
                self._stored(body)
            case CollectFinished():
                self._emptied(body)
        id_: UUID | None = getattr(body, "opening", None)
        if id_ is None or isinstance(body, OpeningIntended):
            return
        tried = self.openings.get(id_)
        if tried is None:
            self._say("I3", f"openings/{id_}", f"{type(body).__name__} of an opening that nobody intended")
            return
        tried.ends += isinstance(body, DoorShut | DoorNotOpened)
        tried.excused |= isinstance(body, DoorNotOpened | OpeningUnknown)

    def _intended(self, body: OpeningIntended) -> None:
        if body.attempt > 1:
            tried = self.openings.get(body.opening)
            if tried is None or tried.ends or body.attempt != tried.intents + 1:
                self._say("I3", f"openings/{body.opening}", f"try {body.attempt} follows nothing")
            else:
                tried.intents += 1
            return
        if body.opening in self.openings:
            self._say("I3", f"openings/{body.opening}", "it was intended twice")
        self.openings[body.opening] = Tried(body.door)
        here = self._door(body.door)
        wrong = self._wrong_deposit(body, here) if body.purpose == "deposit" else self._wrong_taking(body, here)
        if wrong:
            self._say("I1", f"doors/{body.door}/{body.generation}", wrong)

    def _wrong_deposit(self, body: OpeningIntended, here: Behind) -> str:
        if body.grant is not None and body.grant not in self._rights.deposits:
            return f"deposit grant {body.grant} was never given"
        if here.live and here.live != body.generation:
            return f"opened for a deposit, and generation {here.live} lies there"
        if not here.live and body.generation <= here.newest:
            return f"opened for a deposit under an old generation: {here.newest} was there before"
        return ""

    def _wrong_taking(self, body: OpeningIntended, here: Behind) -> str:
        given = self._rights.grants.get(body.grant) if body.grant else None
        if given is None or given.purpose != body.purpose:
            return f"there never was a grant {body.grant} to {body.purpose}"
        place = (body.door, body.generation)
        used = self._used.get(given.grant)
        if body.credential == "reopen":
            return "" if used == place else f"grant {given.grant} was not used here a moment ago"
        if used is not None:
            return f"grant {given.grant} was used before, at {used}"
        bound = (given.door, given.generation) if given.door else (body.door, here.live)
        if bound != place or (not given.door and here.grant != given.grant):
            return f"grant {given.grant} is not for what lies there"
        return ""

    def _stored(self, body: DepositStored) -> None:
        here = self._door(body.door)
        if here.live not in (0, body.generation) or body.generation < here.newest:
            detail = f"stored while {here.live or 'nothing'} lies there, and {here.newest} was the newest"
            self._say("I2", f"doors/{body.door}/{body.generation}", detail)
        before = here.deliveries if here.live == body.generation else ()
        here.live, here.newest, here.grant = body.generation, body.generation, body.grant
        here.deliveries = (*before, *body.deliveries)

    def _emptied(self, body: CollectFinished) -> None:
        here = self._door(body.door)
        if body.grant is not None:
            self._used[body.grant] = (body.door, body.generation)
        if here.live != body.generation and body.purpose != "inspect":
            detail = f"collected, and {here.live or 'nothing'} lay there"
            self._say("I2", f"doors/{body.door}/{body.generation}", detail)
        if here.live == body.generation:
            here.live, here.grant, here.deliveries = 0, None, ()

    def _door(self, label: str) -> Behind:
        return self.doors.setdefault(label, Behind())

    def _say(self, invariant: Literal["I1", "I2", "I3", "I7", "I8"], about: str, detail: str) -> None:
        self.found.append(Violation(invariant, f"banks/{self._bank}/{about}", detail))
