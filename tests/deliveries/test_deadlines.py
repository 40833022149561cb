"""Deadlines by a clock that is put forward, and the races they lose."""

from datetime import timedelta

import pytest

from cranny.core.errors import NotFound, Refused
from cranny.usecases import deliveries

pytestmark = pytest.mark.engines


async def extend(yard, id_, hours: int) -> None:
    async with yard.db.transaction(yard.tenant) as tx:
        await deliveries.extend(tx, id_, hours)
    await yard.follow()


async def test_not_brought_in_time_and_brought_late(yard) -> None:
    shown = await yard.announce()
    await yard.work()
    yard.clock.pass_by(hours=47, minutes=59)
    assert await yard.sweep() == 0
    yard.clock.pass_by(minutes=1)
    assert await yard.sweep() == 1
    assert await yard.state(shown.id) == "lapsed"
    yard.box.deposit(shown.id, grant=shown.grants.collect)
    await yard.box.sync()
    assert await yard.told(shown.id) == ["announced", "lapsed", "stored"]
    assert await yard.violations() == []


async def test_never_brought_is_given_up_and_all_it_held_is_free(yard) -> None:
    shown = await yard.announce("JD 1", hold_hours=1)
    await yard.work()
    yard.clock.pass_by(hours=1)
    await yard.sweep()
    with pytest.raises(Refused, match="lapsed"):
        await yard.announce("JD 1")
    yard.clock.pass_by(days=7)
    assert await yard.sweep() == 1
    over = await yard.get(shown.id)
    assert (over.state, over.reason) == ("cancelled", "never deposited")
    assert (await yard.grant(shown.grants.collect)).state == "revoked"
    assert await yard.one("SELECT count(*) FROM locators WHERE grant_id IS NOT NULL") == 0
    assert await yard.told(shown.id) == ["announced", "lapsed", "cancelled"]
    await yard.announce("JD 1")
    assert await yard.violations() == []


async def test_not_collected_in_time_extended_and_collected(yard) -> None:
    shown = await yard.announce(collect_within_hours=24)
    await yard.work()
    yard.box.deposit(shown.id, grant=shown.grants.collect)
    await yard.box.sync()
    yard.clock.pass_by(hours=24)
    await yard.sweep()
    await yard.sweep()
    assert await yard.state(shown.id) == "overdue"
    assert (await yard.grant(shown.grants.collect)).state == "active"
    await extend(yard, shown.id, 12)
    again = await yard.get(shown.id)
    assert (again.state, again.collect_by) == ("stored", yard.clock.now() + timedelta(hours=12))
    await extend(yard, shown.id, 12)
    assert (await yard.get(shown.id)).collect_by == yard.clock.now() + timedelta(hours=24)
    yard.clock.pass_by(hours=25)
    await yard.sweep()
    yard.box.empty(shown.id, grant=shown.grants.collect)
    await yard.box.sync()
    told = ["announced", "stored", "overdue", "extended", "extended", "overdue", "collected"]
    assert await yard.told(shown.id) == told
    with pytest.raises(Refused) as refused:
        await extend(yard, shown.id, 1)
    assert refused.value.code == "delivery-extend-when-collected"
    with pytest.raises(NotFound):
        await extend(yard, yard.db.ids.new(), 1)
    assert await yard.violations() == []


async def test_the_time_to_collect_begins_when_the_server_knows(yard) -> None:
    shown = await yard.announce(collect_within_hours=24)
    yard.box.deposit(shown.id, grant=shown.grants.collect)
    stored_at = yard.clock.now()
    yard.clock.pass_by(hours=30)  # offline
    await yard.box.sync()
    stored = await yard.get(shown.id)
    assert (stored.stored_at, stored.collect_by) == (stored_at, yard.clock.now() + timedelta(hours=24))
    assert await yard.sweep() == 0


async def test_a_sweep_passes_over_what_somebody_else_holds(yard) -> None:
    shown = await yard.announce(hold_hours=1)
    yard.clock.pass_by(hours=1)
    async with yard.db.transaction(yard.tenant) as tx:
        await deliveries.cancel(tx, yard.keyring, shown.id, reason="")
        assert await deliveries.lapse(yard.db, yard.tenant) == 0
    assert await deliveries.lapse(yard.db, yard.tenant) == 0
    assert await yard.state(shown.id) == "cancelled"


async def test_hours_come_from_the_request_then_the_kind_then_the_bank(yard) -> None:
    async with yard.client() as client:
        put = await client.put("/v1/delivery-kinds/mail", json={"title": "Internal mail", "collect_hours": 240})
    assert put.status_code == 200
    cases = [("A1", "parcel", None, 72), ("A2", "mail", None, 240), ("A3", "mail", 5, 5)]
    for door, kind, asked, hours in cases:
        shown = await yard.announce(f"{kind} {asked}", kind=kind, collect_within_hours=asked)
        yard.box.deposit(shown.id, grant=shown.grants.collect, door=door)
        await yard.box.sync()
        stored = await yard.get(shown.id)
        assert (stored.kind, stored.collect_by) == (kind, yard.clock.now() + timedelta(hours=hours))
