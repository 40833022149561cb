"""Commands are obeyed at most once, never late, never after a restart, and each is answered in the journal (I6)."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from cranny.sim.oracles.doors import Doors
from cranny.sim.oracles.verdicts import Verdicts
from cranny.wire.commands import Command, CommandReply
from cranny.wire.facts import Fact
from cranny.wire.kinds import Body, CommandAnswered, CommandTaken, DoorNotOpened, DoorShut, OpeningIntended

SLACK_S: Final = 0.5
"""The journal's clock counts whole milliseconds, and a lock feels its pulse a moment after it was decided on."""


@dataclass(frozen=True, slots=True)
class Asked:
    """`token_ms` is how old its boot was when the token was handed out."""

    command: Command
    token_ms: int


@dataclass(slots=True)
class Commands:
    """At one bank. The moment at which a boot began is known from its facts: each says how old its boot was then."""

    bank: str
    now: Callable[[], float]
    doors: Doors
    verdicts: Verdicts
    asked: dict[UUID, Asked] = field(default_factory=dict)
    answered: dict[UUID, CommandAnswered] = field(default_factory=dict)
    obeyed: Counter[tuple[UUID, str]] = field(default_factory=Counter)
    _begun: dict[UUID, float] = field(default_factory=dict)
    _boot: UUID | None = None
    _opening: dict[str, OpeningIntended] = field(default_factory=dict)
    """By door: the opening under way that a command asked for."""

    def ask(self, asked: Asked) -> None:
        """Somebody is about to send it."""
        self.asked[asked.command.command] = asked

    def hear(self, fact: Fact, body: Body) -> None:
        """A fact that is on the disk."""
        self._boot = fact.boot_id
        began = self.now() - fact.mono_ms / 1000
        self._begun[fact.boot_id] = min(began, self._begun.get(fact.boot_id, began))
        match body:
            case OpeningIntended() if body.command is not None:
                self._intended(body, body.command)
            case OpeningIntended():
                self._opening.pop(body.door, None)
            case DoorShut() | DoorNotOpened():
                self._opening.pop(body.door, None)
            case CommandTaken() if body.command not in self.asked:
                self._say(body.command, "nobody asked for it")
            case CommandAnswered():
                if body.command in self.answered:
                    self._say(body.command, "answered twice")
                self.answered[body.command] = body

    def pulsed(self, door: str) -> None:
        """The lock of `door` was released."""
        body = self._opening.get(door)
        asked = self.asked.get(body.command) if body and body.command else None
        if asked is None:
            return
        command = asked.command
        if command.boot != self._boot:
            self._say(command.command, f"door {door} is opened by it after a restart")
        began = self._begun.get(command.boot)
        age = float("inf") if began is None else self.now() - (began + asked.token_ms / 1000)
        if age > command.ttl_ms / 1000 + SLACK_S:
            self._say(command.command, f"door {door} is opened by it {age - command.ttl_ms / 1000:.1f} s late")

    def replied(self, reply: CommandReply) -> None:
        """What the bank told whoever asked is in its journal already."""
        if reply.command is None:
            return  # what the bank could not believe leaves no trace
        told = self.answered.get(reply.command)
        unwritten = reply.outcome == "taken" or reply.reason in ("disk-full", "crowded")
        if not unwritten and (told is None or told.outcome != reply.outcome):
            self._say(reply.command, f"said to be {reply.outcome}, and the journal does not say so")

    def close(self) -> None:
        """Everything is quiet: what was obeyed is answered."""
        for command, door in self.obeyed:
            if command not in self.answered:
                self._say(command, f"door {door} was opened by it, and it was never answered")

    def _intended(self, body: OpeningIntended, command: UUID) -> None:
        self._opening[body.door] = body
        asked = self.asked.get(command)
        if asked is None:
            self._say(command, f"door {body.door} is opened by it, and nobody asked")
            return
        if body.attempt > 1:
            return
        self.obeyed[command, body.door] += 1
        if self.obeyed[command, body.door] > 1 or command in self.answered:
            self._say(command, f"door {body.door} is opened by it once more")
        expected = next((one.generation for one in asked.command.targets if one.door == body.door), None)
        if expected != self.doors.door(body.door).live:
            self._say(command, f"door {body.door} holds {self.doors.door(body.door).live} and not {expected}")

    def _say(self, command: UUID | None, detail: str) -> None:
        self.verdicts.say("I6", f"{self.bank}/commands/{command}", detail)
