"""Signs that come one after the other, and the lines that they are."""

from collections.abc import Iterable, Iterator
from typing import Final

from cranny.core.clock import Clock

ENDS: Final = "\r\n"
LONGEST: Final = 500
"""Signs of a line. A longer one is nothing that opens anything."""
GAP_S: Final = 2.0
"""A line that stands still for so long was never finished: whoever comes next begins anew."""


class Lines:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._line = ""
        self._too_long = False
        self._last = 0.0

    def take(self, signs: Iterable[str]) -> Iterator[str]:
        """The lines that end within `signs`, without what surrounds them; empty ones are none."""
        now = self._clock.monotonic()
        if now - self._last > GAP_S:
            self._begin()
        self._last = now
        for sign in signs:
            if sign not in ENDS:
                self._too_long = self._too_long or len(self._line) >= LONGEST
                self._line += "" if self._too_long else sign
                continue
            line = "" if self._too_long else self._line.strip()
            self._begin()
            if line:
                yield line

    def _begin(self) -> None:
        self._line, self._too_long = "", False
