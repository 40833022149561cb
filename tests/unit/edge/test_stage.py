"""The one screen of a bank, told story by story."""

from uuid import UUID

import pytest

from cranny.edge import outcomes as said
from cranny.edge.kiosk.stage import PROBLEMS, Stage
from cranny.ui.models import Done, Home, Open, Opening, Place, Trouble

VISIT, OPENING = UUID(int=1), UUID(int=2)


def find(label):
    return Place(label=label, index=ord(label[-1]) - ord("1"), side="left", level="chest")


@pytest.fixture
def visits():
    """What is in it is a courier's visit under way."""
    return []


@pytest.fixture
def stage(visits):
    return Stage(find, lambda: 90, lambda: bool(visits))


def opening(door, purpose="collect", attempt=1, visit=None, *, afar=False):
    return said.Opening(door=door, place=0, purpose=purpose, opening=OPENING, visit=visit, attempt=attempt, afar=afar)


def opened(door, purpose="collect", visit=None, items=1, *, together=False, afar=False):
    return said.Opened(
        door=door,
        place=0,
        centre=1200,
        purpose=purpose,
        opening=OPENING,
        visit=visit,
        passed_over=[],
        items=items,
        together=together,
        afar=afar,
    )


def from_afar(door):
    return opening(door, "inspect", afar=True), opened(door, "inspect", afar=True)


def stored(door, so_far=1):
    return said.Stored(door=door, opening=OPENING, visit=VISIT, deliveries=1, evidence="sensed", so_far=so_far)


def not_stored(door, reason):
    return said.NotStored(door=door, opening=OPENING, visit=VISIT, reason=reason)


def hear(stage, *told):
    for one in told:
        stage.hear(one)
    return stage.screen


def test_a_pick_up(stage):
    assert hear(stage, opening("A1")) == Opening(place=find("A1"), purpose="collect")
    assert hear(stage, opened("A1", items=2)) == Open(place=find("A1"), purpose="collect", items=2)
    collected = said.Collected(door="A1", opening=OPENING, purpose="collect", evidence="sensed", reopen_s=300)
    assert hear(stage, collected) == Done(place=find("A1"), outcome="collected", reopen_s=300)


def test_a_door_that_sticks_and_then_opens(stage):
    hear(stage, opening("A1"), opening("A1", attempt=2))
    assert stage.screen.attempt == 2
    assert isinstance(hear(stage, opened("A1")), Open)


def test_a_door_that_never_opens_is_named_and_the_parcel_is_safe(stage):
    hear(stage, opening("A1"), opening("A1", attempt=2), said.Refusal("help"))
    assert stage.screen == Trouble(place=find("A1"), purpose="collect")


def test_a_courier_whose_door_sticks_gets_the_next_one(stage):
    hear(
        stage, opening("A1", "deposit", visit=VISIT), said.NextDoor("A1", VISIT), opening("A2", "deposit", visit=VISIT)
    )
    assert stage.screen == Opening(place=find("A2"), purpose="deposit", instead_of="A1")
    hear(stage, opened("A2", "deposit", VISIT), stored("A2"), opening("A3", "deposit", visit=VISIT))
    assert not stage.screen.instead_of


def test_too_small(stage):
    hear(stage, opened("A1", "deposit", VISIT), said.ShutFirst("A1", VISIT))
    assert stage.screen.too_small
    hear(stage, not_stored("A1", "too-small"), opening("A2", "deposit", visit=VISIT))
    assert stage.screen.instead_of == "A1"
    assert hear(stage, opened("A2", "deposit", VISIT)).visit == str(VISIT)


def test_too_small_and_nothing_larger_is_free(stage):
    hear(stage, opened("A1", "deposit", VISIT), said.ShutFirst("A1", VISIT), not_stored("A1", "too-small"))
    assert hear(stage, said.Refusal("full")) == Home(problem="no-room")


def test_the_next_label_is_scanned_while_the_door_still_stands_open(stage, visits):
    visits.append(VISIT)
    hear(stage, opened("A1", "deposit", VISIT), opening("A2", "deposit", visit=VISIT), opened("A2", "deposit", VISIT))
    assert hear(stage, stored("A1")).place == find("A2")
    assert hear(stage, stored("A2", 2)) == Done(
        place=find("A2"), outcome="stored", visit=str(VISIT), stored=2, leave_s=90
    )


def test_who_left_before_the_door_was_shut_does_not_keep_the_screen(stage):
    hear(stage, opened("A1", "deposit", VISIT), said.VisitDone(VISIT, 0))
    assert hear(stage, stored("A1")) == Done(place=find("A1"), outcome="stored")
    hear(stage, opened("A1", "deposit", VISIT), said.VisitDone(VISIT, 0))
    assert hear(stage, not_stored("A1", "empty")) == Done(place=find("A1"), outcome="empty")


def test_what_is_refused_never_hides_an_open_door(stage):
    hear(stage, opened("A1", "deposit", VISIT), said.Refusal("unknown_tracking"))
    assert stage.screen.place == find("A1")
    assert stage.screen.problem == "not-expected"


