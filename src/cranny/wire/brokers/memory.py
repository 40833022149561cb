"""The broker in one process: tests, and simulation with faults of the simulator's choice.

Deterministic: the same calls give the same deliveries in the same order, on whatever loop runs them. A `Hub` is
the wire; each process on it has a `MemoryBroker` of its own, with a name by which it can be cut off.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from functools import lru_cache, partial
from typing import Protocol

from cranny.core.errors import Invalid, Unavailable
from cranny.wire.brokers import LARGEST, Handler, NobodyListens, check_subject
from cranny.wire.lanes import Lanes, run_hook

Answer = asyncio.Future[bytes]


class Faults(Protocol):
    def fate(self, sender: str, receiver: str, subject: str) -> Sequence[float]:
        """What becomes of one message (an answer has its request's subject): the delay in seconds of each
        copy that arrives. `(0.0,)` is a good wire, `()` a loss, `(0.0, 2.0)` a repetition."""
        ...


class GoodWire:
    """Everything arrives, once, at once."""

    def fate(self, sender: str, receiver: str, subject: str) -> Sequence[float]:
        del sender, receiver, subject
        return (0.0,)


class Hub:
    def __init__(self, faults: Faults | None = None) -> None:
        self._faults: Faults = faults or GoodWire()
        self._brokers: list[MemoryBroker] = []
        self._turns: Counter[str] = Counter()

    def join(self, name: str) -> "MemoryBroker":
        """A connection of its own, at once connected. Several may have one name and share its fate."""
        broker = MemoryBroker(self, name)
        self._brokers.append(broker)
        return broker

    def leave(self, broker: "MemoryBroker") -> None:
        if broker in self._brokers:
            self._brokers.remove(broker)

    def cut(self, name: str) -> None:
        """Ends the connections of `name`: calls fail at once, nothing arrives, nothing is kept."""
        for broker in self._named(name):
            broker.lose()

    def mend(self, name: str) -> None:
        """Connects `name` again and runs its hooks."""
        for broker in self._named(name):
            broker.find()

    def send(self, sender: "MemoryBroker", subject: str, payload: bytes, answer: "Answer | None") -> int:
        """To everyone who listens. How many they are, before any fault."""
        receivers = self._receivers(subject)
        for receiver in receivers:
            message = _Message(subject, payload, sender, receiver.broker, answer)
            self.carry(sender, receiver.broker, subject, partial(receiver.take, message))
        return len(receivers)

    def carry(self, sender: "MemoryBroker", receiver: "MemoryBroker", subject: str, arrive: Callable[[], None]) -> None:
        for delay in self._faults.fate(sender.name, receiver.name, subject):
            if delay > 0:
                asyncio.get_running_loop().call_later(delay, arrive)
            else:
                arrive()

    def _named(self, name: str) -> list["MemoryBroker"]:
        return [broker for broker in self._brokers if broker.name == name]

    def _receivers(self, subject: str) -> list["_Subscription"]:
        """Every plain subscriber, and of each queue the one whose turn it is."""
        hearing = [s for b in self._brokers if b.connected for s in b.subscriptions if s.hears(subject)]
        queues = {s.queue: [t for t in hearing if t.queue == s.queue] for s in hearing if s.queue}
        chosen = []
        for queue, members in queues.items():
            chosen.append(members[self._turns[queue] % len(members)])
            self._turns[queue] += 1
        return [s for s in hearing if not s.queue] + chosen


class MemoryBroker:
    def __init__(self, hub: Hub, name: str) -> None:
        """Made by `Hub.join`."""
        self.name = name
        self.subscriptions: list[_Subscription] = []
        self._hub = hub
        self._connected = True
        self._closed = False
        self._hooks: list[Callable[[], Awaitable[None]]] = []
        self._awaited: dict[Answer, None] = {}
        self._tasks: dict[asyncio.Task[None], None] = {}

    @property
    def connected(self) -> bool:
        return self._connected

    def on_connected(self, hook: Callable[[], Awaitable[None]]) -> None:
        self._hooks.append(hook)

    async def publish(self, subject: str, payload: bytes) -> None:
        self._send(subject, payload, None)

    async def request(self, subject: str, payload: bytes, *, timeout: float) -> bytes:
        answer: Answer = asyncio.get_running_loop().create_future()
        self._awaited[answer] = None
        try:
            if not self._send(subject, payload, answer):
                raise NobodyListens(f"Nobody listens on {subject}.")
            async with asyncio.timeout(timeout):
                return await answer
        except TimeoutError:
            raise Unavailable(f"No answer on {subject} within {timeout} s.", code="no-answer") from None
        finally:
            self._awaited.pop(answer, None)

    async def subscribe(
        self, subject: str, handler: Handler, *, queue: str = "", concurrent: int = 1
    ) -> "_Subscription":
        check_subject(subject, pattern=True)
        subscription = _Subscription(self, subject, queue, Lanes(handler, concurrent=concurrent))
        self.subscriptions.append(subscription)
        return subscription

    async def close(self) -> None:
        self._closed = True
        self.lose()
        self._hub.leave(self)
        for task in self._tasks:
            if task is not asyncio.current_task():
                task.cancel()
        for subscription in self.subscriptions.copy():
            await subscription.stop()

    def lose(self) -> None:
        self._connected = False
        for answer in self._awaited:
            if not answer.done():
                answer.set_exception(Unavailable("The connection broke.", code="no-answer"))

    def find(self) -> None:
        if self._closed or self._connected:
            return
        self._connected = True
        for hook in self._hooks:
            self._start(hook)

    def answer(self, asker: "MemoryBroker", subject: str, answer: Answer, payload: bytes) -> None:
        """Sends what `asker` waits for."""
        self.check(subject, payload)

        def arrive() -> None:
            if asker.connected and not answer.done():
                answer.set_result(payload)

        self._hub.carry(self, asker, subject, arrive)

    def check(self, subject: str, payload: bytes) -> None:
        """Raises what `publish` raises."""
        check_subject(subject)
        if not self._connected:
            raise Unavailable("There is no connection to the broker just now.", code="not-connected")
        if len(payload) > LARGEST:
            raise Invalid(f"A message of {len(payload)} bytes is too large.", code="message-too-large")

    def _send(self, subject: str, payload: bytes, answer: Answer | None) -> int:
        self.check(subject, payload)
        return self._hub.send(self, subject, payload, answer)

    def _start(self, hook: Callable[[], Awaitable[None]]) -> None:
        task = asyncio.create_task(run_hook(hook))
        self._tasks[task] = None
        task.add_done_callback(self._tasks.pop)


class _Message:
    def __init__(
        self, subject: str, payload: bytes, sender: MemoryBroker, receiver: MemoryBroker, answer: Answer | None
    ) -> None:
        self.subject = subject
        self.payload = payload
        self._sender = sender
        self._receiver = receiver
        self._answer = answer

    async def respond(self, payload: bytes) -> None:
        if self._answer is not None:
            self._receiver.answer(self._sender, self.subject, self._answer, payload)


@lru_cache(maxsize=65_536)
def _fits(wanted: str, subject: str) -> bool:
    """Whether a subscription to `wanted`, with `*` and a last `>`, hears `subject`."""
    parts, tokens = wanted.split("."), subject.split(".")
    if parts[-1] == ">":
        parts.pop()
        fits = len(tokens) > len(parts)
    else:
        fits = len(tokens) == len(parts)
    return fits and all(part in ("*", token) for part, token in zip(parts, tokens, strict=False))


class _Subscription:
    def __init__(self, broker: MemoryBroker, subject: str, queue: str, lanes: Lanes) -> None:
        self.broker = broker
        self.queue = queue
        self._wanted = subject
        self._lanes = lanes

    def hears(self, subject: str) -> bool:
        return _fits(self._wanted, subject)

    def take(self, message: _Message) -> None:
        """A message that was under way arrives, if we are still there."""
        if self.broker.connected and self in self.broker.subscriptions:
            self._lanes.put(message)

    async def stop(self) -> None:
        if self in self.broker.subscriptions:
            self.broker.subscriptions.remove(self)
        await self._lanes.stop()
