"""Time and processors: what a run took, and whether others were using the machine meanwhile."""

import asyncio
import os
import statistics
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

QUIET: Final = 0.3
"""Cores that others may use before a figure is not to be trusted any more."""
LOOK_S: Final = 1.0
TICK: Final = os.sysconf("SC_CLK_TCK")
PROC: Final = Path("/proc")


@dataclass(frozen=True)
class Window:
    """One measurement: `value` in the figure's unit, `foreign` the cores that others used while it lasted."""

    value: float
    seconds: float
    foreign: float

    @property
    def quiet(self) -> bool:
        return self.foreign <= QUIET


class Watch:
    """From its making to `stop()`."""

    def __init__(self) -> None:
        self._busy, self._own, self._start = busy(), spent(os.getpid()), time.perf_counter()

    def stop(self) -> tuple[float, float]:
        """(seconds, cores that others used)."""
        seconds = time.perf_counter() - self._start
        foreign = (busy() - self._busy) - (spent(os.getpid()) - self._own)
        return seconds, max(0.0, foreign / seconds)


def busy() -> float:
    """Processor seconds that were used on this machine, those that its host kept for itself included."""
    user, nice, system, _, _, irq, softirq, steal, *_ = map(int, _read("stat").split("\n", 1)[0].split()[1:])
    return (user + nice + system + irq + softirq + steal) / TICK


def spent(root: int) -> float:
    """Processor seconds of process `root` and all its descendants, also of those that have ended."""
    children: dict[int, list[int]] = defaultdict(list)
    seconds: dict[int, float] = {}
    for entry in PROC.iterdir():
        if not entry.name.isdecimal():
            continue
        try:
            after_name = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:  # it has just ended; its parent has its time now
            continue
        pid = int(entry.name)
        children[int(after_name[1])].append(pid)
        seconds[pid] = sum(map(int, after_name[11:15])) / TICK
    family, total = [root], 0.0
    while family:
        pid = family.pop()
        total += seconds.get(pid, 0.0)
        family += children[pid]
    return total


def resident(pid: int) -> int:
    """Bytes of memory that a process holds."""
    line = next(line for line in _read(f"{pid}/status").splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) * 1024


async def wait_for_quiet(patience_s: float) -> None:
    """Until others use next to nothing, but no longer than `patience_s`."""
    end = time.perf_counter() + patience_s
    while time.perf_counter() < end:
        watch = Watch()
        await asyncio.sleep(LOOK_S)
        if watch.stop()[1] <= QUIET / 2:
            return


async def trusted(run: Callable[[], Awaitable[Window]], patience_s: float) -> Window:
    """`run` in a quiet moment: again and again until one was quiet or patience is over."""
    end = time.perf_counter() + patience_s
    while True:
        await wait_for_quiet(end - time.perf_counter())
        window = await run()
        if window.quiet or time.perf_counter() > end:
            return window


async def in_turns(
    first: Callable[[], Awaitable[Window]], second: Callable[[], Awaitable[Window]], turns: int, patience_s: float
) -> list[tuple[Window, Window]]:
    """A, B, A, B…: what drifts hits both. `patience_s` is for all of them together."""
    end = time.perf_counter() + patience_s

    async def turn(run: Callable[[], Awaitable[Window]]) -> Window:
        return await trusted(run, end - time.perf_counter())

    return [(await turn(first), await turn(second)) for _ in range(turns)]


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of all do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -(-int(share * len(ordered) * 1000) // 1000) - 1))]


def _read(name: str) -> str:
    return (PROC / name).read_text()
