"""Processes that stay: on the quicker event loop where there is one, and with a garbage collector that leaves alone
what was there from the start."""

import asyncio
import gc
from collections.abc import Callable, Coroutine
from typing import Any, Final

from cranny.apps.ending import until_told

SETTLED_S: Final = 5.0
"""So long after its start a process has made what it will keep: modules, routes, templates, pools."""
GARBAGE: Final = (50_000, 20, 100)
"""New objects before the collector looks at them, and its rounds before it looks at older ones. A transaction of
two thousand facts makes more than Python's usual 700 in a moment, and all of them are still in use."""


def stay(work: Coroutine[Any, Any, None], *, settled_s: float = SETTLED_S) -> None:
    """Run `work` until it ends or the process is told to."""

    async def settled() -> None:
        asyncio.get_running_loop().call_later(settled_s, settle)
        await until_told(work)

    with asyncio.Runner(loop_factory=_quicker()) as runner:
        runner.run(settled())


def settle() -> None:
    """Collect what the start left over, and never look at the rest again: it is most of the heap, and going through
    it took a fifth of a busy worker's time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GARBAGE)


def _quicker() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """None where there is only Python's own (Windows)."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop
