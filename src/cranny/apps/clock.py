"""The clock of a process. Every process of an installation shows the same time, so a scaled one is described in words
that all of them read: `CRANNY_CLOCK=<factor>@<start>[/<end>[/<origin>]]`, moments in RFC 3339.

From `start` on `Clock.now()` runs `factor` times faster than life, showing `origin` at that moment; from `end` on it
runs at life's pace again. Whoever does not know yet when it starts writes `<factor>@/path/of/a/file`: as soon as the
file is there, its text `<start>[/<end>[/<origin>]]` counts. Doors, delays and the network are never scaled. A city in
three days needs this; a real door must never meet it: `cranny edge` refuses it with any board but the simulated one.
"""

import math
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec
import structlog

from cranny.core.clock import Clock, ScaledClock, SystemClock
from cranny.core.errors import Invalid, Refused

VARIABLE: Final = "CRANNY_CLOCK"
FASTEST: Final = 100_000.0
LOOK_EVERY_S: Final = 0.05

log = structlog.get_logger(__name__)


class Span(msgspec.Struct, frozen=True):
    """When time is scaled. See the top of this file."""

    start: datetime
    end: datetime | None = None
    origin: datetime | None = None

    def __str__(self) -> str:
        return "/".join(moment.isoformat() for moment in (self.start, self.end, self.origin) if moment is not None)


class Pace(msgspec.Struct, frozen=True):
    """How time is scaled: a span, or the file that will tell it."""

    factor: float
    when: Span | Path

    def __str__(self) -> str:
        return f"{self.factor:g}@{self.when}"


def read_pace(text: str) -> Pace:
    """The inverse of `str(pace)`. Raises Invalid, code `settings-invalid`."""
    number, _, when = text.partition("@")
    try:
        factor = float(number)
        pace = Pace(factor, Path(when) if when.startswith("/") else read_span(when))
    except (ValueError, TypeError) as error:
        raise _wrong() from error
    if not (math.isfinite(factor) and 1 <= factor <= FASTEST):
        raise _wrong()
    return pace


def read_span(text: str) -> Span:
    """The inverse of `str(span)`. Raises ValueError, and TypeError when there are too many moments."""
    moments = [datetime.fromisoformat(moment) for moment in text.strip().split("/")]
    if any(moment.tzinfo is None for moment in moments):
        raise ValueError("a moment needs its offset")
    return Span(*moments)


def make_clock(pace: Pace | None) -> Clock:
    """The clock of this process; says in the log that it is scaled."""
    base = SystemClock()
    if pace is None:
        return base
    log.warning("the clock is scaled: for simulated boards only", factor=pace.factor, when=str(pace.when))
    if isinstance(pace.when, Path):
        return AwaitedClock(pace.factor, pace.when, base)
    return ScaledClock(pace.factor, pace.when.start, base, end=pace.when.end, origin=pace.when.origin)


class AwaitedClock(ScaledClock):
    """Life's pace until `file` is there, then as it says. To be written a moment before the start it names, so that
    everybody has read it by then."""

    def __init__(self, factor: float, file: Path, base: Clock) -> None:
        super().__init__(1.0, base.now(), base)
        self._awaited: Path | None = file
        self._wanted = factor
        self._look_at = 0.0

    def _shown(self, real: datetime) -> datetime:
        if self._awaited is not None and self.monotonic() >= self._look_at:
            self._look_at = self.monotonic() + LOOK_EVERY_S
            if self._awaited.exists():
                self._begin(read_span(self._awaited.read_text(encoding="ascii")))
        return super()._shown(real)

    def _begin(self, span: Span) -> None:
        self._awaited = None
        super().__init__(self._wanted, span.start, self.base, end=span.end, origin=span.origin)


def refuse_real_doors(pace: Pace | None, board: str) -> None:
    """Raises Refused, code `clock-scaled`, when real doors would hear of a scaled clock."""
    if pace is not None and board.partition(":")[0] != "simulated":
        raise Refused(
            f"{VARIABLE} is set: time is scaled, and the board {board!r} moves real doors. Unset it, or use "
            "--board simulated.",
            code="clock-scaled",
        )


def _wrong() -> Invalid:
    return Invalid(
        f"{VARIABLE} looks like 2000@2026-03-02T05:00:00+00:00: a factor from 1 to {FASTEST:g}, @, and up to three "
        "moments with their offset, separated by slashes: start, end, origin; or the path of a file that will hold "
        "them.",
        code="settings-invalid",
    )
