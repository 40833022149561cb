"""Server-sent events: framing, one hub per process, a bounded queue per client.

What is sent is framed once, however many clients get it. A client that can't keep up is dropped: its browser
comes back with `Last-Event-ID` and reads what it missed from the log.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from litestar.response import Stream

HEARTBEAT_S: Final = 15.0
ROOM: Final = 256
"""Messages that may wait for one client."""

BEAT: Final = b":\n\n"
"""A sign of life: a comment, which clients pass over."""

T = TypeVar("T")


def frame(data: bytes, *, event: str = "", id_: str = "") -> bytes:
    """One message as it goes over the wire; `data` may have several lines."""
    head = (f"id: {id_}\n" if id_ else "") + (f"event: {event}\n" if event else "")
    return head.encode() + b"".join(b"data: " + line + b"\n" for line in data.split(b"\n")) + b"\n"


def mark(id_: str) -> bytes:
    """Tells a client how far it has got, without a message."""
    return f"id: {id_}\n\n".encode()


def stream(frames: AsyncIterator[bytes]) -> Stream:
    """The response. `frames` is closed when the client goes."""
    return Stream(
        frames,
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


@dataclass(frozen=True, slots=True)
class Framed(Generic[T]):
    """A message with what filters look at, framed once for all clients."""

    about: T
    raw: bytes


class Client(Generic[T]):
    """One open stream."""

    def __init__(self, wants: Callable[[T], bool], room: int) -> None:
        self._wants = wants
        self._queue: asyncio.Queue[Framed[T] | None] = asyncio.Queue(room)
        self._dropped = False

    def offer(self, message: Framed[T]) -> None:
        """Give it the message if it wants it; drop the client if it has no room."""
        if self._dropped or not self._wants(message.about):
            return
        try:
            self._queue.put_nowait(message)
        except asyncio.QueueFull:
            self._dropped = True

    def beat(self) -> None:
        """A sign of life; a client with messages waiting needs none."""
        if self._queue.empty():
            self._queue.put_nowait(None)

    async def messages(self) -> AsyncIterator[Framed[T] | None]:
        """What was offered, None for a heartbeat; ends when the client was dropped."""
        while not (self._dropped and self._queue.empty()):
            yield await self._queue.get()


class Hub(Generic[T]):
    """Clients by topic."""

    def __init__(self, *, room: int = ROOM) -> None:
        self._room = room
        self._topics: dict[Hashable, set[Client[T]]] = {}

    @contextmanager
    def join(self, topic: Hashable, wants: Callable[[T], bool]) -> Iterator[Client[T]]:
        """A client of `topic` for as long as the block runs; it gets only what it wants."""
        client = Client(wants, self._room)
        self._topics.setdefault(topic, set()).add(client)
        try:
            yield client
        finally:
            clients = self._topics[topic]
            clients.discard(client)
            if not clients:
                del self._topics[topic]

    def topics(self) -> frozenset[Hashable]:
        """Those that somebody listens to."""
        return frozenset(self._topics)

    def publish(self, topic: Hashable, message: Framed[T]) -> None:
        for client in self._topics.get(topic, ()):
            client.offer(message)

    async def keep_alive(self) -> None:
        """Heartbeats for everybody, until cancelled: proxies close what is silent."""
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            for clients in self._topics.values():
                for client in clients:
                    client.beat()


def raw(message: Framed[T] | None) -> bytes:
    """What goes over the wire for an item of `Client.messages`."""
    return BEAT if message is None else message.raw
