"""The clock that all processes of a demo share."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cranny.apps import settings
from cranny.apps.clock import AwaitedClock, Pace, Span, make_clock, read_pace, refuse_real_doors
from cranny.apps.demo_stage import make_span
from cranny.core.clock import ScaledClock, SystemClock
from cranny.core.errors import Invalid, Refused

START = datetime(2026, 3, 4, 12, tzinfo=UTC)


class Hand:
    def __init__(self) -> None:
        self.at = START

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return (self.at - START).total_seconds()


@pytest.mark.parametrize(
    "pace",
    [
        Pace(2000, Span(START)),
        Pace(1.5, Span(START, START + timedelta(seconds=90, microseconds=7))),
        Pace(60, Span(START, START + timedelta(hours=1), START + timedelta(days=5))),
        Pace(2000, Path("/var/lib/cranny/clock")),
    ],
)
def test_what_is_written_is_what_is_read(pace: Pace) -> None:
    assert read_pace(str(pace)) == pace
    assert settings.read({"CRANNY_CLOCK": str(pace), "HOME": "/"}).clock == pace


@pytest.mark.parametrize(
    "text", ["", "fast", "2000", "0@2026-03-04T12:00:00Z", "nan@2026-03-04T12:00:00Z", "1e9@2026-03-04T12:00:00Z",
             "60@2026-03-04T12:00:00", "60@noon", "60@" + "/".join(["2026-03-04T12:00:00Z"] * 4)]
)  # fmt: skip
def test_anything_else_is_explained(text: str) -> None:
    with pytest.raises(Invalid, match="CRANNY_CLOCK looks like") as refused:
        read_pace(text)
    assert refused.value.code == "settings-invalid"


def test_without_it_time_is_the_systems() -> None:
    assert settings.read({"HOME": "/"}).clock is None
    assert type(make_clock(None)) is SystemClock
    assert isinstance(make_clock(Pace(60, Span(START))), ScaledClock)


def test_an_awaited_clock_waits_at_lifes_pace(tmp_path: Path) -> None:
    hand, file = Hand(), tmp_path / "clock"
    clock = AwaitedClock(100, file, hand)
    hand.at += timedelta(hours=1)
    assert clock.now() == hand.at
    begins = hand.at + timedelta(seconds=1)
    file.write_text(str(Span(begins, begins + timedelta(seconds=10))), encoding="ascii")
    hand.at += timedelta(seconds=2)
    assert clock.now() == begins + timedelta(seconds=100)
    file.unlink()
    hand.at += timedelta(minutes=1)
    assert clock.now() == begins + timedelta(seconds=1000 + 51)


def test_no_real_door_hears_of_it() -> None:
    refuse_real_doors(None, "kerong:/dev/ttyUSB0")
    refuse_real_doors(Pace(60, Span(START)), "simulated:no-content")
    with pytest.raises(Refused) as refused:
        refuse_real_doors(Pace(60, Span(START)), "kerong:/dev/ttyUSB0")
    assert refused.value.code == "clock-scaled"


@pytest.mark.parametrize("day", range(14))
def test_the_city_wakes_on_a_monday_morning_that_is_never_past(day: int) -> None:
    start = START + timedelta(days=day, hours=day)
    span = make_span(2000, 3, start)
    assert span.origin is not None
    assert span.end is not None
    assert (span.origin.weekday(), span.origin.hour) == (0, 5)
    assert start <= span.origin < start + timedelta(days=7)
    assert (span.end - span.start) * 2000 == timedelta(days=3)
