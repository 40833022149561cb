"""Listens in on a bank's connection, for an oracle: which of its facts did the server acknowledge, and when?"""

from collections.abc import Awaitable, Callable

from cranny.wire.brokers import Broker, Handler, Subscription
from cranny.wire.messages import FactAck, unpack

Heard = Callable[[FactAck], None]


class Tap:
    def __init__(self, broker: Broker, heard: Heard) -> None:
        self._broker = broker
        self._heard = heard

    @property
    def connected(self) -> bool:
        return self._broker.connected

    def on_connected(self, hook: Callable[[], Awaitable[None]]) -> None:
        self._broker.on_connected(hook)

    async def publish(self, subject: str, payload: bytes) -> None:
        await self._broker.publish(subject, payload)

    async def request(self, subject: str, payload: bytes, *, timeout: float) -> bytes:
        answer = await self._broker.request(subject, payload, timeout=timeout)
        if subject.endswith(".up.facts"):
            self._heard(unpack(answer, FactAck))
        return answer

    async def subscribe(self, subject: str, handler: Handler, *, queue: str = "", concurrent: int = 1) -> Subscription:
        return await self._broker.subscribe(subject, handler, queue=queue, concurrent=concurrent)

    async def close(self) -> None:
        await self._broker.close()
