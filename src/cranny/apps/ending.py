"""How long-running commands end: on SIGTERM or SIGINT, once, in order, and in the end in any case."""

import asyncio
import os
import signal
from collections.abc import Callable, Coroutine
from typing import Any, Final

import structlog

FAREWELL_S: Final = 90.0
"""How long the farewell may take: an engine has a minute of it to write what it holds. Without an end, a process whose
engines were killed could wait for them for ever."""
FOR_GOOD: Final = 78
"""Exit code (EX_CONFIG of sysexits.h) when trying again can't help: a supervisor need not."""

log = structlog.get_logger(__name__)


async def until_told(
    work: Coroutine[Any, Any, Any], *, farewell_s: float = FAREWELL_S, leave: Callable[[int], Any] = os._exit
) -> None:
    """Run `work` until it ends or the process is told to stop; then cancel it and wait for its farewell. What is not
    over `farewell_s` later is named in the log and cut off: `leave(1)`. Everything here is made to be cut off."""
    loop = asyncio.get_running_loop()
    told = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, told.set)
    task = asyncio.create_task(work)
    waiting = asyncio.create_task(told.wait())
    last = None
    try:
        await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            task.cancel()
            last = loop.call_later(farewell_s, _cut_off, leave)
        try:
            await task
        except asyncio.CancelledError:
            if not told.is_set():
                raise
    finally:
        waiting.cancel()
        if last is not None:
            last.cancel()


def _cut_off(leave: Callable[[int], Any]) -> None:
    where = [f"{task.get_name()} {task.get_stack(limit=1)}" for task in asyncio.all_tasks()]
    log.error("the farewell took too long", still_running=where)
    leave(1)
