"""The audit sees what it is there to see."""

from uuid import UUID

from cranny.fleet.audit import Walk
from cranny.wire.facts import GENESIS, digest
from cranny.wire.kinds import DoorForced

BANK = UUID(int=2)


def walked(journal, *, leave_out=(), unprojected=()):
    walk = Walk(BANK)
    for seq, stored in enumerate(journal.facts, 1):
        if seq not in leave_out:
            walk.step(journal.epoch, seq, digest(stored), stored, projected=seq not in unprojected)
    return walk


def said(walk):
    return [(violation.invariant, violation.subject.rsplit("/", 1)[1]) for violation in walk.found]


def test_an_honest_log_has_nothing_to_be_said_of(journal):
    journal.stored("01", 1)
    journal.stored("01", 1)
    journal.collected("01", 1)
    journal.collected("01", 1)
    journal.facts.append(b"junk")
    journal.stored("01", 2)
    walk = walked(journal, unprojected={5})
    walk.end(1, 6, digest(journal.facts[-1]))
    assert said(walk) == []


def test_a_lost_a_changed_and_a_foreign_fact(journal):
    for _ in range(5):
        journal.say(DoorForced("01"))
    assert said(walked(journal, leave_out={3})) == [("I8", "4"), ("I8", "4")]
    walk = Walk(BANK)
    walk.step(1, 1, digest(b"other"), journal.facts[0], projected=True)
    assert said(walk) == [("I8", "1")]
    stranger = Walk(UUID(int=3))
    stranger.step(1, 1, digest(journal.facts[0]), journal.facts[0], projected=True)
    assert said(stranger) == [("I8", "1")]


def test_two_in_one_door_and_a_generation_that_comes_again(journal):
    journal.stored("01", 1)
    journal.stored("01", 2)
    journal.collected("01", 2)
    journal.stored("01", 2)
    assert said(walked(journal)) == [("I2", "2"), ("I2", "4")]
    assert said(walked(journal, unprojected={2, 3, 4})) == []


def test_the_cursor_stands_at_the_last_fact(journal):
    journal.say(DoorForced("01"))
    head = digest(journal.facts[0])
    for cursor, wrong in [((1, 1, head), 0), ((2, 0, GENESIS), 0), ((1, 2, head), 1), ((1, 1, GENESIS), 1)]:
        walk = walked(journal)
        walk.end(*cursor)
        assert len(said(walk)) == wrong
    empty = Walk(BANK)
    empty.end(0, 0, GENESIS)
    assert said(empty) == []


def test_a_projected_fact_can_be_read():
    walk = Walk(BANK)
    walk.step(1, 1, digest(b"junk"), b"junk", projected=True)
    assert said(walk) == [("I8", "1")]
