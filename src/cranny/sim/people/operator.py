"""Whoever runs the banks from afar: opens doors, takes them out of service, restarts a controller. And the broker in
between, which loses, repeats, and sometimes keeps a command back for a while."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cranny.core.clock import Clock
from cranny.core.errors import Invalid, Unavailable
from cranny.core.ids import Ids
from cranny.edge.outcomes import Opened
from cranny.sim.dice import Dice
from cranny.sim.oracles.commands import Asked, Commands
from cranny.sim.oracles.witness import Taker
from cranny.sim.people.day import Day
from cranny.sim.people.lobby import Lobby
from cranny.sim.reference.authority import Desk, Order
from cranny.sim.reference.books import Books
from cranny.sim.trace import Trace
from cranny.wire import nkey, signing, subjects, tokens
from cranny.wire.brokers import Broker, Incoming
from cranny.wire.commands import Action, Command, CommandReply, Target
from cranny.wire.messages import Beat, pack, unpack
from cranny.wire.tokens import Token

EVERY_S: Final = 500.0
TTL_MS: Final = (15_000, 30_000, 60_000)
KEPT_BACK: Final = 0.35
"""So many commands the broker delivers when it pleases, perhaps twice."""
KEPT_S: Final = 60.0
LOOKED_BEFORE: Final = 0.3
"""So many ask for a door as it was when they asked for the one before."""
ANSWER_S: Final = 20.0
AT_THE_DOOR_S: Final = 15.0
BY_TOKEN: Final = 0.2
"""So often somebody with a signed token is sent to a door, first of all to one that is out of service."""
TOKEN_S: Final = 8 * 3600
ON_THE_WAY_S: Final = 200.0
BY_DESK: Final = 0.6
"""So many ask the server, where it can be asked; the others hold its key, and a broker that keeps things back."""
OPENS: Final = 0.7
OTHERS: Final[tuple[Action, ...]] = ("take_out", "put_back", "put_back", "reboot", "reboot")

Spawn = Callable[[Coroutine[Any, Any, None]], None]


class Operator:
    """Of one bank. `key` is the server's, which signs commands as it signs rights."""

    def __init__(
        self,
        lobby: Lobby,
        oracle: Commands,
        books: Books,
        broker: Broker,
        key: Ed25519PrivateKey,
        *,
        desk: Desk | None,
        day: Day,
        ids: Ids,
        clock: Clock,
        dice: Dice,
        trace: Trace,
        spawn: Spawn,
        pace: float,
    ) -> None:
        self._lobby = lobby
        self._oracle = oracle
        self._books = books
        self._broker = broker
        self._key = key
        self._desk = desk
        self._day = day
        self._ids = ids
        self._clock = clock
        self._dice = dice
        self._trace = trace
        self._spawn = spawn
        self._pace = pace
        self._heard = b""
        """The newest beat, as it came."""
        self._seen: dict[str, int] = {}
        me = lobby.bank.identity
        self._bank_key = nkey.private(me.seed.encode()).public_key()
        self._subject = subjects.command(me.tenant, me.bank)
        self._me = me

    async def work(self) -> None:
        """Until the evening."""
        await self._broker.subscribe(subjects.beat(self._me.tenant, self._me.bank), self._hear)
        while not await self._day.nap(self._dice.soon(EVERY_S * self._pace)):
            if self._dice.chance(BY_TOKEN):
                self._spawn(self._technician())
                continue
            if self._desk is not None and self._dice.chance(BY_DESK):
                self._spawn(self._order(self._desk))
                continue
            command = self._command()
            if command is None:
                continue
            signed = signing.sign(self._key, "command", pack(command))
            if self._dice.chance(KEPT_BACK):
                self._trace.count("commands kept back")
                self._spawn(self._later(signed))
            else:
                self._spawn(self._send(signed))

    async def _order(self, desk: Desk) -> None:
        """As the API has it; the server sends it and hears the answer."""
        action, door = self._wish()
        self._trace.say("operator", f"orders {self._lobby.name} to {action} {door}")

        def sent(command: Command, token_ms: int) -> None:
            self._oracle.ask(Asked(command, token_ms))
            self._lobby.ordered(command.ttl_ms / 1000)

        order = Order(self._me.bank, action, "" if action == "reboot" else door, sent)
        for opened in await desk.order(order):
            self._spawn(self._stand_at(opened))

    async def _technician(self) -> None:
        """Shows a token at the bank, which need not have heard of it, looks behind the door and shuts it."""
        bank, doors = self._me.bank, list(self._lobby.bank.address)
        blocked = [door for (of, door), why in self._books.blocked.kept.items() if why and of == bank]
        door = (blocked or doors)[self._dice.below(len(blocked or doors))]
        books = self._books
        generation = books.occupied.kept.get((bank, door)) or books.newest.kept.get((bank, door)) or 0
        now = int(self._clock.now().timestamp())
        kid = tokens.kid(self._key.public_key())
        token = Token(self._ids.new().bytes, kid, bank.bytes, "inspect", door, generation, now, now + TOKEN_S)
        await self._day.nap(self._dice.soon(ON_THE_WAY_S))
        for _ in range(1 + self._dice.below(2)):
            answer = await self._lobby.show_token("technician", token, tokens.sign(self._key, token))
            if isinstance(answer, Opened):
                self._trace.count("opened with a token" + ", out of service" * bool(blocked))
                await self._look_behind(answer.door, generation)

    async def _look_behind(self, door: str, generation: int) -> None:
        """What does not belong there is taken away, as the bank counts on."""
        books = self._books
        here = books.lies.kept.get((self._me.bank, door, generation))
        ids = here.deliveries if here and here.live else ()
        belongs = {row.tracking for row in books.deliveries.kept.values() if {row.id, row.known_as} & set(ids)}
        staff = Taker("technician", lambda thing: thing.tracking not in belongs)
        with self._lobby.standing_at(door):
            await asyncio.sleep(self._dice.between(1.0, 8.0))
            if self._lobby.is_open(door):
                self._lobby.take(staff, door, only=staff.may)
                self._lobby.shut("technician", door)

    def _wish(self) -> tuple[Action, str]:
        doors = list(self._lobby.bank.address)
        action = "open" if self._dice.chance(OPENS) else OTHERS[self._dice.below(len(OTHERS))]
        return action, doors[self._dice.below(len(doors))]

    async def _hear(self, message: Incoming) -> None:
        self._heard = message.payload

    def _believed(self) -> Beat | None:
        try:
            return unpack(signing.verify(self._bank_key, "beat", self._heard), Beat)
        except Invalid:
            self._trace.count("beats not believed")
            return None

    def _command(self) -> Command | None:
        beat, doors = self._believed(), list(self._lobby.bank.address)
        if beat is None:
            return None
        action, door = self._wish()
        every = action == "open" and self._dice.chance(0.04)
        now = {label: self._books.occupied.kept.get((self._me.bank, label)) or 0 for label in doors}
        seen = self._seen if self._seen and self._dice.chance(LOOKED_BEFORE) else now
        self._seen = now
        aimed = [Target(label, seen[label]) for label in doors]
        command = Command(
            command=self._ids.new(),
            tenant=self._me.tenant,
            bank=self._me.bank,
            boot=beat.boot,
            token=beat.token,
            ttl_ms=TTL_MS[self._dice.below(len(TTL_MS))],
            action=action,
            by="keys/operator",
            reason="simulated",
            targets=() if action == "reboot" else tuple(aimed) if every else (Target(door, seen[door]),),
        )
        self._oracle.ask(Asked(command, beat.mono_ms))
        self._lobby.ordered(command.ttl_ms / 1000)
        self._trace.say("operator", f"asks {self._lobby.name} to {action} {'every door' if every else door}")
        return command

    async def _later(self, signed: bytes) -> None:
        """As a broker may that is slow, or wicked."""
        for _ in range(1 + self._dice.below(2)):
            if await self._day.nap(self._dice.soon(KEPT_S)):
                return
            await self._send(signed)

    async def _send(self, signed: bytes) -> None:
        try:
            answer = await self._broker.request(self._subject, signed, timeout=ANSWER_S)
            reply = unpack(signing.verify(self._bank_key, "command-reply", answer), CommandReply)
        except (Unavailable, Invalid) as error:
            self._trace.count(f"commands: {error.code}")
            return
        self._trace.count(f"commands: {reply.outcome}{reply.reason and f' {reply.reason}'}")
        self._oracle.replied(reply)
        for door in reply.doors:
            self._spawn(self._stand_at(door))

    async def _stand_at(self, door: str) -> None:
        """Somebody looks, and pushes it shut."""
        with self._lobby.standing_at(door):
            await self._day.nap(self._dice.soon(AT_THE_DOOR_S))
            if self._lobby.is_open(door):
                self._lobby.shut("operator", door)
