"""Limits, delays, hysteresis and compaction as what they are: rules. By the hundred."""

import itertools
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cranny.edge.rows import Occupancy
from cranny.edge.sensing import compaction, warmth
from cranny.edge.sensing.compaction import STEP, add, close, fresh, miss
from cranny.edge.sensing.threshold import Band, End, Raise, Rule, Watch, bad, good, raised, restarted, rule
from cranny.wire.messages import ChannelGiven, CompartmentGiven, Policy

CHILLED = Rule("temperature", Band(0, 800), 600_000)
FROZEN = Rule("temperature", Band(high=-1800), 600_000)
EVERY = 30_000
ALARM = UUID(int=7)


def run(limits, values, watch=None, every=EVERY, start=0):
    """(watch, [(index, verdict)…]) of readings that come `every` ms; None is a reading that came to nothing."""
    watch, said = watch or Watch(), []
    for index, value in enumerate(values):
        at = start + index * every
        watch, verdict = bad(watch, at) if value is None else good(watch, limits, value, at)
        if isinstance(verdict, Raise):
            watch = raised(watch, ALARM)
        if verdict is not None:
            said.append((index, verdict))
    return watch, said


@pytest.mark.parametrize("value", [0, 1, 400, 799, 800])
def test_what_is_within_its_limits_is_well(value):
    watch, said = run(CHILLED, [value] * 100)
    assert said == []
    assert watch.fit


@pytest.mark.parametrize(("value", "trouble", "limit"), [(801, "too_warm", 800), (-1, "too_cold", 0)])
def test_what_lasts_is_an_alarm_once_and_after_the_delay(value, trouble, limit):
    watch, said = run(CHILLED, [400, *[value] * 60])
    ((index, verdict),) = said
    assert index == 1 + 600_000 // EVERY
    assert verdict == Raise(trouble, value, limit, 600_000)
    assert not watch.fit


@pytest.mark.parametrize("minutes", range(1, 10))
def test_a_door_that_was_opened_is_no_alarm(minutes):
    spike = [1200] * (minutes * 2) + [400] * 4
    watch, said = run(CHILLED, [400, *spike * 5])
    assert said == []
    assert watch.fit


def test_wavering_about_a_limit_does_not_restart_the_delay_nor_end_the_alarm():
    _, said = run(CHILLED, [801, 799] * 40)
    assert [type(verdict) for _, verdict in said] == [Raise]
    _, said = run(CHILLED, [900] * 25 + [780] * 50 + [750])
    assert [type(verdict) for _, verdict in said] == [Raise, End]
    assert said[1][0] == 75
    assert said[1][1].worst == 900


def test_hysteresis_never_outgrows_the_band():
    narrow = Rule("temperature", Band(200, 260), 0)
    _, said = run(narrow, [300, 230])
    assert [type(verdict) for _, verdict in said] == [Raise, End]


@pytest.mark.parametrize(
    ("measure", "value", "back", "trouble"),
    [
        ("mains", 0, 100, "mains_lost"),
        ("tamper", 100, 0, "tampered"),
        ("battery", 1000, 9000, "battery_low"),
        ("humidity", 9000, 4000, "too_humid"),
        ("humidity", 100, 4000, "too_dry"),
    ],
)
def test_each_measure_has_its_trouble(measure, value, back, trouble):
    channel = ChannelGiven("x", measure, "simulated", "x", low=1000 if measure == "humidity" else None, high=8000)
    limits = rule(channel, {}, Policy(climate_delay_s=60))
    _, said = run(limits, [back, *[value] * 10, back])
    assert [getattr(verdict, "trouble", None) for _, verdict in said] == [trouble, trouble]
    assert said[0][0] == 1 + limits.delay_ms // EVERY


def box(label, *features):
    return CompartmentGiven(label, 100, 100, 100, 1000, list(features), 1, 1)


def test_limits_come_from_the_sensor_else_from_what_its_doors_are_for():
    boxes = {"E1": box("E1", "chilled"), "F1": box("F1", "frozen"), "A1": box("A1", "seated")}

    def band(*doors, **own):
        channel = ChannelGiven("x", "temperature", "simulated", "x", list(doors), **own)
        return rule(channel, boxes, Policy(chilled_to=500)).band

    assert band("E1") == Band(0, 500)
    assert band("F1") == Band(high=-1800)
    assert band("E1", low=200, high=400) == Band(200, 400)
    assert band("A1") == band() == band("gone") == Band()


def test_silence_is_an_alarm_after_a_minute_and_three_readings_and_ends_with_the_first_word():
    watch, said = run(CHILLED, [400, None, None, None, None, None, 400])
    assert [(index, type(verdict), verdict.trouble) for index, verdict in said] == [
        (3, Raise, "sensor_silent"),
        (6, End, "sensor_silent"),
    ]
    assert watch.fit
    assert run(CHILLED, [400, None, None, 400] * 20)[1] == []
    assert run(CHILLED, [None] * 40, every=1000)[1] == [], "less than a minute"


def test_one_that_comes_back_warm_is_not_fit_until_it_is_cold():
    watch, said = run(CHILLED, [400, *[None] * 5, 1500])
    assert [verdict.trouble for _, verdict in said] == ["sensor_silent", "sensor_silent"]
    assert not watch.fit
    watch, _ = good(watch, CHILLED, 780, 10**6)
    assert not watch.fit
    watch, _ = good(watch, CHILLED, 700, 10**6 + EVERY)
    assert watch.fit


def test_silence_does_not_end_an_alarm():
    watch, said = run(CHILLED, [900] * 30 + [None] * 30)
    assert [type(verdict) for _, verdict in said] == [Raise]
    assert watch.alarm == ALARM
    _, said = run(CHILLED, [400], watch, start=10**7)
    assert [type(verdict) for _, verdict in said] == [End]


