"""Whose history does a bank stand in? Pure."""

import pytest

from cranny.fleet.realigning import Place, is_ours
from cranny.wire.messages import Pull


@pytest.mark.parametrize(
    ("pull", "place", "ours"),
    [
        (Pull(0), Place(9, 0, None), True),  # an empty copy
        (Pull(0, 5), Place(9, 0, None), True),
        (Pull(4, 77), Place(9, 0, 77), True),
        (Pull(4, 78), Place(9, 0, 77), False),
        (Pull(9, 77), Place(9, 0, 77), True),
        (Pull(10, 77), Place(9, 0, None), False),  # it is ahead
        (Pull(10), Place(9, 0, None), False),
        (Pull(4), Place(9, 0, 77), True),  # an older controller
        (Pull(4, 78), Place(9, 0, 0), True),  # an entry from before there were tags
        (Pull(4, 78), Place(9, 4, 77), True),  # seen to
        (Pull(5, 78), Place(9, 4, 77), False),  # restored once more, since
        (Pull(5, 78), Place(9, 4, None), False),  # a number that was never given
    ],
)
def test_a_place(pull: Pull, place: Place, ours: bool) -> None:
    assert is_ours(place, pull) is ours
