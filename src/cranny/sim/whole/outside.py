"""The real world's event loop, in a thread of its own. Virtual time stands still while somebody waits for it: the
thread of the simulation does nothing else meanwhile, so what a database takes is never seen and never varies."""

import asyncio
from collections.abc import Coroutine
from threading import Thread
from typing import Any, Final, TypeVar

T = TypeVar("T")

PATIENCE_S: Final = 120.0
"""Real seconds. One at a time is at work, so nobody waits for anybody: whoever takes longer never comes back."""


class Outside:
    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="outside", daemon=True)
        self._thread.start()

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        """What `work` comes to out there. Raises what it raises."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE_S)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
