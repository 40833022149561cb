"""A power cut between any two steps of a program.

A program that waits at an `await` has done nothing since that anybody could find later: what survives a power cut is
the disk and the cabinet. So the event loop is stopped behind each of its rounds, and a cut is made wherever disk or
cabinet look different from how they looked before, and just before that: every moment that can be told from another.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from cranny.sim.loop import VirtualLoop


class StepLoop(VirtualLoop):
    """Calls `behind` after every round of the loop."""

    def __init__(self) -> None:
        super().__init__()
        self.behind: Callable[[], None] | None = None

    def _run_once(self) -> None:
        super()._run_once()  # type: ignore[misc]
        if self.behind is not None:
            self.behind()


def what_stays(lab: Any) -> tuple[object, ...]:
    """Disk and cabinet, as far as anybody can find them after a power cut."""
    boxes = tuple((box.door_open, box.latched, len(box.things), box.pulses) for box in lab.board.boxes.values())
    return (lab.connection.total_changes, lab.connection.in_transaction, boxes)


async def run_and_cut(lab: Any, deed: Callable[[], Awaitable[object]], cut: int | None) -> list[int]:
    """Run `deed`, and cut the power behind round `cut` of the loop. Without `cut` it runs to its end; returns the
    rounds at which it makes a difference to cut."""
    loop = asyncio.get_running_loop()
    gone = asyncio.Event()
    rounds, seen, moments = 0, what_stays(lab), [1]

    def behind() -> None:
        nonlocal rounds, seen
        rounds += 1
        if rounds == cut:
            lab.mains.off = True
            gone.set()
        now = what_stays(lab)
        if now != seen:
            seen = now
            moments.extend(moment for moment in (rounds - 1, rounds) if moment > moments[-1])

    loop.behind = behind  # type: ignore[attr-defined]
    work, dark = asyncio.ensure_future(deed()), asyncio.ensure_future(gone.wait())
    await asyncio.wait({work, dark}, return_when=asyncio.FIRST_COMPLETED)
    loop.behind = None  # type: ignore[attr-defined]
    for task in (work, dark):
        task.cancel()
    if cut is None:
        await work
        return moments
    await lab.crash()
    await asyncio.gather(work, return_exceptions=True)
    return []
