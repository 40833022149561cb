"""Time that runs faster for a while."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from cranny.core.clock import Clock, ScaledClock, SystemClock, ago

START = datetime(2026, 1, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Hand:
    """A clock moved by hand."""

    def __init__(self) -> None:
        self.at = START

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return (self.at - START).total_seconds()


def test_it_is_slow_before_fast_between_and_slow_again_after() -> None:
    hand = Hand()
    clock = ScaledClock(60, START + HOUR, hand, end=START + 2 * HOUR, origin=START + 10 * HOUR)
    shown = []
    for _ in range(5):
        shown.append((clock.now() - START) / HOUR)
        hand.at += HOUR / 2
    assert shown == [0, 0.5, 10, 40, 70]
    hand.at = START + 5 * HOUR
    assert clock.now() == START + 73 * HOUR
    assert clock.monotonic() == 5 * 3600


def test_what_the_network_counts_in_real_time_is_counted_back_in_real_time() -> None:
    hand = Hand()
    clock = ScaledClock(60, START, hand, end=START + HOUR)
    hand.at += HOUR + timedelta(seconds=30)
    assert ago(clock, timedelta(seconds=30)) == START + 60 * HOUR
    assert ago(clock, timedelta(seconds=90)) == START + 59 * HOUR
    assert ago(hand, timedelta(seconds=90)) == hand.at - timedelta(seconds=90)


@given(
    st.floats(1, 10_000),
    st.lists(st.floats(0.001, 7200), max_size=20),
    st.integers(-3600, 3600),
    st.integers(0, 7200),
    st.integers(0, 604_800),
)
def test_it_never_goes_back(factor: float, steps: list[float], start: int, lasts: int, jump: int) -> None:
    hand = Hand()
    begins = START + timedelta(seconds=start)
    ends = begins + timedelta(seconds=lasts)
    clock = ScaledClock(factor, begins, hand, end=ends, origin=begins + timedelta(seconds=jump))
    before = clock.now()
    for step in steps:
        hand.at += timedelta(seconds=step)
        assert clock.now() >= before + timedelta(seconds=step) - timedelta(milliseconds=1)
        before = clock.now()


def test_the_systems_clock_is_one() -> None:
    clock: Clock = SystemClock()
    assert ago(clock, HOUR) < clock.now()
