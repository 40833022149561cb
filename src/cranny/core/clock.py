"""Time, injected. `now` is for arrivals, dwell and deadlines and may be scaled; `monotonic` is for doors,
delays and the network and never is."""

import time
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)


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
    """Wall time that runs `factor` times faster from `start` until `end` (for ever without one), moments of `base`;
    before and after at life's pace. With an `origin`, not before `start`, it jumps there at `start`. For simulated
    boards only."""

    def __init__(
        self,
        factor: float,
        start: datetime,
        base: Clock,
        *,
        end: datetime | None = None,
        origin: datetime | None = None,
    ) -> None:
        self._factor = factor
        self._start = start
        self.base = base
        self._end = end
        self._origin = origin or start

    def now(self) -> datetime:
        return self._shown(self.base.now())

    def monotonic(self) -> float:
        return self.base.monotonic()

    def before(self, passed: timedelta) -> datetime:
        """What it showed when `passed` less of real time had gone by."""
        return self._shown(self.base.now() - passed)

    def after(self, passes: timedelta) -> datetime:
        """What it will show when `passes` more of real time has gone by."""
        return self._shown(self.base.now() + passes)

    def pace(self) -> float:
        """How many seconds it shows in the next real one."""
        return (self.after(timedelta(seconds=1)) - self.now()).total_seconds()

    def _shown(self, real: datetime) -> datetime:
        if real < self._start:
            return real
        fast = (real if self._end is None else min(real, self._end)) - self._start
        return self._origin + fast * self._factor + (real - self._start - fast)


def ago(clock: Clock, passed: timedelta) -> datetime:
    """What `now` showed when `passed` less of real time had gone by: for what the network counts in real time and a
    row remembers as wall time."""
    return clock.before(passed) if isinstance(clock, ScaledClock) else clock.now() - passed


def ahead(clock: Clock, passes: timedelta) -> datetime:
    """What `now` will show when `passes` more of real time has gone by: for what a person at a screen is given."""
    return clock.after(passes) if isinstance(clock, ScaledClock) else clock.now() + passes


def real(clock: Clock) -> datetime:
    """Wall time as the world has it, whatever `now` shows: for what strangers hold against their own clock."""
    return clock.base.now() if isinstance(clock, ScaledClock) else clock.now()


def aged(clock: Clock, since: tuple[datetime, float]) -> timedelta:
    """How much older goods are than at `since`, what `now` and `monotonic` said then. The wall clock counts where it
    is scaled; a real one may be set at any moment, so there the monotonic one does."""
    now, monotonic = since
    if isinstance(clock, ScaledClock):
        return clock.now() - now
    return timedelta(seconds=clock.monotonic() - monotonic)


def real_seconds(clock: Clock, wanted: float) -> float:
    """How long to wait in real time until goods are `wanted` seconds older."""
    return wanted / max(clock.pace(), 1.0) if isinstance(clock, ScaledClock) else wanted


def millis(moment: datetime) -> int:
    """Milliseconds since 1970-01-01 UTC, the wire's unit of wall time."""
    return (moment - _EPOCH) // _MILLISECOND


def from_millis(ms: int) -> datetime:
    """The inverse of `millis`."""
    return _EPOCH + timedelta(milliseconds=ms)
