"""What to do when a channel did not take a message: the same one again later, another one now, or give up. All pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import msgspec

from cranny.core.backoff import doubled
from cranny.outreach.tables import NoticeRow

FIRST_PAUSE: Final = timedelta(seconds=5)
LONGEST_PAUSE: Final = timedelta(minutes=15)
PATIENCE: Final = timedelta(minutes=10)
"""How long one channel is tried while another one may get through."""


@dataclass(frozen=True, slots=True)
class Again:
    """Try `row`, as it is to be written, not before `at`."""

    row: NoticeRow
    at: datetime
    rerouted: bool = False


@dataclass(frozen=True, slots=True)
class GiveUp:
    row: NoticeRow


def turn(row: NoticeRow, route: Sequence[str], now: datetime) -> NoticeRow | None:
    """`row` on the channel whose turn it is; None when no channel is left. `route`: those that reach the person, the
    best first. A channel that is configured no longer passes its turn on."""
    left = [name for name in route if name not in row.refused]
    if not left:
        return None
    if row.channel in left:
        return row
    return _on(row, left[0], now)


def after_failure(
    row: NoticeRow, route: Sequence[str], error: str, now: datetime, *, permanent: bool
) -> Again | GiveUp:
    """`row` was tried on its channel and not taken. A channel that says no for good is asked no more; one that does not
    answer is asked again after all others had their turn. Nothing is tried after `give_up_at`."""
    channel = row.channel or ""
    tried = msgspec.structs.replace(
        row, tries=row.tries + 1, error=error, refused=[*row.refused, channel] if permanent else row.refused
    )
    others = _others(tried, route)
    if permanent:
        return Again(_on(tried, others[0], now), now, rerouted=True) if others else GiveUp(tried)
    if others and now - (row.since or now) >= PATIENCE:
        return Again(_on(tried, others[0], now), now, rerouted=True)
    at = now + pause(tried.tries)
    return Again(tried, at) if at < row.give_up_at else GiveUp(tried)


def pause(tries: int) -> timedelta:
    """5, 10, 20… seconds, a quarter of an hour at most."""
    return doubled(FIRST_PAUSE, LONGEST_PAUSE, tries)


def _others(row: NoticeRow, route: Sequence[str]) -> list[str]:
    """The other channels that may still get through, the next in turn first."""
    place = route.index(row.channel) if row.channel is not None and row.channel in route else 0
    return [name for name in [*route[place + 1 :], *route[:place]] if name not in row.refused and name != row.channel]


def _on(row: NoticeRow, channel: str, now: datetime) -> NoticeRow:
    return msgspec.structs.replace(row, channel=channel, since=now, tries=0)
