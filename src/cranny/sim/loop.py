"""An event loop whose time is virtual: where nothing is ready, it jumps to the next timer.

A simulated month passes in seconds, and the same seed lives the same life. Threads and real sockets are
refused, because they would bring in the real world's timing.
"""

import asyncio
import selectors
from collections.abc import Coroutine, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, NoReturn, TypeVar

T = TypeVar("T")


STILL: Final = 200_000
"""So many rounds of the loop in one moment are no moment any more."""


class Stuck(Exception):
    """Everybody waits and nobody will ever wake anybody, or somebody runs in circles and no time passes."""


class _Jump(selectors.SelectSelector):
    """Instead of sleeping, moves the loop's clock."""

    loop: "VirtualLoop"
    still = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise Stuck("the simulation waits for something that will never come")
        self.still = 0 if timeout > 0 else self.still + 1
        if self.still > STILL:
            raise Stuck("time does not pass any more: somebody runs in circles")
        self.loop.elapsed += timeout
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """`elapsed` is the virtual time in seconds since the start."""

    def __init__(self) -> None:
        self.elapsed = 0.0
        jump = _Jump()
        jump.loop = self
        super().__init__(jump)

    def time(self) -> float:
        return self.elapsed

    def run_in_executor(self, *_: object) -> NoReturn:
        raise RuntimeError("no threads in the simulation: take the disk or the KDF as an argument")


class VirtualClock:
    """Both clocks of the house, read from a virtual loop. `skew` is a wrong wall clock's error."""

    def __init__(self, loop: VirtualLoop, start: datetime) -> None:
        self._loop = loop
        self._start = start
        self.skew = timedelta()

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._loop.elapsed) + self.skew

    def monotonic(self) -> float:
        return self._loop.elapsed


def live(story: Coroutine[Any, Any, T], loop: VirtualLoop) -> T:
    """Run `story` to its end in virtual time. An error in any background task is raised here."""
    failures: list[BaseException] = []

    def note(_: asyncio.AbstractEventLoop, context: Mapping[str, Any]) -> None:
        failures.append(context.get("exception") or RuntimeError(str(context.get("message"))))

    loop.set_exception_handler(note)
    asyncio.set_event_loop(loop)
    try:
        result = loop.run_until_complete(story)
        _end_tasks(loop)
    finally:
        asyncio.set_event_loop(None)
        loop.close()
    if failures:
        raise failures[0]
    return result


def _end_tasks(loop: VirtualLoop) -> None:
    left = asyncio.all_tasks(loop)
    for task in left:
        task.cancel()
    if left:
        loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
