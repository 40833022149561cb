"""Which way, and when: wishes, consents and quiet hours, by the hundred. All pure."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cranny.outreach.honouring import AT_ONCE, IN_TIME, held_until, quiet_end, route
from cranny.people import Preferences, Quiet

BERLIN = "Europe/Berlin"
NIGHT = Quiet(22 * 60, 7 * 60, BERLIN)
FAR = datetime(2027, 1, 1, tzinfo=UTC)


def at(text: str) -> datetime:
    """Wall time in Berlin."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(BERLIN)).astimezone(UTC)


@pytest.mark.parametrize(
    ("channels", "refused", "left"),
    [
        ((), (), ["email", "sms"]),
        (("sms", "email"), (), ["sms", "email"]),
        (("sms",), (), ["sms"]),
        ((), ("email",), ["sms"]),
        (("sms", "email"), ("sms",), ["email"]),
        (("sms",), ("sms",), []),
        (("push",), (), []),
        ((), ("email", "sms"), []),
    ],
)
def test_the_order_wished_for_without_what_was_refused(channels, refused, left) -> None:
    wanted = Preferences(channels, refused=frozenset(refused))
    assert route(["email", "sms"], "ready_to_collect", wanted) == left
    # A link that somebody has just asked for goes to the mailbox that they asked with.
    assert route(["email"], "sign_in", wanted) == ["email"]


@pytest.mark.parametrize(
    ("now", "end"),
    [
        ("2026-03-02 21:59", None),
        ("2026-03-02 22:00", "2026-03-03 07:00"),
        ("2026-03-02 23:59", "2026-03-03 07:00"),
        ("2026-03-03 00:00", "2026-03-03 07:00"),
        ("2026-03-03 06:59", "2026-03-03 07:00"),
        ("2026-03-03 07:00", None),
        # The night on which the clock is put forward is an hour shorter, and the other one longer.
        ("2026-03-28 23:00", "2026-03-29 07:00"),
        ("2026-10-24 23:00", "2026-10-25 07:00"),
    ],
)
def test_quiet_hours_end_by_the_wall_clock(now: str, end: str | None) -> None:
    assert quiet_end(at(now), NIGHT, "UTC") == (at(end) if end else None)


def test_in_the_hour_that_comes_twice_it_is_the_second_end_that_is_meant() -> None:
    quiet = Quiet(22 * 60, 2 * 60 + 45, BERLIN)
    first, second = datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)  # both 02:30
    assert quiet_end(first, quiet, "UTC") == datetime(2026, 10, 25, 0, 45, tzinfo=UTC)
    assert quiet_end(second, quiet, "UTC") == datetime(2026, 10, 25, 1, 45, tzinfo=UTC)


def test_without_a_zone_the_bank_s_counts() -> None:
    quiet = Quiet(22 * 60, 7 * 60)
    now = datetime(2026, 3, 2, 21, 30, tzinfo=UTC)
    assert quiet_end(now, quiet, "UTC") is None
    assert quiet_end(now, quiet, BERLIN) == datetime(2026, 3, 3, 6, 0, tzinfo=UTC)


def test_what_would_come_too_late_and_what_concerns_safety_is_not_held() -> None:
    wanted, now = Preferences(quiet=NIGHT), at("2026-03-02 23:00")
    end = at("2026-03-03 07:00")
    assert held_until("ready_to_collect", now, FAR, wanted, BERLIN) == end
    assert held_until("reminder", now, end + IN_TIME, wanted, BERLIN) == end
    assert held_until("reminder", now, end + IN_TIME - timedelta(minutes=1), wanted, BERLIN) is None
    assert held_until("overdue", now, now - timedelta(hours=1), wanted, BERLIN) == end
    for kind in AT_ONCE:
        assert held_until(kind, now, FAR, wanted, BERLIN) is None
    assert held_until("ready_to_collect", now, FAR, Preferences(), BERLIN) is None


DAY = st.integers(0, 1439)


@given(
    st.datetimes(datetime(2025, 1, 1), datetime(2027, 1, 1)),
    DAY,
    DAY,
    st.sampled_from([BERLIN, "UTC", "America/St_Johns", "Pacific/Apia", "Asia/Kathmandu"]),
)
def test_whatever_the_hours_it_is_soon_and_not_quiet_any_more(moment, start, end, zone) -> None:
    now, quiet = moment.replace(tzinfo=UTC), Quiet(start, (end + 1) % 1440 if end == start else end, zone)
    over = quiet_end(now, quiet, "UTC")
    if over is None:
        return
    assert timedelta(0) < over - now <= timedelta(hours=25)
    local = over.astimezone(ZoneInfo(zone))
    assert (local.hour * 60 + local.minute - quiet.end) % 1440 in (0, 30, 60)
