"""Wrong tries cost time: a little more each time, never more than half a minute, and nobody else's."""

import pytest

from cranny.platform.rates import TooMany
from cranny.platform.tries import AT_MOST, DELAYS_S, Tries, network
from tests.unit.platform.test_rates import Clock

FREE = 10


def made() -> tuple[Tries, Clock]:
    clock = Clock()
    return Tries(clock, free=FREE), clock


def test_the_first_ones_are_free_and_then_each_costs_more() -> None:
    tries, clock = made()
    waits = []
    for _ in range(FREE + len(DELAYS_S) + 3):
        tries.wrong("a")
        waits.append(tries.wait("a"))
        clock.at += tries.wait("a")
    assert waits == [0.0] * FREE + [float(s) for s in DELAYS_S] + [30.0] * 3


def test_whoever_tries_while_waiting_waits_no_longer() -> None:
    tries, clock = made()
    for _ in range(FREE + 20):
        tries.wrong("a")
    for _ in range(29):
        with pytest.raises(TooMany):
            tries.insist("a")
        clock.at += 1
    clock.at += 1
    tries.insist("a")


def test_somebody_else_is_not_made_to_wait() -> None:
    tries, _ = made()
    for n in range(1000):
        tries.wrong(network(f"2001:db8::{n:x}"))
    assert tries.wait(network("2001:db8::1")) == 30
    tries.insist(network("2001:db8:0:1::1"))
    tries.insist(network("192.0.2.7"))


def test_quiet_minutes_and_right_ones_forgive() -> None:
    tries, clock = made()
    for _ in range(FREE + 3):
        tries.wrong("a")
    tries.right("a")
    clock.at += 60
    tries.wrong("a")  # 13 - 2 - 1 + 1
    assert tries.wait("a") == 1
    clock.at += 60 * 20
    tries.wrong("a")
    assert tries.wait("a") == 0


@pytest.mark.slow
def test_what_is_remembered_is_bounded_and_the_quietest_go_first() -> None:
    tries, _ = made()
    for _ in range(FREE + 9):
        tries.wrong("loud")
    for n in range(AT_MOST - 1):
        tries.wrong(str(n))
    assert tries.wait("loud") == 30
    tries.wrong("one more")
    assert tries.wait("loud") == 0
    assert tries.wait("0") == 0


@pytest.mark.parametrize(
    ("address", "same"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3::4", "2001:0db8:0001:0002::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("", ""),
        ("unix", "unix"),
    ],
)
def test_who_is_counted_as_one(address: str, same: str) -> None:
    assert network(address) == same
