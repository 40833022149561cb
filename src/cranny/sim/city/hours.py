"""The city's time: hours since its first morning, on the scaled clock."""

import asyncio
from datetime import datetime, timedelta
from typing import Final

from cranny.core.clock import Clock
from cranny.sim.city.model import DAY_H, MORNING

NAP_S: Final = (0.02, 1.0)
"""The pace changes on the way, so nobody sleeps for long; and nobody wakes all the time."""
DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_HOUR: Final = timedelta(hours=1)


class Hours:
    """`origin` is when the first morning begins on `clock`; `factor` how much faster than life time runs; `horizon`,
    in hours, when the plan ends."""

    def __init__(self, clock: Clock, origin: datetime, factor: float, horizon: float) -> None:
        self.horizon = horizon
        self._clock = clock
        self._origin = origin
        self._factor = factor

    def now(self) -> float:
        """Negative before the first morning."""
        return (self._clock.now() - self._origin) / _HOUR

    def real(self) -> float:
        """Seconds of real time, from anywhere: to measure what is never scaled."""
        return self._clock.monotonic()

    async def until(self, hours: float) -> None:
        """Returns at once when it is later already."""
        shortest, longest = NAP_S
        while (left := hours - self.now()) > 0:  # noqa: ASYNC110 - nobody tells us that time has passed
            await asyncio.sleep(max(shortest, min(left * 3600 / self._factor, longest)))


def said(hours: float) -> str:
    """Day and time of day, as `Tue 14:05`."""
    since = max(hours, 0.0) + MORNING
    minutes = int(since % DAY_H * 60)
    return f"{DAYS[int(since // DAY_H) % 7]} {minutes // 60:02}:{minutes % 60:02}"
