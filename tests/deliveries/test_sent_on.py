"""What was sent on, stored and fetched elsewhere, and lies at a bank that knows it by its earlier name."""

import pytest

from cranny.usecases import deliveries

pytestmark = pytest.mark.engines
BOB = {"name": "Bob", "email": "bob@example.org", "language": "en"}


async def through(yard, here, there):
    """Announced `here`, sent on to `there` and stored; not yet fetched to come back. (as announced, as it leaves)."""
    shown = await yard.announce(bank=here.bank)
    going = await yard.reroute(shown.id, there.bank)
    there.deposit(shown.id, grant=going.grants.collect)
    await there.sync()
    return shown, await yard.reroute(shown.id, here.bank)


async def newest(yard):
    async with yard.db.transaction(yard.tenant) as tx:
        return (await deliveries.newest(tx, limit=1, tracking="JD 01"))[0]


async def fetched(there, leaving) -> None:
    there.empty(leaving.id, grant=leaving.grants.recall, purpose="recall")
    await there.sync()


async def test_the_bank_where_it_lies_tells_first(yard) -> None:
    shown, leaving = await through(yard, yard.box, yard.other)
    yard.other.empty(leaving.id, grant=leaving.grants.recall, purpose="recall")  # offline
    yard.box.deposit(shown.id, grant=shown.grants.collect)
    await yard.box.sync()
    assert ("duplicate_identity", f"deliveries/{shown.id}") in await yard.anomalies()
    await yard.other.sync()
    on = await newest(yard)
    assert (on.id != shown.id, on.state, on.bank, on.door) == (True, "stored", yard.box.bank, "A1")
    await yard.work()
    assert (await yard.grant(on.grants.collect)).state == "active"
    yard.box.empty(shown.id, grant=on.grants.collect)
    await yard.box.sync()
    assert await yard.state(on.id) == "collected"
    assert (await yard.parked(), await yard.violations()) == (0, [])


async def test_two_banks_know_two_deliveries_by_one_name(yard) -> None:
    third = await yard.add_box(90, doors=6)
    shown = await yard.announce()
    await yard.reroute(shown.id, third.bank)
    going = await yard.reroute(shown.id, yard.other.bank)
    yard.other.deposit(shown.id, grant=going.grants.collect)
    await yard.other.sync()
    await fetched(yard.other, await yard.reroute(shown.id, yard.box.bank))
    yard.box.deposit(shown.id)
    await yard.box.sync()
    on = await newest(yard)
    leaving = await yard.reroute(on.id, third.bank)
    yard.box.empty(shown.id, grant=leaving.grants.recall, purpose="recall")
    await yard.box.sync()
    third.deposit(shown.id)
    await third.sync()
    last = await newest(yard)
    assert (last.state, last.bank, await yard.state(on.id)) == ("stored", third.bank, "returned")
    assert (await yard.parked(), await yard.violations()) == (0, [])


async def test_a_bank_that_was_left_because_it_came_elsewhere_still_knows_it(yard) -> None:
    shown = await yard.announce()
    there = await yard.reroute(shown.id, yard.other.bank)  # hears of it, and then of nothing any more
    yard.box.deposit(shown.id, grant=shown.grants.collect)
    await yard.box.sync()
    await fetched(yard.box, await yard.reroute(shown.id, yard.other.bank))
    yard.other.deposit(shown.id, grant=there.grants.collect)
    await yard.other.sync()
    on = await newest(yard)
    assert (on.state, on.bank) == ("stored", yard.other.bank)
    assert (await yard.parked(), await yard.violations()) == (0, [])


async def test_what_lies_with_somebody_else_s_is_nobody_s_until_somebody_has_looked(yard) -> None:
    shown, leaving = await through(yard, yard.box, yard.other)
    hers = await yard.announce("JD 02")
    await fetched(yard.other, leaving)
    on = await newest(yard)
    await yard.readdress(on.id, BOB)
    yard.box.deposit(shown.id, hers.id, grant=hers.grants.collect)
    await yard.box.sync()
    assert (await yard.state(hers.id), await yard.state(on.id)) == ("stored", "announced")
    assert ("duplicate_identity", f"deliveries/{shown.id}") in await yard.anomalies()


async def test_what_was_put_in_before_the_other_was_fetched_is_listed(yard) -> None:
    shown, leaving = await through(yard, yard.box, yard.other)
    yard.box.deposit(shown.id, grant=shown.grants.collect)
    yard.clock.pass_by(minutes=10)
    await fetched(yard.other, leaving)
    await yard.box.sync()
    assert (await newest(yard)).state == "stored"
    assert await yard.anomalies() == [("duplicate_identity", f"deliveries/{shown.id}")]
