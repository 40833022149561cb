"""The keypad slows guessing down and locks nobody out."""

from hypothesis import given
from hypothesis import strategies as st

from cranny.edge.keypad import Keypad


def test_three_mistakes_cost_nothing_then_it_gets_slower() -> None:
    keypad, delays = Keypad(), []
    for _ in range(10):
        keypad = keypad.failed(0)
        delays.append(keypad.delay())
    assert delays == [0, 0, 0, 2, 4, 8, 16, 30, 30, 30]


def test_a_quiet_minute_takes_one_step_back_and_a_success_two() -> None:
    keypad = Keypad(8, 100.0)
    assert keypad.wait(100.0) == 30
    assert keypad.wait(115.0) == 15
    assert keypad.wait(131.0) == 0
    assert keypad.failed(100.0 + 59).steps == 8
    assert keypad.failed(100.0 + 180).steps == 6
    assert keypad.succeeded(131.0).steps == 6
    assert keypad.succeeded(100.0 + 3600).steps == 0


@given(st.lists(st.tuples(st.floats(0, 300), st.booleans()), max_size=60))
def test_nobody_ever_waits_longer_than_thirty_seconds(tries: list[tuple[float, bool]]) -> None:
    keypad, now = Keypad(), 0.0
    for pause, right in tries:
        now += pause
        keypad = keypad.succeeded(now) if right else keypad.failed(now)
        assert 0 <= keypad.wait(now) <= 30


def test_a_prankster_gets_fewer_than_three_thousand_guesses_a_day() -> None:
    keypad, now, guesses = Keypad(), 0.0, 0
    while now < 86_400:
        now += max(1.0, keypad.wait(now))
        keypad, guesses = keypad.failed(now), guesses + 1
    assert guesses < 3_000
