"""The controller's tasks. When one fails, all stop: the way back is a restart, which reads the journal."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from cranny.core.errors import CrannyError, Unavailable
from cranny.edge.disk import DiskFailed

T = TypeVar("T")


class Crew:
    def __init__(self) -> None:
        self._tasks: dict[asyncio.Task[Any], None] = {}  # in order, so that a simulated crash is always the same
        self._failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._stopped = False

    def spawn(self, work: Coroutine[Any, Any, None], *, name: str) -> None:
        """Background work. Any error of it stops the crew; a crew that has stopped begins nothing."""
        if self._stopped:
            work.close()
            return
        task = self._start(work, name)
        task.add_done_callback(self._check_background)

    async def ask(self, work: Coroutine[Any, Any, T], *, name: str) -> T:
        """Work that somebody waits for, and that goes on when they don't: whoever hangs up must not leave a door
        half opened. Its refusals are theirs; a failed disk, or a mistake of ours, stops the crew."""
        if self._stopped:
            work.close()
            raise Unavailable("The bank is restarting. Try again in a moment.", code="restarting")
        task = self._start(work, name)
        task.add_done_callback(self._check_asked)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if task.cancelled():  # not whoever asked, but the crew
                raise Unavailable("The bank is restarting. Try again in a moment.", code="restarting") from None
            raise

    async def failure(self) -> None:
        """Waits; raises the first failure."""
        await self._failed

    async def stop(self) -> None:
        self._stopped = True
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if not self._failed.done():
            self._failed.cancel()

    def _start(self, work: Coroutine[Any, Any, T], name: str) -> asyncio.Task[T]:
        task = asyncio.create_task(work, name=name)
        self._tasks[task] = None
        task.add_done_callback(self._tasks.pop)
        return task

    def _check_background(self, task: asyncio.Task[Any]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._fail(error)

    def _check_asked(self, task: asyncio.Task[Any]) -> None:
        if task.cancelled():
            return
        error = task.exception()
        if error is not None and (isinstance(error, DiskFailed) or not isinstance(error, CrannyError)):
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        if not self._failed.done():
            self._failed.set_exception(error)
