"""PostgreSQL and the plain store of the unit tests, fed the same, hold the same: the rules are one, and so is what
becomes of a fact that breaks one."""

from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cranny.fleet.audit import audit
from cranny.fleet.ingest import take_many, take_one
from cranny.fleet.postgres import PostgresStore
from cranny.wire.kinds import DoorBlocked, DoorCleared, DoorForced

FACTS = "SELECT epoch, seq, hash, stored, projected FROM facts WHERE tenant = $1 AND bank = $2"
EVENTS = "SELECT type, subject, data FROM events WHERE tenant = $1 AND subject LIKE $2 ORDER BY seq"
DOORS = """
SELECT label, generation, deliveries, ended IS NULL AS live FROM occupancies WHERE tenant = $1 AND bank = $2
"""
BLOCKED = "SELECT label FROM compartments WHERE tenant = $1 AND bank = $2 AND blocked IS NOT NULL"

DEEDS = st.lists(
    st.tuples(
        st.sampled_from(["stored", "collected", "forced", "blocked", "cleared", "junk", "unknown"]),
        st.sampled_from(["01", "02", "99"]),
        st.integers(0, 3),
    ),
    max_size=20,
)
CUTS = st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), max_size=5)


def write(journal, deeds):
    for deed, door, generation in deeds:
        if deed == "junk":
            journal.facts.append(f"{door}{generation}".encode())
        elif deed == "unknown":
            journal.write("door.painted", {"door": door})
        elif deed == "forced":
            journal.say(DoorForced(door))
        elif deed == "blocked":
            journal.say(DoorBlocked(door, "jam"))
        elif deed == "cleared":
            journal.say(DoorCleared(None, door))
        else:
            getattr(journal, deed)(door, generation, UUID(int=generation + 100))


@pytest.fixture
async def fresh(box_of, new_store):
    """A new bank for each example, and the plain store that it is compared with."""
    numbers = iter(range(1, 1000))

    async def make():
        box = await box_of(next(numbers), doors=2)
        return box, new_store(box.bank, box.identity)

    return make


@given(deeds=DEEDS, cuts=CUTS, merged=st.booleans())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_the_same_facts_lead_to_the_same_rows(db, keyring, fresh, *, deeds, cuts, merged):
    box, model = await fresh()
    journal = box.journal()
    write(journal, deeds)
    for start, end in [*cuts, (0, len(deeds))]:
        low, high = sorted((min(start, len(deeds)), min(end, len(deeds))))
        arrival = box.arrival(journal.batch(low + 1, high))
        expected = await take_one(model, arrival)
        assert await taken(db, keyring, arrival, merged=merged) == expected
    async with db.transaction(box.tenant) as tx:
        facts = await tx.all(FACTS, box.tenant, box.bank)
        doors = await tx.all(DOORS, box.tenant, box.bank)
        events = await tx.all(EVENTS, box.tenant, f"banks/{box.bank}/doors/%")
        blocked = await tx.all(BLOCKED, box.tenant, box.bank)
        assert await audit(tx) == []
    book = model.books[box.bank]
    assert {(f["epoch"], f["seq"]): (f["hash"], f["stored"], f["projected"]) for f in facts} == book.facts
    assert [(e["type"], e["subject"], e["data"]) for e in events if e["type"] != "door.unblocked"] == book.events
    assert {row["label"] for row in blocked} == set(book.blocked)
    live = {door: book.live(door) for door in book.doors if book.live(door)}
    assert {row["label"]: [row["generation"]] for row in doors if row["live"]} == live
    assert len(doors) == sum(len(generations) for generations in book.doors.values())


async def taken(db, keyring, arrival, *, merged):
    """As the worker does: together with others first, and by itself when that can't be."""
    from cranny.fleet.changes import Breach

    if merged:
        try:
            async with db.transaction(arrival.batch.tenant) as tx:
                (ack,) = await take_many(PostgresStore(tx, keyring), [arrival])
                return ack
        except Breach:
            pass
    async with db.transaction(arrival.batch.tenant) as tx:
        return await take_one(PostgresStore(tx, keyring), arrival)


async def test_the_audit_sees_a_cursor_that_is_not_where_the_facts_end(db, keyring, box):
    journal = box.journal()
    write(journal, [("forced", "01", 0)] * 3)
    async with db.transaction(box.tenant) as tx:
        await take_one(PostgresStore(tx, keyring), box.arrival(journal.batch()))
        assert await audit(tx) == []
        await tx.run("UPDATE bank_uplinks SET seq = 2 WHERE tenant = $1", box.tenant)
        await tx.run("UPDATE bank_downlinks SET head = 9 WHERE tenant = $1", box.tenant)
        assert {violation.invariant for violation in await audit(tx)} == {"I4"}
        assert len(await audit(tx)) == 3
