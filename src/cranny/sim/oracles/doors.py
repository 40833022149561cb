"""Who may open what, and what lies where (I1, I2, I9), by the facts on the disk and the rights that were given."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from cranny.sim.oracles.given import RightsGiven
from cranny.sim.oracles.verdicts import Verdicts
from cranny.wire.kinds import (
    Body,
    CodeExhausted,
    CollectFinished,
    CollectLeft,
    DepositAbandoned,
    DepositStored,
    DoorBlocked,
    DoorCleared,
    OpeningIntended,
    OpeningUnknown,
)
from cranny.wire.tokens import Token

UNKNOWN: Final = "nobody announced it, and this bank takes no such thing"
SLACK_S: Final = 3.0
"""The bank counts the grace time from when it has written the end."""


@dataclass(slots=True)
class DoorTold:
    """`live` is the generation that lies behind it, 0 when nothing does. `doubts` are generations of which a fact
    says that nobody knows for certain."""

    newest: int = 0
    live: int = 0
    deliveries: tuple[UUID, ...] = ()
    grant: UUID | None = None
    blocked: str = ""
    doubts: set[int] = field(default_factory=set)


@dataclass(slots=True)
class Used:
    """A grant that has opened what it was for."""

    at: float
    door: str
    generation: int
    again: int = 0


class Doors:
    def __init__(self, bank: str, given: RightsGiven, now: Callable[[], float], verdicts: Verdicts) -> None:
        self.given = given
        self.doors: dict[str, DoorTold] = {}
        self.used: dict[UUID, Used] = {}
        self.stored: dict[UUID, tuple[str, int]] = {}
        """Every delivery that was ever stored here, and where."""
        self.gone: set[UUID] = set()
        self.refused: set[UUID] = set()
        """Grants that the bank said it can't keep."""
        self.tokens: dict[UUID, Token] = {}
        """Those that somebody has, and that opened nothing yet."""
        self._bank = bank
        self._now = now
        self._verdicts = verdicts
        self._superseded: set[UUID] = set()
        self._exhausted: set[UUID] = set()
        self._collectors: dict[tuple[str, int], bytes] = {}
        self._let_in: set[UUID] = set()
        """Openings for what nobody announced, where that was allowed."""
        self._next_door: dict[UUID, float] = {}
        """By delivery: until when what was let in so may have another door, the one before having been none for it."""
        self._as_before: dict[UUID, set[UUID]] = {}
        """By opening, where the bank takes in no such thing any more: one of which deliveries it has to be for."""

    def hear(self, body: Body) -> None:
        """A fact that is on the disk; `given` stands at what the bank had applied when it was written."""
        match body:
            case OpeningIntended():
                self._intended(body)
            case DepositStored():
                self._was_unknown(body)
                self._deposited(body)
            case DepositAbandoned():
                self._was_unknown(body)
            case CollectFinished():
                self._emptied(body)
            case DoorBlocked():
                self.door(body.door).blocked = body.reason
            case DoorCleared():
                self.door(body.door).blocked = ""
            case OpeningUnknown() | CollectLeft():
                self.door(body.door).doubts.add(body.generation)
            case CodeExhausted():
                self._exhausted.add(body.grant)

    def door(self, label: str) -> DoorTold:
        return self.doors.setdefault(label, DoorTold())

    # ------------------------------------------------------------ I1: the right to open

    def _intended(self, body: OpeningIntended) -> None:
        if body.attempt > 1:
            return
        if body.purpose == "deposit":
            self._may_deposit(body)
        elif body.credential == "reopen":
            self._may_reopen(body)
        elif body.credential == "command":
            self._asked_from_afar(body)
        elif body.credential == "token":
            self._signed_for(body)
        else:
            self._may_take(body)
        here = self.door(body.door)
        here.newest = max(here.newest, body.generation)

    def _may_deposit(self, body: OpeningIntended) -> None:
        here = self.door(body.door)
        delivery = self.given.deposits.get(body.grant) if body.grant else None
        if body.grant is not None and delivery is None:
            self._say("I1", body, f"deposit grant {body.grant} was never given")
        if body.grant is None:
            self._may_be_unknown(body)
        if delivery and delivery.delivery in self.given.withdrawn:
            self._say("I1", body, f"delivery {delivery.delivery} was withdrawn")
        if here.live == body.generation:
            self._may_join(body, here, delivery.collector if delivery else b"")
            return
        if here.live:
            self._say("I2", body, f"generation {here.live} lies there")
        if body.generation <= here.newest:
            self._say("I2", body, f"generation {here.newest} was there before")
        if here.blocked:
            self._say("I2", body, f"the door is blocked: {here.blocked}")
        if delivery and delivery.delivery in self.stored:
            self._say("I1", body, f"delivery {delivery.delivery} was stored before: its deposit grant is used")

    def _may_be_unknown(self, body: OpeningIntended) -> None:
        """A bank asks when it is scanned, and not once more at the next door for it."""
        self._let_in.add(body.opening)
        if self.given.policy.unknown_tracking == "accept":
            return
        waiting = {delivery for delivery, until in self._next_door.items() if self._now() <= until}
        if not waiting:
            self._say("I1", body, UNKNOWN)
        self._as_before[body.opening] = waiting

    def _was_unknown(self, body: DepositStored | DepositAbandoned) -> None:
        """Now it is told what the opening was for."""
        waiting = self._as_before.pop(body.opening, None)
        if waiting and not waiting & set(body.deliveries):
            self._say("I1", body, UNKNOWN)
        again = isinstance(body, DepositAbandoned) and body.reason in ("too-small", "not-opened")
        for delivery in body.deliveries:
            self._next_door.pop(delivery, None)
            if again and body.opening in self._let_in:
                self._next_door[delivery] = self._now() + self.given.policy.visit_idle_s
        self._let_in.discard(body.opening)

    def _may_join(self, body: OpeningIntended, here: DoorTold, collector: bytes) -> None:
        if not collector or collector != self._collectors.get((body.door, body.generation)):
            self._say("I1", body, "what lies there is somebody else's")
        if here.grant is None or self.ended(here.grant):
            self._say("I1", body, "the grant that opens it has ended")

    def _may_take(self, body: OpeningIntended) -> None:
        grant, here = body.grant, self.door(body.door)
        given = self.given.grants.get(grant) if grant else None
        if grant is None or given is None:
            self._say("I1", body, f"grant {grant} was never given")
            return
        if given.purpose != body.purpose:
            self._say("I1", body, f"the grant is for {given.purpose}")
        if self.ended(grant):
            self._say("I1", body, f"grant {grant} has ended")
        if body.credential == "code" and grant in self._exhausted:
            self._say("I9", body, f"the code of grant {grant} is off")
        bound = (given.door, given.generation) if given.door else (body.door, here.live if here.grant == grant else 0)
        if bound != (body.door, body.generation):
            self._say("I1", body, f"grant {grant} is for door {bound[0]}, generation {bound[1]}")
        if body.generation != (here.newest if body.purpose == "inspect" else here.live):
            self._say("I1", body, f"generation {here.live} lies there, the newest is {here.newest}")

    def _asked_from_afar(self, body: OpeningIntended) -> None:
        """Who asked, and when, is another oracle's matter (`commands`)."""
        here = self.door(body.door)
        if body.purpose != "inspect" or body.grant is not None or body.command is None:
            self._say("I1", body, "a command opens by itself, to look inside")
        if body.generation < (here.live or here.newest):
            self._say("I1", body, f"generation {here.live} lies there, the newest is {here.newest}")

    def _signed_for(self, body: OpeningIntended) -> None:
        """Once, and for what lay there when it was signed."""
        here, token = self.door(body.door), self.tokens.pop(body.token_id, None) if body.token_id else None
        if token is None:
            self._say("I1", body, "nobody has such a token, or it was used before")
            return
        if (token.door, token.purpose) != (body.door, body.purpose) or body.grant is not None:
            self._say("I1", body, f"the token is to {token.purpose} door {token.door}")
        if body.generation != (here.live or here.newest) or token.generation not in (0, body.generation):
            self._say("I1", body, f"generation {here.live} lies there, the token is for {token.generation}")

    def _may_reopen(self, body: OpeningIntended) -> None:
        used = self.used.get(body.grant) if body.grant else None
        if used is None or (used.door, used.generation) != (body.door, body.generation):
            self._say("I1", body, f"grant {body.grant} was not used here a moment ago")
            return
        used.again += 1
        policy, here = self.given.policy, self.door(body.door)
        if self._now() - used.at > policy.reopen_within_s + SLACK_S or used.again > policy.reopen_times:
            self._say("I1", body, "the grace time is over")
        if here.newest != body.generation or here.live:
            self._say("I1", body, f"generation {here.newest} came since")

    def ended(self, grant: UUID) -> bool:
        over = (self.used, self._superseded, self.given.revoked, self.refused)
        return any(grant in ended for ended in over)

    def opens(self, grant: UUID, credential: str) -> bool:
        """Whether this grant is good for something that lies here now."""
        given = self.given.grants.get(grant)
        if given is None or self.ended(grant) or (credential == "code" and grant in self._exhausted):
            return False
        if not given.door:
            return any(here.live and here.grant == grant for here in self.doors.values())
        here = self.door(given.door)
        # To look behind an empty door is a right until somebody else has used it.
        return given.generation == (here.newest if given.purpose == "inspect" else here.live)

    # ------------------------------------------------------------ I2: what lies where

    def _deposited(self, body: DepositStored) -> None:
        here = self.door(body.door)
        if here.live not in (0, body.generation) or body.generation < here.newest:
            self._say("I2", body, f"stored in {body.generation} while {here.live} lies there, of {here.newest}")
        for delivery in body.deliveries:
            if delivery in self.stored:
                self._say("I2", body, f"delivery {delivery} was stored before at {self.stored[delivery]}")
            self.stored[delivery] = (body.door, body.generation)
        together = here.deliveries if here.live == body.generation else ()
        known = [self.given.collectors[one] for one in body.deliveries if one in self.given.collectors]
        if known and not self._one_collector(body, known, first=not together):
            self._say("I2", body, "two collectors behind one door")
        here.live, here.deliveries, here.grant = body.generation, (*together, *body.deliveries), body.grant
        self._superseded.update(body.superseded)
        offered = {grant for one in here.deliveries for grant in self.given.offered.get(one, ())}
        if body.grant is not None and body.grant not in offered:
            self._say("I1", body, f"grant {body.grant} is none of theirs")

    def _one_collector(self, body: DepositStored, known: list[set[bytes]], *, first: bool) -> bool:
        """Whether all is for one person; who that is may change while the door stands open."""
        place = (body.door, body.generation)
        here = self._collectors.get(place)
        common = set.intersection(*known)
        if first and common:
            deliveries = [one for one in body.deliveries if one in self.given.deliveries]
            now = self.given.deliveries[deliveries[-1]].collector
            here = self._collectors[place] = now if now in common else min(common)
        return here in common

    def _emptied(self, body: CollectFinished) -> None:
        here = self.door(body.door)
        if body.grant is not None:
            self.used.setdefault(body.grant, Used(self._now(), body.door, body.generation))
        if here.live != body.generation:
            if body.purpose != "inspect":
                self._say("I2", body, f"collected from {body.generation} while {here.live} lies there")
            return
        if set(body.deliveries) != set(here.deliveries):
            self._say("I2", body, "what was collected is not what lay there")
        self.gone.update(here.deliveries)
        here.live, here.deliveries, here.grant = 0, (), None

    def _say(
        self, invariant: str, body: OpeningIntended | DepositStored | DepositAbandoned | CollectFinished, detail: str
    ) -> None:
        self._verdicts.say(invariant, f"{self._bank}/doors/{body.door}/{body.generation}", detail)
