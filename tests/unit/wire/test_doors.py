"""Doors: the tables hold, nothing that hardware does can raise, and no reading is a release."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cranny.core.errors import Refused
from cranny.wire.doors import DOOR, POOL, SENSED, STANDS_OPEN, TIMED, Door, Doubt, Happening, Pool

H = Happening


def walk(*happenings):
    """The states passed through from the start, and the facts that are to be journalled."""
    state, states, told = DOOR.start, [], []
    for happening in happenings:
        row = DOOR.move(state, happening)
        state = row.to
        states.append(state)
        told += [row.emits] if row.emits else []
    return states, told


@pytest.mark.parametrize("state", Door)
@pytest.mark.parametrize("happening", sorted(SENSED | TIMED))
def test_whatever_the_hardware_does_has_a_row(state, happening):
    assert DOOR.move(state, happening)


@given(st.lists(st.sampled_from(sorted(SENSED | TIMED)), max_size=40))
def test_no_reading_and_no_timer_ever_releases_a_door(happenings):
    states, told = walk(*happenings)
    assert Door.RELEASED not in states
    assert "opening.intended" not in told
    assert "door.opened" not in told


def test_only_a_door_that_is_known_to_be_shut_is_released():
    assert {state for state, _ in DOOR.rows(H.RELEASE)} == {Door.SHUT, Door.RELEASED}
    for state in set(Door) - {Door.SHUT, Door.RELEASED}:
        with pytest.raises(Refused):
            DOOR.move(state, H.RELEASE)


@given(st.lists(st.sampled_from(Happening), max_size=40))
def test_a_door_counts_as_open_only_from_a_reading(happenings):
    state = DOOR.start
    for happening in happenings:
        row = DOOR.table.get((state, happening))
        if row is None:
            continue
        if row.to in STANDS_OPEN and state not in STANDS_OPEN:
            assert happening is H.OPENED
        if row.to is Door.SHUT and state is not Door.SHUT:
            assert happening is H.SHUT or (state, happening) == (Door.RELEASED, H.WAIT_OVER)
        state = row.to


def test_an_ordinary_opening():
    assert walk(H.SHUT, H.RELEASE, H.SHUT, H.OPENED, H.OPENED, H.WAIT_OVER, H.SHUT, H.TOO_LONG, H.SHUT) == (
        [Door.SHUT, Door.RELEASED, Door.RELEASED, *[Door.OPEN] * 3, *[Door.SHUT] * 3],
        ["opening.intended", "door.opened", "door.shut"],
    )


def test_a_jam_takes_two_tries_and_gives_way_too_late():
    assert walk(H.SHUT, H.RELEASE, H.RELEASE, H.WAIT_OVER, H.OPENED, H.SHUT)[1] == [
        "opening.intended",
        "opening.intended",
        "door.not_opened",
        "door.forced",
        "door.shut",
    ]


def test_a_door_left_open_is_told_once():
    assert walk(H.SHUT, H.RELEASE, H.OPENED, H.TOO_LONG, H.OPENED, H.TOO_LONG, H.SHUT)[1] == [
        "opening.intended",
        "door.opened",
        "door.unsecured",
        "door.shut",
    ]


@pytest.mark.parametrize(
    ("reading", "state"),
    [(H.OPENED, Door.OPEN), (H.SHUT, Door.SHUT)],
)
def test_after_a_crash_the_next_reading_decides(reading, state):
    states, told = walk(H.SILENT, H.CRASHED, H.SILENT, reading)
    assert (states[-1], told) == (state, ["opening.unknown"])


def test_a_board_that_falls_silent_in_an_opening_leaves_it_unknown():
    for before in ([H.RELEASE], [H.RELEASE, H.OPENED], [H.RELEASE, H.OPENED, H.TOO_LONG]):
        states, told = walk(H.SHUT, *before, H.SILENT, H.SHUT)
        assert states[-2:] == [Door.UNKNOWN, Door.SHUT]
        assert told[-1] == "opening.unknown"


def test_a_doubted_door_comes_back_only_through_a_person():
    assert [(state, row.to) for state, row in POOL.rows(Doubt.INSPECTED) if row.to is not state] == [
        (Pool.BLOCKED, Pool.OFFERED)
    ]
    assert all(row.to is Pool.BLOCKED for _, row in POOL.rows(Doubt.BLOCK))
    assert POOL.event_types() == {"door.blocked", "door.cleared"}
