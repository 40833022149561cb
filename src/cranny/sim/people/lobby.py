"""The room in front of a bank: one kiosk, some doors, and people who wait for each other."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Final, TypeVar
from uuid import UUID

from cranny.core.errors import CrannyError
from cranny.edge.controller import Controller
from cranny.edge.outcomes import Answer, Opened, Refusal, ShutFirst, Told
from cranny.sim.machines.bank import VirtualBank
from cranny.sim.oracles.witness import Taker, Witness
from cranny.sim.things import Thing, goes_in
from cranny.sim.trace import Trace
from cranny.wire.tokens import Token

T = TypeVar("T")

PATIENCE_S: Final = 30.0
"""How long somebody waits at the screen."""
PASSING_S: Final = 25.0
LONELY_S: Final = 100.0
"""A door that nobody has stood at for so long is shut by whoever passes by."""


class Lobby:
    def __init__(self, bank: VirtualBank, witness: Witness, trace: Trace, *, pace: float) -> None:
        """The slower the `pace`, the rarer somebody passes by."""
        self.bank = bank
        self._passing_s = min(PASSING_S * pace, LONELY_S)
        self.couriers = asyncio.Lock()
        """One courier at a time."""
        self.keypad = asyncio.Lock()
        """Who stands before it, first come, first served."""
        self._witness = witness
        self._trace = trace
        self._kiosk = asyncio.Lock()
        self.eyes: list[Callable[[Thing], None]] = []
        """Told of each thing that somebody puts in or takes out, while the door stands open."""
        self._stood_at: Counter[str] = Counter()

    @property
    def name(self) -> str:
        return self.bank.name

    @property
    def sees_inside(self) -> bool:
        """The cabinet has content sensors."""
        return self.bank.board.has_content

    # ------------------------------------------------------------ at the screen

    async def scan(self, who: str, text: str, grant: UUID | None = None) -> Answer | None:
        """None when no answer comes. `grant` is what a QR proves."""
        before = self._opens(grant, "qr")
        answer = await self._ask(who, lambda controller: controller.scan(text), grant, code=len(text) == QR_LENGTH)
        if before and grant is not None and isinstance(answer, Refusal):
            self._witness.refused(grant, answer.reason, "qr")
        return answer

    def _opens(self, grant: UUID | None, credential: str) -> bool:
        """What a disk holds that has not answered yet opens nothing yet."""
        return grant is not None and not self.bank.platter.stuck and self._witness.doors.opens(grant, credential)

    async def show_token(self, who: str, token: Token, text: str) -> Answer | None:
        """Signed by the server, for whoever holds it; `text` is its symbol."""
        self._witness.doors.tokens[token.id] = token
        return await self._ask(who, lambda controller: controller.scan(text), None, code=False)

    async def type_code(self, who: str, digits: str, grant: UUID | None) -> Answer | None:
        before = self._opens(grant, "code")
        answer = await self._ask(who, lambda controller: controller.type_code(digits), grant, code=True)
        wrong = isinstance(answer, Refusal) and answer.reason == "wrong"
        self._witness.codes.tried(digits, right=grant, wrong=wrong)
        if before and grant is not None and isinstance(answer, Refusal):
            self._witness.refused(grant, answer.reason, "code")
        return answer

    async def too_small(self, visit: UUID) -> ShutFirst | Refusal | None:
        """The courier has taken the thing out again."""
        with self._witness.prompts.asking(larger=True):
            return await self._wait(lambda controller: controller.too_small(visit, emptied=True))

    def done(self, visit: UUID) -> None:
        try:
            self.bank.screen.controller.done(visit)
        except CrannyError:
            self._trace.count("no answer")

    @contextmanager
    def watching(self) -> Iterator["asyncio.Queue[Told]"]:
        """What the screen tells from now on."""
        seen: asyncio.Queue[Told] = asyncio.Queue()
        self.bank.screen.eyes.append(seen.put_nowait)
        try:
            yield seen
        finally:
            self.bank.screen.eyes.remove(seen.put_nowait)

    async def _ask(
        self, who: str, deed: Callable[[Controller], Awaitable[Answer]], grant: UUID | None, *, code: bool
    ) -> Answer | None:
        with self._witness.prompts.asking():
            answer = await self._wait(deed)
        match answer:
            case None:
                self._trace.say(who, f"gets no answer at {self.name}")
            case Refusal():
                self._trace.count(f"refused: {answer.reason}")
                self._trace.say(who, f"is refused at {self.name}: {answer.reason}")
            case Opened():
                self._trace.say(who, f"sees door {answer.door} of {self.name} open")
                if code:
                    self._witness.let_in(answer.door, grant, who)
        return answer

    async def _wait(self, deed: Callable[[Controller], Awaitable[T]]) -> T | None:
        async with self._kiosk:
            try:
                async with asyncio.timeout(PATIENCE_S):
                    return await deed(self.bank.screen.controller)
            except (CrannyError, TimeoutError):
                self._trace.count("no answer")
                return None

    def ordered(self, seconds: float) -> None:
        """Somebody sends a command that may be obeyed for so long."""
        self._witness.prompts.ordered(seconds)

    # ------------------------------------------------------------ at the doors

    @contextmanager
    def standing_at(self, door: str) -> Iterator[None]:
        """Nobody else touches it meanwhile."""
        self._stood_at[door] += 1
        try:
            yield
        finally:
            self._stood_at[door] -= 1

    def is_open(self, door: str) -> bool:
        return self.bank.board.is_open(self.bank.address[door])

    def open_doors(self) -> list[str]:
        """Those that stand open, with nobody at them."""
        boxes, stood_at = self.bank.board.boxes, self._stood_at  # asked more often than anything else
        return [door for door, at in self.bank.address.items() if boxes[at].door_open and not stood_at[door]]

    def inside(self, door: str) -> list[Thing]:
        return [thing for thing in self.bank.board.inside(self.bank.address[door]) if isinstance(thing, Thing)]

    def has_room(self, door: str, thing: Thing) -> bool:
        box = next(box for box in self.bank.layout.compartments if box.label == door)
        return goes_in(thing, self.inside(door), box)

    def put(self, who: str, door: str, thing: Thing) -> None:
        self._witness.put(door, thing, self.inside(door))
        self.bank.board.put(self.bank.address[door], thing)
        self._trace.say(who, f"puts {thing} behind door {door} of {self.name}")
        self._seen(thing)

    def take(self, taker: Taker, door: str, *, only: Callable[[Thing], bool] = lambda _: True) -> list[Thing]:
        """All, or `only` some."""
        address = self.bank.address[door]
        things = [thing for thing in self.bank.board.take(address) if isinstance(thing, Thing)]
        taken = [thing for thing in things if only(thing)]
        for thing in things:
            if thing not in taken:
                self.bank.board.put(address, thing)
        self._witness.taken(door, taker, taken)
        names = ", ".join(map(str, taken)) or "nothing"
        self._trace.say(taker.name, f"takes {names} from door {door} of {self.name}")
        for thing in taken:
            self._seen(thing)
        return taken

    def _seen(self, thing: Thing) -> None:
        for look in self.eyes:
            look(thing)

    def shut(self, who: str, door: str) -> None:
        self.bank.board.shut(self.bank.address[door])
        self._trace.say(who, f"shuts door {door} of {self.name}")

    async def passers_by(self) -> None:
        """Whoever sees a door stand open for a while pushes it shut."""
        while True:
            seen = self.open_doors()
            await asyncio.sleep(self._passing_s)
            for door in self.open_doors():
                if door in seen and (self.bank.fates.calm or self.bank.dice.chance(0.4)):
                    self.shut("passer-by", door)


QR_LENGTH: Final = 33
