"""One record for each opening, one intent for each pulse (I3)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from cranny.sim.oracles.verdicts import Verdicts
from cranny.wire.kinds import (
    Body,
    CollectFinished,
    CollectLeft,
    DepositAbandoned,
    DepositStored,
    DoorNotOpened,
    DoorOpened,
    DoorShut,
    OpeningIntended,
    OpeningUnknown,
)

AT_ONCE_S: Final = 6.0
"""A pulse follows its intent at once or not at all: later the person may not stand there any more."""


@dataclass(slots=True)
class Told:
    """One opening as the journal tells it; `intents` are its durable intents, the last one written `at`, `pulses` what
    the lock felt."""

    intent: OpeningIntended
    at: float
    intents: int = 1
    pulses: int = 0
    opened: int = 0
    unknown: int = 0
    ends: int = 0
    outcomes: int = 0


@dataclass(slots=True)
class Openings:
    bank: str
    now: Callable[[], float]
    verdicts: Verdicts
    told: dict[UUID, Told] = field(default_factory=dict)
    under_way: dict[UUID, Told] = field(default_factory=dict)
    """Those without an end."""

    def hear(self, body: Body) -> None:
        """A fact that is on the disk."""
        if isinstance(body, OpeningIntended):
            self._intend(body)
            return
        id_: UUID | None = getattr(body, "opening", None)
        if id_ is None:
            return
        told = self.told.get(id_)
        if told is None:
            self._say(id_, f"{type(body).__name__} of an opening that nobody intended")
            return
        match body:
            case DoorOpened():
                told.opened += 1
            case OpeningUnknown():
                told.unknown += 1
            case DoorShut() | DoorNotOpened():
                told.ends += 1
                self.under_way.pop(id_, None)
            case DepositStored() | DepositAbandoned() | CollectFinished() | CollectLeft():
                told.outcomes += 1
        self._check(id_, told)

    def pulsed(self, door: str) -> UUID | None:
        """The lock of `door` was released: there is an intent on the disk that it belongs to, of its own. The
        opening."""
        for told in self.under_way.values():
            if told.intent.door == door and not told.ends and told.intents > told.pulses:
                told.pulses += 1
                if self.now() - told.at > AT_ONCE_S:
                    self._say(told.intent.opening, f"door {door} was released long after its intent")
                return told.intent.opening
        self._say(None, f"door {door} was released and no intent is on the disk")
        return None

    def close(self) -> None:
        """Everything is quiet: each opening has an end, and each pulse that was not made has its reason."""
        for id_, told in self.told.items():
            if told.ends != 1:
                self._say(id_, f"door {told.intent.door} has {told.ends} ends")
            if told.pulses and not (told.opened or told.unknown or told.ends):
                self._say(id_, f"door {told.intent.door} was pulsed and there is no record")

    def _intend(self, body: OpeningIntended) -> None:
        told = self.told.get(body.opening)
        if told is None:
            self.told[body.opening] = self.under_way[body.opening] = Told(body, self.now())
            if body.attempt != 1:
                self._say(body.opening, f"it begins with try {body.attempt}")
            return
        told.intents += 1
        told.at = self.now()
        if body.attempt != told.intents or told.ends:
            self._say(body.opening, f"try {body.attempt} is its {told.intents}th intent, after {told.ends} ends")

    def _check(self, id_: UUID, told: Told) -> None:
        if told.ends > 1 or told.outcomes > 1 or told.opened > 1 or told.unknown > 1:
            self._say(id_, f"door {told.intent.door} has two records of one opening")
        if told.opened and not told.pulses:
            self._say(id_, f"door {told.intent.door} is told to be opened and was never released")

    def _say(self, opening: UUID | None, detail: str) -> None:
        self.verdicts.say("I3", f"{self.bank}/openings/{opening}" if opening else self.bank, detail)
