"""How often one may ask, in virtual time."""

from datetime import UTC, datetime
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from cranny.platform.rates import Left, Quota, Rates

A, B = UUID(int=1), UUID(int=2)


class Clock:
    def __init__(self) -> None:
        self.at = 100.0

    def now(self) -> datetime:
        return datetime(2026, 3, 2, tzinfo=UTC)

    def monotonic(self) -> float:
        return self.at


def test_a_quota_is_used_up_at_once_and_comes_back_bit_by_bit() -> None:
    clock = Clock()
    rates = Rates(Quota(10, 60), clock)
    assert [rates.take(A).requests for _ in range(10)] == [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]
    assert rates.take(A) == Left(0, 60, 6, allowed=False)
    clock.at += 5.9
    assert not rates.take(A).allowed
    clock.at += 0.2
    assert rates.take(A).allowed
    assert not rates.take(A).allowed
    clock.at += 3600
    assert rates.take(A) == Left(9, 6, 1, allowed=True)


def test_who_asks_too_often_takes_nothing_from_others() -> None:
    rates = Rates(Quota(3, 60), Clock())
    for _ in range(20):
        rates.take(A)
    assert rates.take(B).requests == 2


@given(st.lists(st.floats(0, 30), max_size=200))
def test_never_more_than_the_quota_and_what_has_come_back(pauses: list[float]) -> None:
    clock = Clock()
    rates, allowed, began = Rates(Quota(5, 60), clock), 0, clock.at
    for pause in pauses:
        clock.at += pause
        left = rates.take(A)
        allowed += left.allowed
        assert 0 <= left.requests <= 5
        assert 0 <= left.full_s <= 60
    assert allowed <= 5 + (clock.at - began) / 12 + 1e-6


def test_a_refusal_says_when_it_works_again() -> None:
    clock = Clock()
    rates = Rates(Quota(2, 60), clock)
    while (left := rates.take(A)).allowed:
        pass
    clock.at += left.next_s
    assert rates.take(A).allowed
