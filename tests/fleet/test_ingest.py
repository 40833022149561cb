"""Facts into PostgreSQL: the same end whatever the network does, one commit, and nothing in the way of the rest."""

import asyncio
from uuid import UUID

import msgspec

from cranny.fleet.changes import Breach
from cranny.fleet.ingest import take_many, take_one
from cranny.fleet.postgres import PostgresStore
from cranny.wire.kinds import DoorBlocked, DoorCleared, DoorForced

FACTS = "SELECT epoch, seq, hash, stored, kind, projected FROM facts WHERE tenant = $1 AND bank = $2 ORDER BY 1, 2"
EVENTS = "SELECT type, subject, time, data FROM events WHERE tenant = $1 AND subject LIKE $2 ORDER BY seq"
DOORS = """
SELECT label, generation, started, ended, deliveries, grant_id FROM occupancies
WHERE tenant = $1 AND bank = $2 ORDER BY 1, 2
"""
CURSOR = "SELECT epoch, seq, head_hash, head_time, forked FROM bank_uplinks WHERE tenant = $1 AND bank = $2"
STATE = "SELECT state FROM bank_desks WHERE tenant = $1 AND id = $2"
ANOMALIES = "SELECT kind, subject, times FROM anomalies WHERE tenant = $1 AND bank = $2 ORDER BY id"
BLOCKED = "SELECT label, blocked FROM compartments WHERE tenant = $1 AND bank = $2 AND blocked IS NOT NULL"


