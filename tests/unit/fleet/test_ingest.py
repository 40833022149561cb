"""Whatever the network does with a bank's batches, the store ends up as if every fact had come once, in order."""

from copy import deepcopy
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cranny.fleet.changes import Breach
from cranny.fleet.ingest import take_many, take_one
from cranny.wire.facts import digest
from cranny.wire.kinds import DoorForced

OTHER = UUID(int=50)


def a_day(journal, n=50):
    """`n` facts in which doors 01 to 03 are used over and over."""
    for i in range(n):
        door, turn = f"{i % 3 + 1:02}", i // 3
        if turn % 2:
            journal.collected(door, turn // 2 + 1)
        else:
            journal.stored(door, turn // 2 + 1, UUID(int=1000 + i))
    return journal


@pytest.mark.slow
async def test_fifty_facts_twice_and_shuffled_are_fifty_facts_once_in_order(journal, new_store, arrive):
    a_day(journal)
    once, often = new_store(), new_store()
    await take_one(once, arrive(journal.batch()))
    ends = [(1, 20), (31, 50), (1, 20), (15, 33), (1, 50), (40, 50), (34, 41), (41, 50), (1, 1), (50, 50)]
    acks = [await take_one(often, arrive(journal.batch(*span))) for span in ends]
    assert [ack.seq for ack in acks] == [20, 20, 20, 33, 50, 50, 50, 50, 50, 50]
    assert often.book == once.book
    assert len(once.book.facts) == 50


async def test_a_fact_that_breaks_a_rule_is_found_among_a_hundred(journal, store, arrive):
    a_day(journal, 40)
    journal.stored("77", 1, UUID(int=7))
    for _ in range(59):
        journal.say(DoorForced("01"))
    with pytest.raises(Breach):
        async with store.attempt():
            await take_many(store, [arrive(journal.batch())])
    assert not store.book.facts
    ack = await take_one(store, arrive(journal.batch()))
    assert (ack.seq, ack.forked, ack.refused) == (100, False, "")
    assert [place for place, fact in store.book.facts.items() if not fact[2]] == [(1, 41)]
    assert store.book.findings == ["fact_refused"]
    assert len(store.book.events) == 99


async def test_two_deposits_in_one_door_are_a_breach_even_when_one_batch_ends_both(journal, store, arrive):
    journal.stored("01", 1, UUID(int=21))
    journal.stored("01", 2, UUID(int=22))
    journal.collected("01", 1)
    await take_one(store, arrive(journal.batch()))
    assert store.book.findings == ["fact_refused"]
    assert store.book.doors["01"] == {1: ((UUID(int=21),), False)}


async def test_a_fork_takes_nothing_and_the_next_epoch_goes_on(journal, store, arrive, new_journal):
    a_day(journal, 10)
    await take_one(store, arrive(journal.batch()))
    before = deepcopy(store.book.facts)
    restored = a_day(new_journal(), 8)
    restored.say(DoorForced("03"))
    restored.say(DoorForced("03"))
    ack = await take_one(store, arrive(restored.batch(8)))
    assert (ack.epoch, ack.seq, ack.forked) == (1, 10, True)
    assert store.book.facts == before
    assert (store.book.findings, store.book.triggers) == (["chain_forked"], ["fork"])
    again = await take_one(store, arrive(restored.batch(8)))
    assert again.forked
    assert store.book.findings == ["chain_forked"]
    fresh = new_journal(epoch=2)
    fresh.say(DoorForced("03"))
    assert (await take_one(store, arrive(fresh.batch()))).epoch == 2
    assert (store.book.findings[-1], store.book.triggers[-1]) == ("epoch_started", "epoch")
    late = await take_one(store, arrive(restored.batch(8)))
    assert late.forked
    assert store.book.findings[-1] == "epoch_closed"


async def test_a_bank_that_forks_again_as_it_begins_anew_can_still_go_on(journal, store, arrive, new_journal):
    journal.say(DoorForced("01"))
    await take_one(store, arrive(journal.batch()))
    other = new_journal()
    other.say(DoorForced("02"))
    assert (await take_one(store, arrive(other.batch()))).forked
    torn = new_journal(epoch=2)
    torn.say(DoorForced("01"), prev_hash=bytes(31) + b"1")
    for _ in range(2):
        ack = await take_one(store, arrive(torn.batch()))
        assert (ack.epoch, ack.seq, ack.forked) == (2, 0, True)
    whole = new_journal(epoch=3)
    whole.say(DoorForced("01"))
    ack = await take_one(store, arrive(whole.batch()))
    assert (ack.epoch, ack.seq, ack.forked) == (3, 1, False)
    assert store.book.findings == ["chain_forked", "chain_forked", "epoch_started"]


async def test_only_the_key_that_is_enrolled_speaks_for_a_bank(journal, store, arrive, new_journal):
    journal.say(DoorForced("01"))
    assert (await take_one(store, arrive(journal.batch(), key="UOLD"))).refused == "not-enrolled"
    stranger = new_journal(bank=OTHER)
    stranger.say(DoorForced("01"))
    assert (await take_one(store, arrive(stranger.batch()))).refused == "not-enrolled"
    assert (await take_one(store, arrive(journal.batch(applied=2**63 - 1)))).refused == "batch-malformed"
    assert not store.book.facts


async def test_a_bank_that_holds_more_rights_than_the_server_lifts_the_numbers(journal, store, arrive):
    journal.say(DoorForced("01"))
    await take_one(store, arrive(journal.batch(applied=12)))
    assert store.book.uplink.down_head == 12


DEEDS = st.lists(
    st.tuples(
        st.sampled_from(["stored", "collected", "forced", "junk"]),
        st.sampled_from(["01", "02", "99"]),
        st.integers(0, 4),
    ),
    max_size=24,
)


@pytest.mark.slow
@given(deeds=DEEDS, cuts=st.lists(st.tuples(st.integers(0, 24), st.integers(0, 24)), max_size=12))
@settings(max_examples=2 * settings.default.max_examples)
async def test_no_story_and_no_network_breaks_i2_or_i8(new_journal, new_store, arrive, deeds, cuts):
    """Any facts, even ones that no honest bank writes, in any pieces: one branch without gaps (I8), one live
    occupancy per door and growing generations (I2), and the same end as one fact at a time."""
    journal = new_journal()
    for deed, door, generation in deeds:
        if deed == "junk":
            journal.facts.append(f"{door}{generation}".encode())
        elif deed == "forced":
            journal.say(DoorForced(door))
        else:
            getattr(journal, deed)(door, generation, UUID(int=generation + 100))
    pieces, single = new_store(doors=["01", "02"]), new_store(doors=["01", "02"])
    for start, end in [*cuts, (0, len(deeds))]:
        low, high = sorted((min(start, len(deeds)), min(end, len(deeds))))
        if low == high:
            continue
        ack = await take_one(pieces, arrive(journal.batch(low + 1, high)))
        assert not ack.forked
        check(pieces.book, journal)
    for seq in range(1, len(deeds) + 1):
        await take_one(single, arrive(journal.batch(seq, seq)))
    assert pieces.book.facts == single.book.facts
    assert pieces.book.doors == single.book.doors
    assert pieces.book.events == single.book.events
    assert pieces.book.findings == single.book.findings


def check(book, journal):
    cursor = book.uplink.cursor
    assert sorted(book.facts) == [(1, seq) for seq in range(1, cursor.seq + 1)]
    for seq in range(1, cursor.seq + 1):
        assert book.facts[1, seq][0] == digest(journal.facts[seq - 1])
    for door in book.doors:
        assert len(book.live(door)) <= 1
        generations = list(book.doors[door])
        assert generations == sorted(generations)
        assert all(not live for _, live in list(book.doors[door].values())[:-1])
