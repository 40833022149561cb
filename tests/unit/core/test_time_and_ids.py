from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from cranny.core.clock import ScaledClock, from_millis, millis
from cranny.core.ids import TimeIds
from cranny.core.rng import SeededRng, SystemRng, pick

START = datetime(2026, 1, 1, tzinfo=UTC)


class Hand:
    """A clock moved by hand."""

    def __init__(self) -> None:
        self.at = START

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return (self.at - START).total_seconds()


def test_a_scaled_clock_runs_ahead_by_its_factor_and_leaves_monotonic_alone() -> None:
    hand = Hand()
    clock = ScaledClock(60, START, hand)
    hand.at += timedelta(minutes=1)
    assert clock.now() == START + timedelta(hours=1)
    assert clock.monotonic() == 60


@given(st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)))
def test_milliseconds_round_trip(moment: datetime) -> None:
    assert abs(from_millis(millis(moment)) - moment) < timedelta(milliseconds=1)


def test_ids_are_version_7_ordered_by_time_and_repeatable_from_a_seed() -> None:
    hand = Hand()
    ids, again = TimeIds(hand, SeededRng(1)), TimeIds(hand, SeededRng(1))
    first = ids.new()
    assert (first.version, first.variant) == (7, "specified in RFC 4122")
    assert first == again.new()
    hand.at += timedelta(milliseconds=1)
    assert first < ids.new()
    assert first.int >> 80 == millis(START)


def test_ids_do_not_repeat_and_are_in_order_however_the_clock_goes() -> None:
    hand = Hand()
    ids = TimeIds(hand, SystemRng())
    made = [ids.new() for _ in range(10_000)]
    hand.at -= timedelta(hours=1)
    made += [ids.new() for _ in range(10)]
    hand.at += timedelta(hours=1, seconds=10)
    made.append(ids.new())
    assert made == sorted(set(made))
    assert {one.version for one in made} == {7}
    assert made[-1].int >> 80 == millis(hand.at)


def test_pick_reaches_every_option() -> None:
    rng = SeededRng(7)
    assert {pick(rng, "abc") for _ in range(100)} == set("abc")
