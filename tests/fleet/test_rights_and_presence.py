"""Rights are part of the deed that grants them; a bank that falls silent is told of."""

from datetime import timedelta
from uuid import UUID

import msgspec
import pytest

from cranny import fleet, sites
from cranny.core.errors import NotFound
from cranny.fleet import presence
from cranny.fleet.lifecycle import BankState
from cranny.platform import log
from cranny.platform.reactions import Reaction, advance
from cranny.platform.sequencer import sequence
from cranny.wire import subjects
from cranny.wire.messages import Beat, GrantRevoked, Policy

TOLD = "SELECT type, data FROM events WHERE tenant = $1 AND subject = $2 ORDER BY seq"


def beat(ids, **odd):
    plain = {"epoch": 1, "head": 0, "acked": 0, "applied": 2, "version": "1.0", "free": 12, "clock_quality": "good"}
    return Beat(boot=ids.new(), token=bytes(16), wall_ms=0, **{**plain, **odd})


async def told(db, box):
    async with db.transaction(box.tenant) as tx:
        return [row["type"] for row in await tx.all(TOLD, box.tenant, f"banks/{box.bank}")]


async def test_a_right_is_given_with_the_deed_or_not_at_all(db, box):
    async def deed_that_fails():
        async with db.transaction(box.tenant) as tx:
            assert await fleet.append(tx, box.bank, [GrantRevoked(UUID(int=1))]) == 3
            raise RuntimeError("the deed failed")

    with pytest.raises(RuntimeError):
        await deed_that_fails()
    async with db.transaction(box.tenant) as tx:
        last = await fleet.append(tx, box.bank, [GrantRevoked(UUID(int=1)), GrantRevoked(UUID(int=2))])
        assert last == 4
        assert subjects.poke(box.tenant, box.bank) in tx.pokes
        entries, head = await fleet.pending(tx, box.bank, 2)
    assert head == 4
    assert [(entry.seq, entry.given) for entry in entries] == [
        (3, GrantRevoked(UUID(int=1))),
        (4, GrantRevoked(UUID(int=2))),
    ]


async def test_an_answer_is_no_bigger_than_the_broker_carries(db, box, monkeypatch):
    monkeypatch.setattr("cranny.fleet.downlink.MOST_BYTES", 100)
    async with db.transaction(box.tenant) as tx:
        entries, head = await fleet.pending(tx, box.bank, 0)
        assert ([entry.seq for entry in entries], head) == ([1], 2)
        with pytest.raises(NotFound):
            await fleet.append(tx, UUID(int=404), [GrantRevoked(UUID(int=1))])
        with pytest.raises(NotFound):
            await fleet.pending(tx, UUID(int=404), 0)


async def follow(db, box, name):
    reaction = next(one for one in fleet.FEATURE.reactions(None) if one.name == name)
    assert isinstance(reaction, Reaction)
    await sequence(db, box.tenant)
    while await advance(db, reaction, box.tenant) is not None:
        pass


async def test_a_new_name_goes_down_to_the_bank(db, box):
    async with db.transaction(box.tenant) as tx:
        before = await sites.as_layout(tx, box.bank)
        for name in ("North", "North", "South"):
            await sites.change_bank(tx, box.bank, sites.BankChange(name), by="keys/1")
    await follow(db, box, "fleet.layout")
    async with db.transaction(box.tenant) as tx:
        entries, _ = await fleet.pending(tx, box.bank, 2)
    assert [entry.given for entry in entries] == [msgspec.structs.replace(before, name="South")] * 2


async def test_a_new_policy_goes_down_to_the_bank(db, box):
    async with db.transaction(box.tenant) as tx:
        await sites.set_policy(tx, box.bank, sites.BankPolicy(unknown_tracking="accept"))
    await follow(db, box, "fleet.policy")
    async with db.transaction(box.tenant) as tx:
        entries, _ = await fleet.pending(tx, box.bank, 2)
        assert await log.head(tx) > 0
    assert [entry.given for entry in entries] == [Policy(unknown_tracking="accept")]


async def test_a_bank_comes_and_goes(db, box):
    now = db.clock.now()
    async with db.transaction(box.tenant) as tx:
        assert (await fleet.status(tx, box.bank)).state is BankState.OFFLINE
        await presence.note_beats(
            tx, {box.bank: (beat(db.ids, head=9), now, box.identity), UUID(int=404): (beat(db.ids), now, box.identity)}
        )
        await presence.note_beats(tx, {box.bank: (beat(db.ids, head=9), now, box.identity)})
        known = await fleet.status(tx, box.bank)
    assert (known.state, known.last_beat, known.free, known.waiting) == (BankState.ONLINE, now, 12, 9)
    assert await presence.sweep(db, box.tenant) == 0
    async with db.transaction(box.tenant) as tx:
        await presence.note_beats(tx, {box.bank: (beat(db.ids), now - timedelta(seconds=91), box.identity)})
    assert await presence.sweep(db, box.tenant) == 1
    assert await presence.sweep(db, box.tenant) == 0
    assert await told(db, box) == ["bank.added", "bank.enrolled", "bank.online", "bank.offline"]


async def test_a_bank_nobody_speaks_for_is_known_too(db, tenant):
    async with db.transaction(tenant) as tx:
        bank = await sites.add_bank(tx, sites.shipped_bank("corner-20"))
        assert await fleet.status(tx, bank.id) == fleet.BankStatus(bank.id, BankState.UNENROLLED)
        with pytest.raises(NotFound):
            await fleet.status(tx, UUID(int=404))


async def test_a_difference_is_listed_once_until_it_is_settled(db, box):
    from cranny.fleet import anomalies

    async with db.transaction(box.tenant) as tx:
        for _ in range(3):
            await fleet.raise_anomaly(tx, box.bank, "deposited_after_cancel", "deliveries/1", {"door": "07"})
        (found,) = await anomalies.list_anomalies(tx, limit=10)
        assert (found.kind, found.times, found.detail) == ("deposited_after_cancel", 3, {"door": "07"})
        settled = await anomalies.settle(tx, found.id, "looked inside", who="keys/1")
        assert (settled.state, settled.note) == ("settled", "looked inside")
        assert (await anomalies.settle(tx, found.id, "again", who="keys/2")).note == "looked inside"
        await fleet.raise_anomaly(tx, box.bank, "deposited_after_cancel", "deliveries/1", {"door": "07"})
        assert [row.state for row in await anomalies.list_anomalies(tx, limit=10)] == ["settled", "open"]
        assert len(await anomalies.list_anomalies(tx, limit=10, state="open", bank=box.bank)) == 1
        types = [row["type"] for row in await tx.all(TOLD, box.tenant, f"anomalies/{found.id}")]
    assert types == ["anomaly.found", "anomaly.settled"]
    assert msgspec.json.encode(settled)
