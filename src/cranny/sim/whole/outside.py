"""The real world's event loop, inside the simulation's. Virtual time stands still while somebody waits for it: the
simulation's own loop does nothing else meanwhile, so what a database takes is never seen and never varies."""

import asyncio
from asyncio import _enter_task, _get_running_loop, _leave_task, _set_running_loop
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

T = TypeVar("T")


class Outside:
    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        """What `work` comes to out there. Raises what it raises."""
        with _nobody_running():
            return self._loop.run_until_complete(work)

    def close(self) -> None:
        with _nobody_running():
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.close()


@contextmanager
def _nobody_running() -> Iterator[None]:
    """The loop that runs this thread, and its task, step aside: asyncio lets loops of other makes do so ("Extending").
    A thread for the other loop would do as well, at the price of two more switches for each statement."""
    loop = _get_running_loop()
    task = None if loop is None else asyncio.current_task(loop)
    if loop is not None and task is not None:
        _leave_task(loop, task)
    _set_running_loop(None)
    try:
        yield
    finally:
        _set_running_loop(loop)
        if loop is not None and task is not None:
            _enter_task(loop, task)
