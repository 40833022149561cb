"""Windows made into lines: what was measured stays, what was not is a gap."""

import itertools
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from cranny.fleet.climate.series import (
    LATE,
    TOLERANCE,
    ChannelStored,
    Window,
    beyond,
    buckets,
    cut,
    gaps,
    steps,
    together,
)

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
QUARTER = timedelta(minutes=15)


def channel(*points, low=0, mean=0, high=0, count=30):
    return ChannelStored("temperature", count, low, mean, high, list(points))


def window(minutes, *points, lasts=15, **figures):
    start = NOON + timedelta(minutes=minutes)
    return Window(start, start + timedelta(minutes=lasts), False, {"x": channel(*points, **figures)})


def test_one_window_after_the_other_is_one_line():
    line = steps([window(0, 0, 400, 300, 450), window(15, 0, 430)], "x")
    assert [(step.at - NOON, step.value) for step in line] == [
        (timedelta(0), 400),
        (timedelta(minutes=5), 450),
        (QUARTER, 430),
        (2 * QUARTER, None),
    ]
    assert gaps(line, NOON, NOON + 2 * QUARTER) == []


def test_a_power_cut_is_a_gap_and_nothing_is_drawn_across_it():
    line = steps([window(0, 0, 400, lasts=8), window(180, 0, 900)], "x")
    (gap,) = gaps(line, NOON, NOON + timedelta(minutes=195))
    assert (gap.since - NOON, gap.until - NOON) == (timedelta(minutes=8), timedelta(minutes=180))
    assert beyond(line, 0, 800) == QUARTER
    assert beyond(line, None, None) == timedelta(0)


def test_what_is_younger_than_a_window_may_still_come():
    line = steps([window(0, 0, 400)], "x")
    assert gaps(line, NOON, NOON + QUARTER + LATE) == []
    assert len(gaps(line, NOON, NOON + QUARTER + LATE + timedelta(seconds=1))) == 1
    assert gaps([], NOON, NOON + QUARTER)[0].until == NOON + QUARTER


def test_a_cut_line_begins_with_what_held():
    line = steps([window(0, 0, 400, 600, 500)], "x")
    part = cut(line, NOON + timedelta(minutes=5), NOON + timedelta(minutes=12))
    assert [(step.at - NOON, step.value) for step in part] == [
        (timedelta(minutes=5), 400),
        (timedelta(minutes=10), 500),
    ]


def test_of_two_windows_that_overlap_no_step_goes_back():
    line = steps([window(0, 0, 400, 800, 410), window(10, 0, 500)], "x")
    assert all(one.at <= other.at for one, other in itertools.pairwise(line))


WINDOWS = st.lists(
    st.tuples(st.integers(1, 60), st.integers(-3000, 3000), st.integers(0, 500), st.integers(1, 60)), max_size=40
)


@given(parts=WINDOWS, hours=st.sampled_from([1, 2, 24]))
def test_buckets_lose_no_sample_and_no_extreme(parts, hours):
    at, made = 0, []
    for after, low, more, count in parts:
        at += after
        made.append(window(at, 0, low, low=low, mean=low + more // 2, high=low + more, count=count, lasts=1))
    found = buckets(made, "x", timedelta(hours=hours))
    assert sum(bucket.count for bucket in found) == sum(count for *_, count in parts)
    if made:
        assert min(bucket.low for bucket in found) == min(low for _, low, _, _ in parts)
        assert max(bucket.high for bucket in found) == max(low + more for _, low, more, _ in parts)
    assert all(bucket.low <= bucket.mean <= bucket.high for bucket in found)
    assert together(found) == found


@given(parts=st.lists(st.tuples(st.integers(0, 200), st.integers(1, 60)), max_size=30))
def test_known_and_unknown_together_are_all_the_time(parts):
    at, made = 0, []
    for after, lasts in parts:
        made.append(window(at + after, 0, 400, lasts=lasts))
        at += after + lasts
    end = NOON + timedelta(minutes=at) + 2 * LATE
    line = steps(made, "x")
    unknown = sum((gap.until - gap.since for gap in gaps(line, NOON, end)), timedelta())
    known = beyond(line, 500, None)
    slack = TOLERANCE * (len(made) + 1)
    assert abs((end - NOON) - unknown - known) <= slack
