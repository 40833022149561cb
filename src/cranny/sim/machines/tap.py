"""Listens in on a bank's connection, for an oracle: which of its facts did the server acknowledge, and when?"""

from collections.abc import Awaitable, Callable

from cranny.core.errors import Invalid
from cranny.edge.identity import Identity
from cranny.wire import acks
from cranny.wire.brokers import Broker, Handler, Subscription
from cranny.wire.messages import FactAck

Asked = Callable[[], Callable[[FactAck], None]]
"""A batch is sent: who is told of its answer."""


class Tap:
    def __init__(self, broker: Broker, identity: Identity, asked: Asked) -> None:
        self._broker = broker
        self._identity = identity
        self._asked = asked

    @property
    def connected(self) -> bool:
        return self._broker.connected

    def on_connected(self, hook: Callable[[], Awaitable[None]]) -> None:
        self._broker.on_connected(hook)

    async def publish(self, subject: str, payload: bytes) -> None:
        await self._broker.publish(subject, payload)

    async def request(self, subject: str, payload: bytes, *, timeout: float) -> bytes:
        if not subject.endswith(".up.facts"):
            return await self._broker.request(subject, payload, timeout=timeout)
        heard, me = self._asked(), self._identity
        answer = await self._broker.request(subject, payload, timeout=timeout)
        try:
            heard(acks.read(me.server(), me.tenant, me.bank, payload, answer))
        except Invalid:
            return answer  # what the bank must not believe, the oracle does not either
        return answer

    async def subscribe(self, subject: str, handler: Handler, *, queue: str = "", concurrent: int = 1) -> Subscription:
        return await self._broker.subscribe(subject, handler, queue=queue, concurrent=concurrent)

    async def close(self) -> None:
        await self._broker.close()
