"""Waiting longer each time."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from cranny.core.backoff import doubled

SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)


@given(st.integers(-5, 10**9))
def test_it_never_shrinks_and_never_passes_the_longest(failures: int) -> None:
    now, then = doubled(SECOND, HOUR, failures), doubled(SECOND, HOUR, failures + 1)
    assert SECOND <= now <= then <= HOUR


def test_it_doubles() -> None:
    assert [doubled(SECOND, HOUR, n).total_seconds() for n in (0, 1, 2, 3, 12, 13)] == [1, 1, 2, 4, 2048, 3600]
