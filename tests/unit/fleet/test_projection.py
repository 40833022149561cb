"""What facts mean: events, occupancies, blocked doors, and a list of what is not understood."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from cranny.core.clock import millis
from cranny.edge.keypad import DELAYS_S
from cranny.fleet.changes import Ended, Started
from cranny.fleet.projection import SLOWEST_MS, project, refuse
from cranny.fleet.rules import NOTHING_YET, plan
from cranny.fleet.times import Received
from cranny.wire.kinds import BankStarted, DoorBlocked, DoorCleared, DoorCounted, DoorForced, KeypadSlowed

BANK, BOOT = UUID(int=2), UUID(int=3)
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
CAME = Received(NOON + timedelta(hours=1), BOOT, 3_600_000)


def seen(journal, received=CAME, floor=None, first=1):
    made = plan(NOTHING_YET, journal.batch(), {})
    return project(BANK, made.links[first - 1 :], received, floor)


def test_a_fact_becomes_an_event_of_the_same_name(journal):
    first, second = UUID(int=21), UUID(int=22)
    journal.stored("07", 3, first, second, grant=UUID(int=31))
    (told,) = seen(journal).told
    assert told.event.type == "deposit.stored"
    assert told.event.subject == f"banks/{BANK}/doors/07"
    assert told.event.data == {
        "opening": str(UUID(int=9)),
        "door": "07",
        "generation": 3,
        "deliveries": [str(first), str(second)],
        "grant": str(UUID(int=31)),
        "evidence": "sensed",
        "superseded": [],
        "unannounced": [],
        "minted": False,
        "bank": str(BANK),
        "epoch": 1,
        "seq": 1,
        "offline": False,
    }
    assert told.at == NOON + timedelta(seconds=1)


def test_what_has_no_door_is_about_the_bank(journal):
    journal.say(BankStarted("1.2", 0))
    assert seen(journal).told[0].event.subject == f"banks/{BANK}"


def test_deposits_and_collections_are_told_in_their_order(journal):
    journal.collected("01", 4)
    journal.stored("01", 5, UUID(int=21), grant=UUID(int=31))
    journal.collected("01", 5)
    assert seen(journal).doors == (
        Ended("01", 4, NOON + timedelta(seconds=1)),
        Started("01", 5, (UUID(int=21),), UUID(int=31), NOON + timedelta(seconds=2)),
        Ended("01", 5, NOON + timedelta(seconds=3)),
    )


def test_the_last_word_on_a_door_counts(journal):
    journal.say(DoorBlocked("01", "jam"))
    journal.say(DoorBlocked("02", "jam"))
    journal.say(DoorCleared(None, "02"))
    assert seen(journal).blocked == {"01": "jam", "02": None}


def test_wrong_codes_one_after_the_other_are_listed_once_the_keypad_can_be_no_slower(journal):
    for delay_ms in (2_000, 16_000):
        journal.say(KeypadSlowed(delay_ms=delay_ms))
    assert seen(journal).findings == ()
    assert DELAYS_S[-1] * 1000 == SLOWEST_MS
    journal.say(KeypadSlowed(delay_ms=SLOWEST_MS))
    assert [(one.kind, one.subject) for one in seen(journal).findings] == [("codes_guessed", f"banks/{BANK}")]


def test_what_is_not_understood_is_kept_listed_and_passed(journal):
    journal.write("door.painted", {"colour": "blue"})
    journal.write("door.forced", {"dor": "01"})
    journal.facts.append(b"junk")
    journal.say(DoorForced("01"))
    change = seen(journal)
    assert [(row.kind, row.projected) for row in change.rows] == [
        ("door.painted", False),
        ("door.forced", False),
        ("", False),
        ("door.forced", True),
    ]
    assert [finding.kind for finding in change.findings] == ["fact_unknown", "fact_invalid", "fact_invalid"]
    assert change.findings[0].subject == f"banks/{BANK}/kinds/door.painted"
    assert change.findings[1].subject == f"banks/{BANK}/facts/1/2"
    assert len(change.told) == 1
    assert change.cursor.seq == 4


def test_a_refused_fact_is_kept_and_listed(journal):
    journal.stored("99", 1)
    (link,) = plan(NOTHING_YET, journal.batch(), {}).links
    change = refuse(BANK, link, "there is no such door")
    assert [row.projected for row in change.rows] == [False]
    assert not change.told
    assert change.findings[0].detail == {"epoch": 1, "seq": 1, "fact": "deposit.stored", "why": "there is no such door"}


def times(journal, received=CAME, floor=None):
    return [told.at for told in seen(journal, received, floor).told]


def test_a_good_clock_is_believed_but_nothing_happens_after_it_was_told(journal):
    journal.say(DoorForced("01"))
    journal.say(DoorForced("01"), wall_ms=millis(NOON + timedelta(days=400)))
    assert times(journal) == [NOON + timedelta(seconds=1), CAME.at]


def test_a_doubtful_clock_is_replaced_by_the_boot_s_own(journal):
    """The batch was made an hour after the boot; the facts are from its 1st and 2nd second."""
    journal.say(DoorForced("01"), clock_quality="doubtful", wall_ms=0)
    journal.say(DoorForced("01"), offline=True)
    assert times(journal) == [CAME.at - timedelta(seconds=3599), CAME.at - timedelta(seconds=3598)]


def test_of_an_earlier_boot_the_clock_is_held_between_its_neighbours(journal):
    journal.say(DoorForced("01"), clock_quality="doubtful", wall_ms=0)
    journal.say(DoorForced("01"), clock_quality="doubtful", wall_ms=millis(NOON))
    journal.say(DoorForced("01"), clock_quality="doubtful", wall_ms=millis(NOON + timedelta(days=9)))
    later = Received(CAME.at, UUID(int=99), 5)
    floor = NOON - timedelta(hours=2)
    assert times(journal, later, floor) == [floor, NOON, CAME.at]


def test_clocks_that_say_the_impossible_are_not_believed(journal):
    journal.say(DoorForced("01"), clock_quality="doubtful", mono_ms=0)
    assert times(journal, Received(CAME.at, BOOT, 2**63 - 1)) == [CAME.at]


@pytest.mark.parametrize(
    ("saw", "kind", "ends"),
    [
        (("there", True, None), None, False),
        (("there", True, True), None, False),
        (("there", True, False), "inventory_disputed", False),
        (("not_there", False, False), None, False),
        (("not_there", True, False), "inventory_missing", True),
        (("not_there", True, None), "inventory_missing", True),
        (("not_there", True, True), "inventory_disputed", False),
        (("not_there", False, True), "inventory_disputed", False),
        (("other", True, True), "inventory_other", False),
        (("other", False, None), "inventory_other", False),
        (("other", False, False), "inventory_disputed", False),
    ],
)
def test_what_somebody_saw_behind_a_door(journal, saw, kind, ends):
    found, held, sensed = saw
    parcels = [UUID(int=21)] if held else []
    journal.say(DoorCounted(UUID(int=5), UUID(int=6), "07", 3, found, parcels, sensed))
    change = seen(journal)
    assert [finding.kind for finding in change.findings] == ([kind] if kind else [])
    assert [type(one) for one in change.doors] == ([Ended] if ends else [])
    assert change.told[0].event.subject == f"banks/{BANK}/doors/07"
