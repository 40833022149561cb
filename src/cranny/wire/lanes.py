"""How messages that arrived reach their handler: in order per subject, some subjects at once, errors logged."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from cranny.wire.brokers import Handler, Incoming

log = structlog.get_logger(__name__)

MOST_WAITING: Final = 20_000
"""Messages that wait in one subscription. More are dropped: the broker is a wire, senders ask again."""


class Lanes:
    def __init__(self, handler: Handler, *, concurrent: int = 1, most: int = MOST_WAITING) -> None:
        """With `concurrent=1` all messages are handled one after another, as they came. With more, those of
        one subject still are, and so many subjects are served at once."""
        self._handler = handler
        self._one = concurrent == 1
        self._most = most
        self._slots = asyncio.Semaphore(concurrent)
        self._lanes: dict[str, deque[Incoming]] = {}
        self._tasks: dict[asyncio.Task[None], None] = {}  # in order, so that a simulated stop is always the same
        self._waiting = 0
        self._full = False

    def put(self, message: Incoming) -> None:
        """Never waits and never raises."""
        if self._waiting >= self._most:
            if not self._full:
                log.warning("messages dropped, handler too slow", subject=message.subject, waiting=self._waiting)
            self._full = True
            return
        self._full = False
        self._waiting += 1
        name = "" if self._one else message.subject
        if name in self._lanes:
            self._lanes[name].append(message)
            return
        self._lanes[name] = deque([message])
        task = asyncio.create_task(self._serve(name))
        self._tasks[task] = None
        task.add_done_callback(self._tasks.pop)

    async def stop(self) -> None:
        """Drops what waits, cancels what is being handled (a handler may call this itself), and waits for it."""
        others = [task for task in self._tasks if task is not asyncio.current_task()]
        for lane in self._lanes.values():
            lane.clear()
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _serve(self, name: str) -> None:
        lane = self._lanes[name]
        while lane:
            async with self._slots:
                await self._handle(lane.popleft())
            self._waiting -= 1
        del self._lanes[name]

    async def _handle(self, message: Incoming) -> None:
        try:
            await self._handler(message)
        except Exception:
            # One message must not end the subscription; whoever sent it gets no answer and tries again.
            log.exception("message handler failed", subject=message.subject)


async def run_hook(hook: Callable[[], Awaitable[None]]) -> None:
    """Runs what a connection's maker asked for. A broken hook is logged and must not break the connection."""
    try:
        await hook()
    except Exception:
        log.exception("connection hook failed")
