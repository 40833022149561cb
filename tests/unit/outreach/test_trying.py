"""Which way a message goes when one does not work."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cranny.outreach.lifecycle import Notice
from cranny.outreach.tables import NoticeRow
from cranny.outreach.trying import LONGEST_PAUSE, PATIENCE, Again, GiveUp, after_failure, pause, turn

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
NEW = NoticeRow(
    tenant=UUID(int=1),
    id=UUID(int=2),
    grant_id=UUID(int=3),
    kind="ready_to_collect",
    number=1,
    person=UUID(int=4),
    about=[UUID(int=5)],
    state=Notice.QUEUED,
    channel=None,
    since=None,
    tries=0,
    refused=[],
    error="",
    receipt="",
    created=NOW,
    give_up_at=NOW + timedelta(hours=24),
    sent_at=None,
)
BOTH = ["email", "sms"]


def on(route: list[str], **more: object) -> NoticeRow:
    row = turn(msgspec.structs.replace(NEW, **more), route, NOW)
    assert row is not None
    return row


def test_the_best_channel_has_the_first_turn() -> None:
    assert (on(BOTH).channel, on(BOTH).since) == ("email", NOW)
    assert on(["sms"]).channel == "sms"
    assert turn(NEW, [], NOW) is None


def test_a_channel_keeps_its_turn_and_loses_it_when_it_is_configured_no_longer() -> None:
    row = on(BOTH, channel="sms", tries=3, since=NOW)
    assert (row.channel, row.tries) == ("sms", 3)
    assert (on(["email"], channel="sms", tries=3).channel, on(["email"], channel="sms", tries=3).tries) == ("email", 0)


def test_a_no_for_good_hands_over_at_once_and_is_not_asked_again() -> None:
    what = after_failure(on(BOTH), BOTH, "recipient-refused 550", NOW, permanent=True)
    assert isinstance(what, Again)
    assert (what.row.channel, what.row.refused, what.row.tries, what.at, what.rerouted) == (
        "sms",
        ["email"],
        0,
        NOW,
        True,
    )
    last = after_failure(what.row, BOTH, "number-refused 404", NOW, permanent=True)
    assert isinstance(last, GiveUp)
    assert (last.row.refused, last.row.error) == (BOTH, "number-refused 404")


def test_a_silent_channel_is_tried_again_and_then_gives_way() -> None:
    early = after_failure(on(BOTH), BOTH, "smtp-timeout", NOW + timedelta(minutes=1), permanent=False)
    assert isinstance(early, Again)
    assert (early.row.channel, early.row.tries, early.rerouted) == ("email", 1, False)
    late = after_failure(early.row, BOTH, "smtp-timeout", NOW + PATIENCE, permanent=False)
    assert isinstance(late, Again)
    assert (late.row.channel, late.row.refused, late.rerouted) == ("sms", [], True)
    back = after_failure(late.row, BOTH, "sms-timeout", NOW + 2 * PATIENCE, permanent=False)
    assert isinstance(back, Again)
    assert back.row.channel == "email"


def test_the_only_channel_is_tried_until_the_end() -> None:
    row, now, tries = on(["email"]), NOW, 0
    while isinstance(what := after_failure(row, ["email"], "smtp-timeout", now, permanent=False), Again):
        assert what.row.channel == "email"
        assert now < what.at < NEW.give_up_at
        row, now, tries = what.row, what.at, tries + 1
    assert NEW.give_up_at - now < LONGEST_PAUSE
    assert 90 < tries < 120


def test_pauses_grow_to_a_quarter_of_an_hour() -> None:
    assert [pause(n).total_seconds() for n in (1, 2, 3, 8, 9, 1000)] == [5, 10, 20, 640, 900, 900]


@pytest.mark.slow
@given(st.lists(st.sampled_from("abc"), unique=True, min_size=1), st.data())
def test_every_way_ends_and_none_goes_through_a_closed_door(route: list[str], data: st.DataObject) -> None:
    row, now = on(route), NOW
    for _ in range(2000):
        what = after_failure(row, route, "why", now, permanent=data.draw(st.booleans()))
        if isinstance(what, GiveUp):
            assert set(what.row.refused) == set(route) or now + LONGEST_PAUSE >= NEW.give_up_at
            return
        assert what.row.channel in set(route) - set(what.row.refused)
        assert what.rerouted is (what.row.channel != row.channel)
        assert what.at >= now
        row, now = what.row, what.at
    raise AssertionError("it went on for ever")