def a_day(journal, n=50):
    for i in range(n):
        door, turn = f"{i % 3 + 1:02}", i // 3
        if turn % 2:
            journal.collected(door, turn // 2 + 1)
        else:
            journal.stored(door, turn // 2 + 1, UUID(int=1000 + i))
    return journal


async def take(db, keyring, box, batch):
    async with db.transaction(box.tenant) as tx:
        return await take_one(PostgresStore(tx, keyring), box.arrival(batch))


async def state(db, box):
    """All that the facts of a bank have led to, without what tells two banks apart."""
    async with db.transaction(box.tenant) as tx:
        facts = await tx.all(FACTS, box.tenant, box.bank)
        told = await tx.all(EVENTS, box.tenant, f"banks/{box.bank}/doors/%")
        return {
            "facts": [(row["epoch"], row["seq"], row["kind"], row["projected"]) for row in facts],
            "events": [
                (row["type"], row["subject"].split("/", 2)[2], row["time"], {**row["data"], "bank": ""}) for row in told
            ],
            "doors": [tuple(row.values()) for row in await tx.all(DOORS, box.tenant, box.bank)],
            "cursor": [row["seq"] for row in await tx.all(CURSOR, box.tenant, box.bank)],
        }


async def rows(db, box, sql):
    async with db.transaction(box.tenant) as tx:
        return [tuple(row.values()) for row in await tx.all(sql, box.tenant, box.bank)]


async def test_fifty_facts_twice_and_shuffled_are_fifty_facts_once_in_order(db, keyring, box_of):
    once, often = await box_of(1), await box_of(2)
    await take(db, keyring, once, a_day(once.journal()).batch())
    journal = a_day(often.journal())
    for span in [(1, 20), (31, 50), (1, 20), (15, 33), (1, 50), (40, 50), (34, 41), (41, 50), (1, 1), (50, 50)]:
        await take(db, keyring, often, journal.batch(*span))
    assert await state(db, often) == await state(db, once)
    assert len((await state(db, once))["events"]) == 50
    assert len((await state(db, once))["doors"]) == 26


async def test_a_fact_that_breaks_a_constraint_is_found_among_a_hundred(db, keyring, box):
    journal = a_day(box.journal(), 40)
    journal.stored("77", 1, UUID(int=7))
    for _ in range(59):
        journal.say(DoorForced("01"))
    ack = await take(db, keyring, box, journal.batch())
    assert (ack.seq, ack.forked) == (100, False)
    found = await state(db, box)
    assert [fact for fact in found["facts"] if not fact[3]] == [(1, 41, "deposit.stored", False)]
    assert len(found["events"]) == 99
    assert await rows(db, box, ANOMALIES) == [("fact_refused", f"banks/{box.bank}/facts/1/41", 1)]


async def test_one_bank_s_bad_fact_is_no_other_bank_s_trouble(db, keyring, box_of):
    good, bad = await box_of(1), await box_of(2)
    spoilt = bad.journal()
    spoilt.stored("01", 1, UUID(int=1))
    spoilt.stored("01", 2, UUID(int=2))
    arrivals = [good.arrival(a_day(good.journal()).batch()), bad.arrival(spoilt.batch())]
    try:
        async with db.transaction(good.tenant) as tx:
            await take_many(PostgresStore(tx, keyring), arrivals)
        raise AssertionError("two live occupancies at one door")
    except Breach:
        assert await rows(db, good, FACTS) == []
    for arrival in arrivals:
        async with db.transaction(good.tenant) as tx:
            await take_one(PostgresStore(tx, keyring), arrival)
    assert len(await rows(db, good, FACTS)) == 50
    assert [row[1] for row in await rows(db, bad, DOORS)] == [1]


async def test_many_banks_are_one_transaction(db, keyring, box_of):
    boxes = [await box_of(n) for n in range(1, 6)]
    async with db.transaction(boxes[0].tenant) as tx:
        acks = await take_many(
            PostgresStore(tx, keyring), [box.arrival(a_day(box.journal(), 20).batch()) for box in boxes]
        )
    assert [ack.seq for ack in acks] == [20] * 5
    first = await state(db, boxes[0])
    for box in boxes[1:]:
        assert await state(db, box) == first


async def test_what_is_not_understood_is_kept_raw_and_listed(db, keyring, box):
    journal = box.journal()
    journal.write("door.painted", {"colour": "blue"})
    journal.write("door.painted", {"colour": "red"})
    journal.facts.append(b"\x00 junk \xff")
    journal.write("door.forced", {"door": "01\x00"})
    journal.say(DoorForced("01"))
    assert (await take(db, keyring, box, journal.batch())).seq == 5
    assert [fact[3] for fact in (await state(db, box))["facts"]] == [False] * 4 + [True]
    assert sorted(await rows(db, box, ANOMALIES)) == [
        ("fact_invalid", f"banks/{box.bank}/facts/1/3", 1),
        ("fact_invalid", f"banks/{box.bank}/facts/1/4", 1),
        ("fact_unknown", f"banks/{box.bank}/kinds/door.painted", 2),
    ]


async def test_a_gap_takes_nothing_and_says_what_is_missing(db, keyring, box):
    journal = a_day(box.journal(), 10)
    await take(db, keyring, box, journal.batch(last=3))
    assert (await take(db, keyring, box, journal.batch(5))).seq == 3
    assert (await state(db, box))["cursor"] == [3]


async def test_a_fork_stops_the_bank_until_a_new_epoch(db, keyring, box):
    await take(db, keyring, box, a_day(box.journal(), 10).batch())
    before = await state(db, box)
    other = a_day(box.journal(), 8)
    other.say(DoorForced("03"))
    other.say(DoorForced("03"))
    for _ in range(2):
        ack = await take(db, keyring, box, other.batch(9))
        assert (ack.epoch, ack.seq, ack.forked) == (1, 10, True)
    assert await state(db, box) == before
    assert await rows(db, box, STATE) == [("forked",)]
    assert [kind for kind, _, _ in await rows(db, box, ANOMALIES)] == ["chain_forked"]
    fresh = box.journal(epoch=2)
    fresh.say(DoorForced("03"))
    ack = await take(db, keyring, box, fresh.batch())
    assert (ack.epoch, ack.seq, ack.forked) == (2, 1, False)
    assert await rows(db, box, STATE) == [("online",)]
    assert [kind for kind, _, _ in await rows(db, box, ANOMALIES)] == ["chain_forked", "epoch_started"]


async def test_doors_that_are_blocked_and_cleared(db, keyring, box):
    journal = box.journal()
    journal.say(DoorBlocked("01", "jam"))
    journal.say(DoorBlocked("02", "jam"))
    journal.say(DoorCleared(None, "02"))
    await take(db, keyring, box, journal.batch())
    assert await rows(db, box, BLOCKED) == [("01", "jam")]
    journal.say(DoorCleared(None, "01"))
    await take(db, keyring, box, journal.batch(4))
    assert await rows(db, box, BLOCKED) == []


async def test_two_workers_at_one_bank_take_each_fact_once(db, keyring, box):
    journal = a_day(box.journal(), 60)
    spans = [(1, 20), (1, 40), (1, 60), (1, 60)]
    acks = await asyncio.gather(*(take(db, keyring, box, journal.batch(*span)) for span in spans))
    assert {ack.seq for ack in acks} <= {20, 40, 60}
    assert not any(ack.forked or ack.refused for ack in acks)
    assert len((await state(db, box))["events"]) == 60


async def test_personal_fields_travel_beside_and_are_kept_sealed(db, keyring, box):
    from cranny.fleet import beside

    journal = box.journal()
    delivery = UUID(int=5)
    journal.stored("01", 1, delivery)
    tracking = {"tracking": {str(delivery): "JJD 0011 2233"}}
    await take(db, keyring, box, journal.batch(beside=[msgspec.msgpack.encode(tracking)]))
    async with db.transaction(box.tenant) as tx:
        assert await beside(tx, keyring, box.bank, 1, 1) == tracking
        assert await beside(tx, keyring, box.bank, 1, 2) == {}
        kept = await tx.value("SELECT beside FROM facts WHERE tenant = $1 AND seq = 1", box.tenant)
        assert b"JJD" not in kept
        await tx.run("UPDATE facts SET beside = NULL WHERE tenant = $1", box.tenant)
        assert await beside(tx, keyring, box.bank, 1, 1) == {}
