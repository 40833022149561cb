"""Many samples, made into little that is told: how many there were, the least, mean and most of them exactly, and the
points where the value had changed by more than it wavers. Pure.

What is told hides no excursion: the least and the most are those of the samples, and between two points no sample is
further from the first of them than the window's step. Gaps are told as gaps.
"""

from typing import Final

import msgspec

from cranny.wire.sensors import Measure
from cranny.wire.summed import Summed

LASTS_MS: Final = 15 * 60_000
STEP: Final[dict[Measure, int]] = {"temperature": 30, "humidity": 200, "mains": 1, "battery": 100, "tamper": 1}
"""The deadband to begin with, in hundredths."""
MOST_POINTS: Final = 96
"""In one window. A value that wavers more gets a wider deadband, so that a broken sensor fills no disk."""
WIDEST: Final = 100_000
PASSED: Final = 3
"""A sample that comes so many times later than it should leaves a gap before it."""


class Window(msgspec.Struct, frozen=True):
    """`start` and `last` in milliseconds; `last` is the newest sample. `points`: (ms since start, value or None where a
    gap begins)."""

    start: int
    step: int
    last: int | None = None
    count: int = 0
    low: int = 0
    high: int = 0
    total: int = 0
    points: tuple[tuple[int, int | None], ...] = ()


def fresh(start: int, measure: Measure) -> Window:
    return Window(start, STEP[measure])


def add(window: Window, at: int, value: int, every_ms: int) -> Window:
    """A sample, taken not before the one before it."""
    points = window.points
    if window.last is not None and at - window.last > PASSED * every_ms and points and points[-1][1] is not None:
        points = (*points, (window.last + every_ms - window.start, None))
    if not points or points[-1][1] is None or abs(value - points[-1][1]) >= window.step:
        points = (*points, (at - window.start, value))
    return _thin(
        Window(
            start=window.start,
            step=window.step,
            last=at,
            count=window.count + 1,
            low=min(window.low, value) if window.count else value,
            high=max(window.high, value) if window.count else value,
            total=window.total + value,
            points=points,
        )
    )


def miss(window: Window, at: int) -> Window:
    """A reading came to nothing: the gap begins here. What was seen before it stays as it was."""
    if window.points and window.points[-1][1] is None:
        return window
    return msgspec.structs.replace(window, points=(*window.points, (at - window.start, None)))


def close(window: Window, channel: str, measure: Measure, start: int) -> Summed:
    """What is told of it; its points count from `start`. A window without a sample is told as one gap."""
    late = window.start - start
    points = [part for at, value in window.points for part in ((at + late) // 1000, value)]
    if not window.count:
        return Summed(channel, measure, 0, 0, 0, 0, points)
    return Summed(channel, measure, window.count, window.low, round(window.total / window.count), window.high, points)


def _thin(window: Window) -> Window:
    """As few points as there may be: those that a wider deadband would have left."""
    while len(window.points) > MOST_POINTS and window.step < WIDEST:
        step = window.step * 2
        kept: list[tuple[int, int | None]] = []
        for at, value in window.points:
            before = kept[-1][1] if kept else None
            if value is None or before is None or abs(value - before) >= step:
                kept.append((at, value))
        window = msgspec.structs.replace(window, step=step, points=tuple(kept))
    if len(window.points) > 2 * MOST_POINTS:
        return msgspec.structs.replace(window, points=(*window.points[:MOST_POINTS], window.points[-1]))
    return window
