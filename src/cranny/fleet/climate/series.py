"""From windows to lines: steps, gaps, buckets, and how long something was beyond its limits. Pure.

Values in hundredths. A step holds until the next one; a step without a value begins a gap.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Final, NamedTuple

import msgspec

from cranny.wire.sensors import Measure
from cranny.wire.summed import Summed

TOLERANCE: Final = timedelta(seconds=90)
"""Between two windows; more is a gap."""
LATE: Final = timedelta(minutes=20)
"""After the newest window; less is one that has not come yet."""
MOST_SAMPLES: Final = 10**9
"""In a window: so that days and years of them can be added up, whatever a bank says."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class ChannelStored(msgspec.Struct, frozen=True):
    """A channel in one window, as it is kept. `points` as in `wire.kinds.Summed`."""

    measure: Measure
    count: int
    low: int
    mean: int
    high: int
    points: list[int | None]


class Window(msgspec.Struct, frozen=True):
    start: datetime
    ended: datetime
    doubtful: bool
    channels: dict[str, ChannelStored]


class Step(NamedTuple):
    at: datetime
    value: int | None


class Gap(msgspec.Struct, frozen=True):
    """Nothing is known from `since` until `until`."""

    since: datetime
    until: datetime


class Bucket(msgspec.Struct, frozen=True):
    """What was measured in one stretch of time that begins at `at`."""

    at: datetime
    count: int
    low: int
    mean: int
    high: int


def stored(channels: Iterable[Summed]) -> dict[str, ChannelStored]:
    """As they are kept, by name; of two with one name the first counts."""
    found: dict[str, ChannelStored] = {}
    for one in channels:
        kept = ChannelStored(one.measure, min(one.count, MOST_SAMPLES), one.low, one.mean, one.high, one.points)
        found.setdefault(one.channel, kept)
    return found


def names(windows: Iterable[Window]) -> dict[str, Measure]:
    """The channels that were measured, and what."""
    return {name: one.measure for window in windows for name, one in window.channels.items()}


def steps(windows: Sequence[Window], channel: str) -> list[Step]:
    """The line of one channel. `windows` in the order in which they ended."""
    found: list[Step] = []
    ended: datetime | None = None
    for window in windows:
        one = window.channels.get(channel)
        if one is None:
            continue
        if ended is not None and window.start - ended > TOLERANCE:
            found.append(Step(ended, None))
        found += (Step(max(at, window.start), value) for at, value in _points(window, one))
        ended = window.ended
    if ended is not None:
        found.append(Step(ended, None))
    return _in_order(found)


def gaps(line: Sequence[Step], since: datetime, until: datetime) -> list[Gap]:
    """When nothing is known between `since` and `until`. What is younger than a window may still come."""
    if not line:
        return [Gap(since, until)]
    found = [Gap(since, line[0].at)] if line[0].at - since > TOLERANCE else []
    for one, following in pairwise(line):
        if one.value is None and following.at > one.at:
            found.append(Gap(one.at, following.at))
    if until - line[-1].at > LATE:
        found.append(Gap(line[-1].at, until))
    return [Gap(max(gap.since, since), min(gap.until, until)) for gap in found if gap.until > since]


def buckets(windows: Sequence[Window], channel: str, size: timedelta) -> list[Bucket]:
    """Windows together by when they began."""
    parts: dict[datetime, list[ChannelStored]] = {}
    for window in windows:
        one = window.channels.get(channel)
        if one is not None and one.count:
            parts.setdefault(_floor(window.start, size), []).append(one)
    return [_bucket(at, parts[at]) for at in sorted(parts)]


def together(found: Iterable[Bucket]) -> list[Bucket]:
    """In order, and those of one moment as one."""
    parts: dict[datetime, list[Bucket]] = {}
    for bucket in found:
        parts.setdefault(bucket.at, []).append(bucket)
    return [_bucket(at, parts[at]) for at in sorted(parts)]


def beyond(line: Sequence[Step], low: int | None, high: int | None) -> timedelta:
    """How long the line was outside these limits, gaps left out."""
    total = timedelta()
    for one, following in pairwise(line):
        outside = one.value is not None and (
            (low is not None and one.value < low) or (high is not None and one.value > high)
        )
        if outside:
            total += following.at - one.at
    return total


def cut(line: Sequence[Step], since: datetime, until: datetime) -> list[Step]:
    """The part of the line between two moments: it begins with what held at the first."""
    before = [step for step in line if step.at <= since][-1:]
    inside = [step for step in line if since < step.at <= until]
    return [Step(since, step.value) for step in before if step.value is not None] + inside


def _points(window: Window, one: ChannelStored) -> Iterator[tuple[datetime, int | None]]:
    for seconds, value in zip(one.points[::2], one.points[1::2], strict=False):
        if seconds is not None:
            yield min(window.start + timedelta(seconds=seconds), window.ended), value


def _in_order(found: list[Step]) -> list[Step]:
    """No step before the one before it: where the clock was in doubt two windows may overlap."""
    line: list[Step] = []
    for step in found:
        at = max(step.at, line[-1].at) if line else step.at
        if line and line[-1].value is None and step.value is None:
            continue
        line.append(Step(at, step.value))
    return line


def _bucket(at: datetime, parts: Sequence[ChannelStored | Bucket]) -> Bucket:
    count = sum(part.count for part in parts)
    mean = round(sum(part.mean * part.count for part in parts) / count)
    return Bucket(at, count, min(part.low for part in parts), mean, max(part.high for part in parts))


def _floor(at: datetime, size: timedelta) -> datetime:
    return at - (at - _EPOCH) % size
