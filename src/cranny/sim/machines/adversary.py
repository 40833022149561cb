"""Whoever holds the broker: flips bits in what goes by, passes off old messages as new ones, and sends some of their
own. They can keep things away; they can't make anybody believe anything."""

from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cranny.core.errors import CrannyError
from cranny.sim.dice import Dice
from cranny.sim.trace import Trace
from cranny.sim.troubles import pause
from cranny.wire import signing
from cranny.wire.brokers import Broker, Handler, Subscription
from cranny.wire.brokers.memory import Hub

REMEMBERED: Final = 30
"""Messages of one kind."""
TOUCHED: Final = 0.02
INJECTS_S: Final = 240.0
NAME: Final = "adversary"


def _nobody(_: str, __: str) -> None:
    """Nobody listens."""


class Adversary:
    """`calm`: leaves everything alone."""

    def __init__(self, dice: Dice, much: float, trace: Trace, *, pace: float) -> None:
        self.calm = False
        self.heard: Callable[[str, str], None] = _nobody
        """Told of each message that is touched, and of its subject (`coverage.FAULTS`)."""
        self._dice = dice
        self._much = much
        self._pace = pace
        self._trace = trace
        self._kept: dict[str, deque[tuple[str, bytes]]] = defaultdict(lambda: deque(maxlen=REMEMBERED))
        self._key = Ed25519PrivateKey.from_private_bytes(dice.bytes(32))

    def touch(self, what: str, subject: str, payload: bytes) -> bytes:
        """What arrives in place of `payload`; `what` is "answer", or anything else for what was sent."""
        kind = f"{subject.rsplit('.', 1)[-1]} {what}"
        kept = self._kept[kind]
        kept.append((subject, payload))
        if self.calm or not self._dice.chance(TOUCHED * self._much):
            return payload
        self.heard("tampering", subject)
        if self._dice.chance(0.5):
            self._trace.count(f"broker rewrites: {kind}")
            return self._flip(payload)
        self._trace.count(f"broker replays: {kind}")
        return kept[self._dice.below(len(kept))][1]

    async def inject(self, hub: Hub) -> None:
        """Old messages once more, and some under a key of one's own, until cancelled."""
        broker = hub.join(NAME)
        try:
            while True:
                await pause(self._dice, INJECTS_S * self._pace, self._much)
                await self._send(broker)
        finally:
            await broker.close()

    async def _send(self, broker: Broker) -> None:
        kinds = sorted(kind for kind in self._kept if not kind.endswith("answer") and self._kept[kind])
        if not kinds:
            return
        kind = kinds[self._dice.below(len(kinds))]
        subject, payload = self._kept[kind][self._dice.below(len(self._kept[kind]))]
        if self._dice.chance(0.5):
            purpose: signing.Purpose = "command" if kind.startswith("command") else "facts"
            payload = signing.sign(self._key, purpose, payload[7:-66])
        self._trace.count(f"broker injects: {kind}")
        self.heard("tampering", subject)
        try:
            await broker.publish(subject, payload)
        except CrannyError:
            self._trace.count("broker could not inject")

    def _flip(self, payload: bytes) -> bytes:
        if not payload:
            return b"\x00"
        at = self._dice.below(len(payload))
        return payload[:at] + bytes([payload[at] ^ (1 << self._dice.below(8))]) + payload[at + 1 :]


class TappedWire:
    """A connection through a broker that is not one's own."""

    def __init__(self, broker: Broker, adversary: Adversary) -> None:
        self._broker = broker
        self._adversary = adversary

    @property
    def connected(self) -> bool:
        return self._broker.connected

    def on_connected(self, hook: Callable[[], Awaitable[None]]) -> None:
        self._broker.on_connected(hook)

    async def publish(self, subject: str, payload: bytes) -> None:
        await self._broker.publish(subject, self._adversary.touch("message", subject, payload))

    async def request(self, subject: str, payload: bytes, *, timeout: float) -> bytes:
        sent = self._adversary.touch("request", subject, payload)
        answer = await self._broker.request(subject, sent, timeout=timeout)
        return self._adversary.touch("answer", subject, answer)

    async def subscribe(self, subject: str, handler: Handler, *, queue: str = "", concurrent: int = 1) -> Subscription:
        return await self._broker.subscribe(subject, handler, queue=queue, concurrent=concurrent)

    async def close(self) -> None:
        await self._broker.close()