def test_a_door_left_open_is_asked_for_whatever_is_on_the_screen(stage):
    assert hear(stage, said.PleaseShut("A1")) == Open(place=find("A1"), purpose="inspect", late=True)
    hear(stage, opened("A2", "deposit", VISIT), said.PleaseShut("A1"))
    assert stage.screen.place == find("A2")
    assert hear(stage, said.PleaseShut("A2")).late


SHUT_A2 = said.Shut("A2", OPENING)
LEFT_A2, TAKEN_A2 = said.LeftBehind("A2", OPENING), said.Collected("A2", OPENING, "collect", "sensed")


def test_what_an_operator_opens_is_shown_when_nobody_is_at_it(stage):
    assert hear(stage, *from_afar("A1")) == Open(place=find("A1"), purpose="inspect", items=1)
    assert hear(stage, *from_afar("A2")).place == find("A2")
    assert hear(stage, said.Shut("A1", OPENING)).place == find("A2")
    assert hear(stage, SHUT_A2) == Done(place=find("A2"), outcome="shut")
    hear(stage, said.VisitDone(VISIT, 0), *from_afar("A1"), opening("A2", "deposit", visit=VISIT))
    assert stage.screen.place == find("A2")


def test_an_operator_helps_somebody_whose_door_did_not_open(stage):
    hear(stage, opening("A1"), opening("A1", attempt=2), said.Refusal("help"))
    assert hear(stage, *from_afar("A1")) == Open(place=find("A1"), purpose="inspect", items=1)


@pytest.mark.parametrize("after", [SHUT_A2, LEFT_A2, TAKEN_A2, said.Refusal("help", door="A2"), said.PleaseShut("A2")])
@pytest.mark.parametrize(
    "before",
    [
        [opening("A1", "deposit", visit=VISIT)],
        [opened("A1", "deposit", VISIT)],
        [opened("A1", "deposit", VISIT), stored("A1")],
        [opened("A1", "deposit", VISIT), said.Refusal("unknown_tracking")],
        [said.Refusal("unknown_tracking")],
    ],
    ids=["opening", "open", "stored", "refused at the door", "refused"],
)
def test_what_an_operator_opens_leaves_the_couriers_screen_alone(stage, visits, before, after):
    visits.append(VISIT)
    shown = hear(stage, *before)
    assert hear(stage, *from_afar("A2")) == shown
    assert hear(stage, after) == shown


def test_what_an_operator_opens_leaves_a_recipients_door_on_the_screen(stage):
    shown = hear(stage, opening("A1"), opened("A1"))
    assert hear(stage, *from_afar("A2"), said.PleaseShut("A2"), SHUT_A2) == shown
    assert isinstance(hear(stage, said.Collected("A1", OPENING, "collect", "sensed")), Done)


def test_a_visit_is_over_and_a_door_opened_from_afar_still_asks_to_be_shut(stage, visits):
    visits.append(VISIT)
    hear(stage, opened("A1", "deposit", VISIT), stored("A1"), *from_afar("A2"))
    visits.clear()
    assert hear(stage, said.VisitDone(VISIT, 1)) == Home()
    assert hear(stage, said.PleaseShut("A2")) == Open(place=find("A2"), purpose="inspect", late=True)


def test_an_earlier_visitors_door_does_not_end_a_couriers_screen(stage, visits):
    visits.append(VISIT)
    shown = hear(stage, opened("A1", "deposit", VISIT), stored("A1"))
    assert hear(stage, TAKEN_A2) == shown


def test_the_pause_is_told_with_its_seconds(stage):
    assert hear(stage, said.Refusal("wait", wait_s=8)) == Home(wait_s=8)


def test_a_wrong_qr_is_not_called_a_wrong_code(stage):
    stage.hear(said.Refusal("wrong"), scanned=True)
    assert stage.screen == Home(problem="wrong-qr")
    stage.hear(said.Refusal("wrong"))
    assert stage.screen == Home(problem="wrong-code")


@pytest.mark.parametrize(
    ("told", "outcome"),
    [
        (said.LeftBehind("A1", OPENING), "left"),
        (said.Shut("A1", OPENING), "shut"),
        (not_stored("A1", "empty"), "empty"),
        (said.Collected("A1", OPENING, "recall", "inferred"), "taken-back"),
        (said.Collected("A1", OPENING, "inspect", "inferred"), "looked"),
    ],
)
def test_how_a_door_was_shut(stage, told, outcome):
    hear(stage, opened("A1"))
    assert hear(stage, told).outcome == outcome


def test_every_reason_has_its_words():
    assert set(PROBLEMS) == said.REASONS


def test_a_turn_is_a_change_and_nothing_else(stage):
    hear(stage, said.Refusal("wrong"), said.Refusal("wrong"), said.Changed())
    assert stage.turn == 1
    hear(stage, said.VisitDone(VISIT, 3))
    assert (stage.turn, stage.screen) == (2, Home())
