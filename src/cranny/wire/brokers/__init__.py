"""A FILE IS A BROKER. The broker is a wire, never the record: acknowledgements come from the server's commit."""

from collections.abc import Awaitable, Callable
from typing import Protocol


class Incoming(Protocol):
    """A message that arrived."""

    @property
    def subject(self) -> str: ...

    @property
    def payload(self) -> bytes: ...

    async def respond(self, payload: bytes) -> None:
        """Answer a request; does nothing for a plain publication."""
        ...


Handler = Callable[[Incoming], Awaitable[None]]


class Subscription(Protocol):
    async def stop(self) -> None: ...


class Broker(Protocol):
    @property
    def connected(self) -> bool: ...

    async def publish(self, subject: str, payload: bytes) -> None:
        """At most once. Raises Unavailable when there is no connection."""
        ...

    async def request(self, subject: str, payload: bytes, *, timeout: float) -> bytes:
        """Publish and wait for the answer, `timeout` seconds at most. Raises Unavailable, code
        `no-answer`, when none comes."""
        ...

    async def subscribe(self, subject: str, handler: Handler, *, queue: str = "") -> Subscription:
        """`queue`: of all subscribers with the same queue name one gets each message."""
        ...

    async def close(self) -> None: ...
