"""A door counts as the largest class that fits in it; a thing needs the smallest that holds it."""

from typing import NamedTuple

from cranny.sites.lifecycle import RESERVATION, Promise, Trigger
from cranny.sites.sizes import DEFAULT_CLASSES, class_for, class_of
from cranny.wire.allocation import Size


class Named(NamedTuple):
    name: str
    size: Size


CLASSES = [Named(name, size) for name, size in DEFAULT_CLASSES.items()]


def named(found: Named | None) -> str:
    return found.name if found else "-"


def test_what_a_door_counts_as() -> None:
    assert named(class_of(Size(380, 410, 640), CLASSES)) == "L"
    assert named(class_of(Size(640, 380, 200), CLASSES)) == "M"  # lying on its side
    assert named(class_of(Size(500, 500, 799), CLASSES)) == "L"
    assert named(class_of(Size(100, 100, 100), CLASSES)) == "-"


def test_what_a_thing_needs() -> None:
    assert named(class_for((Size(300, 70, 200),), CLASSES)) == "S"
    assert named(class_for((Size(200, 300, 70),), CLASSES)) == "S"
    assert named(class_for((Size(300, 70, 200),) * 4, CLASSES)) == "M"
    assert named(class_for((Size(900, 10, 10),), CLASSES)) == "-"


def test_no_word_that_comes_late_to_a_promise_is_unforeseen() -> None:
    assert {(state, trigger) for state in Promise for trigger in Trigger} == set(RESERVATION.table)
    assert RESERVATION.event_types() == {"reservation.lapsed", "reservation.rejected"}
