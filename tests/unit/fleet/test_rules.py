"""What may be taken of a batch: numbers without gaps, one chain, one branch, whatever the network does."""

from uuid import UUID

import pytest

from cranny.core.errors import Invalid
from cranny.fleet.rules import NOTHING_YET, Cursor, Verdict, answer, check_shape, overlap, plan
from cranny.wire.facts import digest
from cranny.wire.kinds import DoorForced
from cranny.wire.messages import FactAck


def write(journal, n, door="01"):
    for _ in range(n):
        journal.say(DoorForced(door))
    return journal


def known(journal, upto):
    return {seq: digest(stored) for seq, stored in enumerate(journal.facts[:upto], 1)}


def test_a_bank_s_first_batch_opens_epoch_one(journal):
    write(journal, 3)
    made = plan(NOTHING_YET, journal.batch(), {})
    assert made.verdict is Verdict.TAKEN
    assert made.opened
    assert [link.seq for link in made.links] == [1, 2, 3]
    assert made.cursor == Cursor(1, 3, digest(journal.facts[2]))
    assert answer(made) == FactAck(epoch=1, seq=3)


def test_what_was_taken_is_not_taken_again_and_what_is_new_is(journal):
    write(journal, 5)
    at_three = plan(NOTHING_YET, journal.batch(last=3), {}).cursor
    batch = journal.batch(2, 5)
    assert overlap(at_three, batch) == range(2, 4)
    made = plan(at_three, batch, known(journal, 3))
    assert [link.seq for link in made.links] == [4, 5]
    assert not made.opened
    again = plan(made.cursor, batch, known(journal, 5))
    assert (again.verdict, again.links, again.cursor) == (Verdict.TAKEN, (), made.cursor)


def test_what_comes_too_early_is_asked_for_again(journal):
    write(journal, 5)
    at_two = plan(NOTHING_YET, journal.batch(last=2), {}).cursor
    made = plan(at_two, journal.batch(4), {})
    assert (made.verdict, made.links) == (Verdict.GAP, ())
    assert answer(made) == FactAck(epoch=1, seq=2)


def test_an_empty_batch_asks_where_the_server_is(journal):
    write(journal, 2)
    at_two = plan(NOTHING_YET, journal.batch(), {}).cursor
    assert answer(plan(at_two, journal.batch(3), {})) == FactAck(epoch=1, seq=2)
    assert answer(plan(NOTHING_YET, journal.batch(1, 0), {})) == FactAck(epoch=1, seq=0)


def test_a_server_that_lost_everything_asks_for_the_epoch_from_its_start(journal):
    write(journal, 9)
    assert answer(plan(NOTHING_YET, journal.batch(7), {})) == FactAck(epoch=1, seq=0)


def test_another_fact_under_a_taken_number_is_a_fork(journal, new_journal):
    write(journal, 4)
    cursor = plan(NOTHING_YET, journal.batch(), {}).cursor
    other = write(new_journal(), 3)
    other.say(DoorForced("02"))
    other.say(DoorForced("02"))
    made = plan(cursor, other.batch(3), known(journal, 4))
    assert (made.verdict, made.links) == (Verdict.FORKED, ())
    assert made.cursor.forked
    assert answer(made) == FactAck(epoch=1, seq=4, forked=True)
    # And from then on nothing of that epoch is taken, not even what would follow.
    journal.say(DoorForced("01"))
    assert plan(made.cursor, journal.batch(5), {}).verdict is Verdict.FORKED


@pytest.mark.parametrize("odd", [{"prev_hash": bytes(32)}, {"seq": 3}, {"epoch": 2}])
def test_a_batch_that_contradicts_itself_is_a_fork_and_nothing_of_it_is_taken(journal, odd):
    write(journal, 1)
    journal.say(DoorForced("01"), **odd)
    made = plan(Cursor(1, 0, bytes(32)), journal.batch(), {})
    assert (made.verdict, made.links) == (Verdict.FORKED, ())
    assert (made.cursor.epoch, made.cursor.seq) == (1, 0)


def test_after_a_fork_the_next_epoch_is_taken(new_journal):
    torn = Cursor(1, 4, bytes(32), forked=True)
    made = plan(torn, write(new_journal(epoch=2), 2).batch(), {})
    assert made.verdict is Verdict.TAKEN
    assert made.opened
    assert (made.cursor.epoch, made.cursor.seq, made.cursor.forked) == (2, 2, False)


def test_an_epoch_that_forks_as_it_opens_is_used_up(new_journal):
    journal = write(new_journal(epoch=2), 1)
    journal.say(DoorForced("01"), prev_hash=bytes(32))
    made = plan(Cursor(1, 4, bytes(32)), journal.batch(), {})
    assert answer(made) == FactAck(epoch=2, seq=0, forked=True)
    assert plan(made.cursor, write(new_journal(epoch=3), 1).batch(), {}).verdict is Verdict.TAKEN


def test_epochs_are_taken_one_by_one(new_journal):
    held = Cursor(1, 4, bytes(32))
    assert plan(held, write(new_journal(epoch=3), 2).batch(), {}).verdict is Verdict.GAP
    assert plan(held, write(new_journal(epoch=2), 2).batch(2), {}).verdict is Verdict.GAP


def test_an_epoch_of_which_nothing_is_left_is_passed_over(new_journal):
    """An empty batch says so; the next epoch follows it."""
    held = Cursor(1, 4, bytes(32))
    made = plan(held, new_journal(epoch=2).batch(), {})
    assert (made.verdict, made.opened, made.links) == (Verdict.TAKEN, True, ())
    assert answer(made) == FactAck(epoch=2, seq=0)
    assert plan(made.cursor, write(new_journal(epoch=3), 2).batch(), {}).verdict is Verdict.TAKEN
    assert plan(made.cursor, new_journal(epoch=2).batch(), {}).cursor == made.cursor


def test_a_late_batch_of_a_closed_epoch_is_a_repeat_or_comes_too_late(journal):
    write(journal, 3)
    now = Cursor(2, 7, bytes(32))
    batch = journal.batch()
    assert overlap(now, batch) == range(1, 4)
    assert plan(now, batch, known(journal, 3)).verdict is Verdict.TAKEN
    late = plan(now, batch, known(journal, 2))
    assert (late.verdict, late.cursor) == (Verdict.CLOSED, now)
    assert answer(late) == FactAck(epoch=2, seq=7, forked=True)


def test_bytes_that_are_no_fact_keep_their_place_in_the_chain(journal):
    write(journal, 1)
    journal.facts.append(b"\xff\x00 no fact")
    journal.say(DoorForced("01"))
    made = plan(NOTHING_YET, journal.batch(), {})
    assert made.verdict is Verdict.TAKEN
    assert [link.fact is None for link in made.links] == [False, True, False]
    assert made.links[1].flaw


def test_a_fact_of_another_bank_is_kept_and_not_used(journal):
    journal.say(DoorForced("01"), bank=UUID(int=77))
    (link,) = plan(NOTHING_YET, journal.batch(), {}).links
    assert link.fact is None
    assert "another bank" in link.flaw


@pytest.mark.parametrize(
    "odd", [{"first": 0}, {"epoch": 0}, {"beside": []}, {"first": 2**63 - 1}, {"applied": 2**63 - 1}]
)
def test_a_batch_without_a_shape_is_refused(journal, odd):
    write(journal, 1)
    with pytest.raises(Invalid) as refused:
        check_shape(journal.batch(**odd))
    assert refused.value.code == "batch-malformed"
