"""How long to wait before the next try. Pure."""

from datetime import timedelta
from typing import Final

_MOST: Final = 30
"""Doublings; beyond them every `longest` has long been reached."""


def doubled(first: timedelta, longest: timedelta, failures: int) -> timedelta:
    """`first` after one failure, twice as long after each further one, `longest` at most."""
    doublings: int = 2 ** min(max(failures - 1, 0), _MOST)
    return min(first * doublings, longest)
