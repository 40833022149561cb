"""Which way a message goes, and when, as far as its person has a say in it. All pure."""

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from cranny.outreach.tables import Kind
from cranny.people import Preferences, Quiet

AT_ONCE: Final[frozenset[Kind]] = frozenset({"sign_in", "invitation", "preferences", "operator_opened", "spoiled"})
"""Never held back: what its person has just asked for, what concerns their safety, and that a stranger opened their
door."""
ASKED_FOR: Final[frozenset[Kind]] = frozenset({"sign_in", "invitation"})
"""Its person asked for it, by that very mailbox, or was invited by it: neither wish nor consent is asked."""
IN_TIME: Final = timedelta(hours=2)
"""What would be held back to later than so long before its time is over is said at once."""


def route(names: Iterable[str], kind: Kind, wanted: Preferences) -> list[str]:
    """Those of `names` that may be used, in the order in which they are to be tried."""
    there = list(names)
    if kind in ASKED_FOR:
        return there
    left = [name for name in there if name not in wanted.refused]
    if not wanted.channels:
        return left
    return [name for name in wanted.channels if name in left]


def held_until(kind: Kind, now: datetime, until: datetime, wanted: Preferences, zone: str) -> datetime | None:
    """The end of the quiet hours that `now` lies in, for a message that can wait; None for at once. `until` is when
    what it says is over, `zone` where it is about."""
    if kind in AT_ONCE or wanted.quiet is None:
        return None
    end = quiet_end(now, wanted.quiet, zone)
    if end is None or (until > now and end > until - IN_TIME):
        return None
    return end


def quiet_end(now: datetime, quiet: Quiet, zone: str) -> datetime | None:
    """When the quiet hours end that `now` lies in; None outside of them. By the wall clock there: on the nights when it
    is changed they are an hour shorter or longer."""
    where = ZoneInfo(quiet.zone or zone)
    local = now.astimezone(where)
    minute = local.hour * 60 + local.minute
    over_midnight = quiet.start > quiet.end
    inside = minute >= quiet.start or minute < quiet.end if over_midnight else quiet.start <= minute < quiet.end
    if not inside:
        return None
    day = local.date() + timedelta(days=1) if over_midnight and minute >= quiet.start else local.date()
    end = datetime.combine(day, time(quiet.end // 60, quiet.end % 60), where)
    first, second = (end.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
    return first if first > now else second  # in the hour that comes twice