def test_a_restart_keeps_the_alarm_and_what_is_fit_shows_with_the_next_reading():
    watch, _ = run(CHILLED, [900] * 30)
    again = restarted(watch, None)
    assert (again.alarm, again.fit) == (ALARM, False)
    _, said = run(CHILLED, [900] * 100, again, start=10**7)
    assert said == []
    coming, _ = run(CHILLED, [900] * 10)
    assert run(CHILLED, [900] * 12, restarted(coming, 60_000), start=10 * EVERY)[1][0][0] == 10
    assert run(CHILLED, [900] * 19, restarted(coming, None), start=10 * EVERY)[1] == []


VALUES = st.lists(st.one_of(st.integers(-4000, 4000), st.none()), min_size=1, max_size=200)


@given(values=VALUES, limits=st.sampled_from([CHILLED, FROZEN]))
def test_alarms_alternate_and_each_has_its_reason(values, limits):
    _, said = run(limits, values)
    for (_, one), (_, other) in itertools.pairwise(said):
        assert type(one) is not type(other)
    for index, verdict in said:
        if isinstance(verdict, Raise) and verdict.trouble != "sensor_silent":
            assert values[index] is not None
            assert limits.band.beyond(values[index]) != 0
            assert verdict.for_ms >= limits.delay_ms


@given(values=VALUES)
def test_what_is_beyond_without_a_break_for_the_whole_delay_is_always_an_alarm(values):
    _, said = run(CHILLED, [*values, *[2000] * 25])
    watch = [verdict for _, verdict in said]
    assert watch
    assert isinstance(watch[-1], Raise) or any(isinstance(verdict, Raise) for verdict in watch)
    final, _ = run(CHILLED, [*values, *[2000] * 25])
    assert final.alarm is not None
    assert not final.fit


# ---------------------------------------------------------------- compaction


def summed(samples, every=EVERY):
    window = fresh(0, "temperature")
    for at, value in samples:
        window = miss(window, at) if value is None else add(window, at, value, every)
    return window, close(window, "x", "temperature", 0)


SERIES = st.lists(
    st.tuples(st.integers(1, 5), st.one_of(st.integers(-3000, 3000), st.none())), min_size=1, max_size=300
)


def timed(series):
    at, samples = 0, []
    for step, value in series:
        at += step * EVERY
        samples.append((at, value))
    return samples


@given(series=SERIES)
def test_no_excursion_is_hidden_and_the_figures_are_those_of_the_samples(series):
    samples = timed(series)
    _window, told = summed(samples)
    values = [value for _, value in samples if value is not None]
    assert told.count == len(values)
    if values:
        assert (told.low, told.high) == (min(values), max(values))
        assert told.mean == round(sum(values) / len(values))
    assert len(told.points) <= 4 * compaction.MOST_POINTS + 2


@given(series=SERIES)
def test_between_two_points_no_sample_is_further_away_than_the_step(series):
    samples = timed(series)
    window, _ = summed(samples)
    if len(window.points) >= compaction.MOST_POINTS:
        return
    assert window.step == STEP["temperature"]
    for at, value in samples:
        if value is None:
            continue
        shown = [point for moment, point in window.points if moment <= at]
        assert shown
        assert shown[-1] is not None
        assert abs(shown[-1] - value) < window.step


@given(series=SERIES)
def test_every_gap_is_marked_as_one(series):
    samples = timed(series)
    window, _ = summed(samples)
    if len(window.points) >= compaction.MOST_POINTS:
        return
    for (before, value), (at, _) in itertools.pairwise(samples):
        late = at - before > compaction.PASSED * EVERY
        if value is not None and late:
            assert any(before < moment <= at and point is None for moment, point in window.points)


def test_a_value_that_only_wavers_is_one_point_and_a_broken_sensor_fills_no_disk():
    window, told = summed([(n * EVERY, 400 + n % 3 * 10) for n in range(30)])
    assert told.points == [0, 400]
    window, told = summed([(n * EVERY, 3000 if n % 2 else -3000) for n in range(5000)])
    assert len(window.points) <= 2 * compaction.MOST_POINTS + 1
    assert (told.count, told.low, told.high) == (5000, -3000, 3000)


def test_a_window_without_a_sample_is_a_gap():
    _, told = summed([(0, None), (EVERY, None)])
    assert (told.count, told.points) == (0, [0, None])


# ---------------------------------------------------------------- goods


PLACE = Occupancy("E1", 3, None, b"", UUID(int=1), [UUID(int=2)])


def test_time_beyond_the_limits_adds_up_and_is_too_much_once():
    account, said = None, []
    for _ in range(10):
        account, spoiled = warmth.older(account, PLACE, by_ms=60_000, value=1200, side=1, spoils_ms=300_000)
        said.append(spoiled)
        account, spoiled = warmth.older(account, PLACE, by_ms=60_000, value=400, side=0, spoils_ms=300_000)
        said.append(spoiled)
    assert sum(said) == 1
    assert said.index(True) == 8
    assert (account.warm_ms, account.worst, account.spoiled) == (600_000, 1200, True)


def test_the_next_one_behind_the_same_door_begins_at_nothing():
    account, _ = warmth.older(None, PLACE, by_ms=10**9, value=1200, side=1, spoils_ms=300_000)
    following = Occupancy("E1", 4, None, b"", UUID(int=1), [UUID(int=3)])
    fresh_account, spoiled = warmth.older(account, following, by_ms=1000, value=900, side=1, spoils_ms=300_000)
    assert (fresh_account.generation, fresh_account.warm_ms, spoiled) == (4, 1000, False)
