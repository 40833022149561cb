"""When to try again, and when to leave an endpoint alone for a while. All pure."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from cranny.core.backoff import doubled
from cranny.core.rng import Rng

FIRST_PAUSE: Final = timedelta(seconds=5)
LONGEST_PAUSE: Final = timedelta(hours=1)
GIVE_UP_AFTER: Final = timedelta(days=3)
JITTER: Final = 0.2
"""A pause is up to so much longer, so that what failed together does not come back together."""
TRIP: Final = 5
"""So many failures in a row, of whatever messages, open the circuit."""
FIRST_REST: Final = timedelta(seconds=30)
LONGEST_REST: Final = timedelta(minutes=30)


def pause(tries: int, rng: Rng) -> timedelta:
    """5, 10, 20… seconds, an hour at most, and a bit."""
    return doubled(FIRST_PAUSE, LONGEST_PAUSE, tries) * (1 + JITTER * rng.below(1000) / 1000)


@dataclass(frozen=True, slots=True)
class Health:
    """How an endpoint is doing. It gets a `rest` in which nothing is sent to it; then one message is, and what becomes
    of it decides. `tells` is whether it just began, or ceased, to be in trouble."""

    failures: int
    rest: timedelta | None
    tells: bool = False


def after(failures: int, *, well: bool) -> Health:
    """What one more answer makes of an endpoint with so many failures in a row."""
    if well:
        return Health(0, None, tells=failures >= TRIP)
    failures += 1
    if failures < TRIP:
        return Health(failures, None)
    return Health(failures, doubled(FIRST_REST, LONGEST_REST, failures - TRIP + 1), tells=failures == TRIP)


def at_once(failures: int, most: int) -> int:
    """How many messages may be under way: one only while it is not known whether the endpoint is well again."""
    return 1 if failures >= TRIP else most
