"""Time, injected. `now` is for arrivals, dwell and deadlines and may be scaled; `monotonic` is for doors,
delays and the network and never is."""

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """Wall time, aware, UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds since an arbitrary start; never goes back."""
        ...


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


class ScaledClock:
    """Wall time that runs `factor` times faster from `start` on. For simulated boards only."""

    def __init__(self, factor: float, start: datetime, base: Clock) -> None:
        self._factor = factor
        self._start = start
        self._base = base

    def now(self) -> datetime:
        return self._start + (self._base.now() - self._start) * self._factor

    def monotonic(self) -> float:
        return self._base.monotonic()


def millis(moment: datetime) -> int:
    """Milliseconds since 1970-01-01 UTC, the wire's unit of wall time."""
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def from_millis(ms: int) -> datetime:
    """The inverse of `millis`."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)
