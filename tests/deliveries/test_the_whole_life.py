"""A delivery from its announcement to its end, as people, bank and log see it."""

from datetime import timedelta

import pytest

from cranny.core.errors import Refused
from cranny.wire import codes
from cranny.wire.messages import DeliveryGiven, DeliveryWithdrawn, GrantGiven, GrantRevoked

pytestmark = pytest.mark.engines


async def test_announced_deposited_collected(yard) -> None:
    shown = await yard.announce("JD-01")
    assert (shown.state, shown.door, shown.grants.recall) == ("announced", None, None)
    assert shown.hold_until == yard.clock.now() + timedelta(hours=48)
    await yard.work()
    first, second = await yard.given()
    assert isinstance(first, DeliveryGiven)
    assert (first.delivery, first.collect_grant) == (shown.id, shown.grants.collect)
    assert first.items[0].tracking == yard.digest("jd 01")
    assert isinstance(second, GrantGiven)
    assert second.grant == shown.grants.collect

    yard.clock.pass_by(hours=3)
    generation = yard.box.deposit(shown.id, grant=shown.grants.collect)
    await yard.box.sync()
    stored = await yard.get(shown.id)
    assert (stored.state, stored.door, stored.generation, stored.evidence) == ("stored", "A1", generation, "sensed")
    assert stored.collect_by == yard.clock.now() + timedelta(hours=72)
    assert (await yard.grant(shown.grants.deposit)).state == "used"
    assert (await yard.grant(shown.grants.collect)).state == "active"
    assert await yard.one("SELECT state FROM reservations") == "used"
    assert codes.parse_code((await yard.reveal(shown.grants.collect)).code) is not None

    yard.clock.pass_by(hours=5)
    yard.box.empty(shown.id, grant=shown.grants.collect)
    await yard.box.sync()
    over = await yard.get(shown.id)
    assert (over.state, over.ended_at, over.evidence) == ("collected", yard.clock.now(), "inferred")
    assert (await yard.grant(shown.grants.collect)).state == "used"
    assert await yard.told(shown.id) == ["announced", "stored", "collected"]
    assert await yard.anomalies() == []
    assert await yard.violations() == []
    assert (await yard.announce("JD-01")).id != shown.id  # the number is free again


async def test_two_for_one_collector_behind_one_door(yard) -> None:
    one, two = await yard.announce("JD 1"), await yard.announce("JD 2")
    await yard.work()
    generation = yard.box.deposit(one.id, grant=one.grants.collect)
    yard.box.deposit(two.id, grant=one.grants.collect, generation=generation, superseded=[two.grants.collect])
    await yard.box.sync()
    assert (await yard.get(two.id)).grants.collect == one.grants.collect
    assert (await yard.grant(two.grants.collect)).state == "superseded"
    yard.box.empty(one.id, two.id, grant=one.grants.collect)
    await yard.box.sync()
    assert [await yard.state(one.id), await yard.state(two.id)] == ["collected", "collected"]
    assert await yard.violations() == []


async def test_cancelled_before_the_deposit(yard) -> None:
    shown = await yard.announce()
    await yard.work()
    over = await yard.cancel(shown.id, "wrong size")
    assert (over.state, over.reason, over.ended_at) == ("cancelled", "wrong size", yard.clock.now())
    assert {type(one) for one in (await yard.given())[2:]} == {DeliveryWithdrawn, GrantRevoked}
    assert (await yard.grant(shown.grants.deposit)).state == "revoked"
    assert (await yard.grant(shown.grants.collect)).state == "revoked"
    assert await yard.one("SELECT state FROM reservations") == "released"
    again = await yard.cancel(shown.id)
    assert (again.state, again.reason) == ("cancelled", "wrong size")
    assert await yard.told(shown.id) == ["announced", "cancelled"]
    assert await yard.violations() == []


async def test_cancelled_after_the_deposit_and_taken_back(yard) -> None:
    shown = await yard.announce()
    await yard.work()
    generation = yard.box.deposit(shown.id, grant=shown.grants.collect)
    await yard.box.sync()
    called_off = await yard.cancel(shown.id)
    assert called_off.state == "recalling"
    assert (await yard.grant(shown.grants.collect)).state == "revoked"
    recall = await yard.grant(called_off.grants.recall)
    assert (recall.purpose, recall.state, recall.door, recall.generation) == ("recall", "bound", "A1", generation)
    await yard.work()
    *_, given = await yard.given()
    assert isinstance(given, GrantGiven)
    assert (given.purpose, given.door, given.generation, given.delivery) == ("recall", "A1", generation, shown.id)
    assert (await yard.reveal(recall.id)).code

    yard.box.empty(shown.id, grant=recall.id, purpose="recall")
    await yard.box.sync()
    assert await yard.state(shown.id) == "returned"
    assert (await yard.grant(recall.id)).state == "used"
    assert await yard.told(shown.id) == ["announced", "stored", "recalling", "returned"]
    with pytest.raises(Refused) as refused:
        await yard.cancel(shown.id)
    assert refused.value.code == "delivery-cancel-when-returned"
    assert await yard.anomalies() == []
    assert await yard.violations() == []


async def test_recalling_one_of_two_leaves_the_other_its_collector(yard) -> None:
    one, two = await yard.announce("JD 1"), await yard.announce("JD 2")
    await yard.work()
    generation = yard.box.deposit(one.id, grant=one.grants.collect)
    yard.box.deposit(two.id, grant=one.grants.collect, generation=generation, superseded=[two.grants.collect])
    await yard.box.sync()
    await yard.cancel(one.id)
    await yard.work()
    left = await yard.get(two.id)
    fresh = await yard.grant(left.grants.collect)
    assert (fresh.state, fresh.door, fresh.generation) == ("active", "A1", generation)
    yard.box.empty(one.id, two.id, grant=fresh.id)
    await yard.box.sync()
    assert [await yard.state(one.id), await yard.state(two.id)] == ["collected", "collected"]
    assert await yard.anomalies() == [("collected_after_cancel", f"deliveries/{one.id}")]
    assert await yard.violations() == []


async def test_staff_empty_a_door(yard) -> None:
    shown = await yard.announce()
    await yard.work()
    yard.box.deposit(shown.id, grant=shown.grants.collect)
    yard.box.empty(shown.id, purpose="inspect")
    await yard.box.sync()
    assert await yard.state(shown.id) == "returned"
    assert (await yard.grant(shown.grants.collect)).state == "revoked"
    assert await yard.violations() == []
