"""The conflict table, row by row: what the bank did while it was cut off, what the server was told meanwhile, and what
comes of it. `docs/conflicts.md` is the table; a test holds it to these names."""

import pytest

from cranny import people, sites
from cranny.core.errors import Conflict, Refused
from cranny.usecases import deliveries
from cranny.wire.kinds import DepositNoRoom, DoorBlocked, DoorForced, DoorOpened, GrantRefused, OpeningIntended
from cranny.wire.messages import DeliveryGiven, DeliveryWithdrawn, GrantRevoked

pytestmark = pytest.mark.engines
BOB = {"name": "Bob", "email": "bob@example.org", "language": "en"}


async def stored(yard, tracking: str = "JD 01", door: str = "A1"):
    """A delivery that lies in `door`, its code known to the bank."""
    shown = await yard.announce(tracking)
    await yard.work()
    yard.box.deposit(shown.id, grant=shown.grants.collect, door=door)
    await yard.box.sync()
    return await yard.get(shown.id)


# ---------------------------------------------------------------- deposit


async def test_deposit_x_nothing(yard) -> None:
    shown = await stored(yard)
    assert (shown.state, shown.door) == ("stored", "A1")
    assert (await yard.grant(shown.grants.collect)).state == "active"
    assert await yard.one("SELECT count(*) FROM notices WHERE kind = 'ready_to_collect'") == 1
    assert await yard.anomalies() == []


async def test_deposit_x_cancelled(yard) -> None:
    shown = await yard.announce()
    await yard.work()
    yard.box.deposit(shown.id, grant=shown.grants.collect)
    await yard.cancel(shown.id)
    await yard.box.sync()
    late = await yard.get(shown.id)
    assert (late.state, (await yard.grant(shown.grants.collect)).state) == ("recalling", "revoked")
    assert (await yard.grant(late.grants.recall)).purpose == "recall"
    assert await yard.anomalies() == [("deposited_after_cancel", f"deliveries/{shown.id}")]
    assert await yard.one("SELECT count(*) FROM notices") == 0


async def test_deposit_x_rerouted(yard) -> None:
    shown = await yard.announce()
    await yard.work()
    yard.box.deposit(shown.id, grant=shown.grants.collect)  # offline
    there = await yard.reroute(shown.id, yard.other.bank)
    assert (there.state, there.bank) == ("announced", yard.other.bank)
    assert isinstance((await yard.given(yard.other))[0], DeliveryGiven)
    await yard.box.sync()
    here = await yard.get(shown.id)
    assert (here.state, here.bank, here.door) == ("stored", yard.box.bank, "A1")
    assert await yard.anomalies() == [("deposited_elsewhere", f"deliveries/{shown.id}")]
    assert [row["state"] for row in await yard.rows("SELECT state FROM reservations")] == ["released", "released"]
    assert isinstance((await yard.given(yard.other))[-1], DeliveryWithdrawn)

    await yard.work()  # the recipient is told where it really is, with a code that the bank takes
    assert (await yard.grant(here.grants.collect)).state == "active"
    assert await yard.one("SELECT count(*) FROM notices WHERE kind = 'ready_to_collect'") == 1
    yard.box.empty(shown.id, grant=here.grants.collect)
    await yard.box.sync()
    assert await yard.state(shown.id) == "collected"
    assert await yard.violations() == []


async def test_deposit_x_rerouted_and_brought_to_both_banks(yard) -> None:
    shown = await yard.announce()
    await yard.work()
    yard.box.deposit(shown.id, grant=shown.grants.collect)  # offline
    there = await yard.reroute(shown.id, yard.other.bank)
    await yard.work()
    yard.other.deposit(shown.id, grant=there.grants.collect)
    await yard.other.sync()
    await yard.box.sync()
    assert (await yard.get(shown.id)).bank == yard.other.bank
    assert ("duplicate_identity", f"deliveries/{shown.id}") in await yard.anomalies()


async def test_deposit_x_rerouted_fetched_there_and_to_come_here_again(yard) -> None:
    shown = await yard.announce()
    there = await yard.reroute(shown.id, yard.other.bank)
    yard.other.deposit(shown.id, grant=there.grants.collect)
    await yard.other.sync()
    leaving = await yard.reroute(shown.id, yard.box.bank)
    yard.other.empty(shown.id, grant=leaving.grants.recall, purpose="recall")
    await yard.other.sync()
    yard.box.deposit(shown.id, grant=shown.grants.collect)  # offline since it was announced: it knows no other name
    await yard.box.sync()
    async with yard.db.transaction(yard.tenant) as tx:
        (on, before) = await deliveries.newest(tx, limit=5, tracking="JD 01")
    assert [(row.state, row.bank) for row in (on, before)] == [("stored", yard.box.bank), ("returned", yard.other.bank)]
    await yard.work()
    assert (await yard.grant(on.grants.collect)).state == "active"
    yard.box.empty(shown.id, grant=on.grants.collect)
    await yard.box.sync()
    assert (await yard.state(on.id), await yard.anomalies()) == ("collected", [])
    assert await yard.violations() == []


async def test_deposit_x_stored_at_another_bank_already(yard) -> None:
    await stored(yard, "JD 5")
    second = yard.other.found("JD 5", door="A2")
    await yard.other.sync()
    other = await yard.get(second)
    assert (other.state, other.bank, other.recipient, other.grants.collect) == ("stored", yard.other.bank, None, None)
    assert {kind for kind, _ in await yard.anomalies()} == {"duplicate_identity", "unidentified"}


async def test_deposit_x_its_place_was_promised_to_another(yard) -> None:
    """Six doors. An unknown parcel goes into one while the sixth is promised to Q."""
    for n in range(5):
        await yard.announce(f"JD {n}", recipient={"email": f"{n}@example.org"})
    id_ = yard.box.found("ZX 1")  # offline
    yard.clock.pass_by(minutes=1)
    q = await yard.announce("JD 5", recipient=BOB)
    await yard.box.sync()
    assert await yard.state(id_) == "stored"
    assert await yard.state(q.id) == "announced"
    assert ("over_promised", f"deliveries/{q.id}") in await yard.anomalies()
    assert [row["state"] for row in await yard.rows("SELECT state FROM reservations ORDER BY id")].count("held") == 5
    assert await yard.told(q.id) == ["announced", "no_room"]
    assert (await yard.reroute(q.id, yard.other.bank)).state == "announced"
    assert await yard.violations() == []


async def test_deposit_x_no_door_is_left(yard) -> None:
    shown = await yard.announce()
    yard.box.write(DepositNoRoom(shown.id, 0))
    await yard.box.sync()
    assert await yard.anomalies() == [("no_room", f"deliveries/{shown.id}")]
    assert await yard.told(shown.id) == ["announced", "no_room"]
    assert await yard.one("SELECT state FROM reservations") == "rejected"
    yard.box.deposit(shown.id, grant=shown.grants.collect)  # a door became free, and the courier came back
    await yard.box.sync()
    assert await yard.state(shown.id) == "stored"
    assert await yard.violations() == []


async def test_deposit_x_unknown_parcel(yard) -> None:
    id_ = yard.box.found("ZX 1")
    await yard.box.sync()
    assert await yard.told(id_) == ["announced", "stored", "unidentified"]
    assert ((await yard.get(id_)).recipient, await yard.anomalies()) == (None, [("unidentified", f"deliveries/{id_}")])


async def test_deposit_x_recipient_changed(yard) -> None:
    shown = await yard.announce()
    await yard.work()
    yard.box.deposit(shown.id, grant=shown.grants.collect)  # offline
    await yard.readdress(shown.id, BOB)
    await yard.box.sync()
    await yard.work()
    here = await yard.get(shown.id)
    assert (here.state, here.recipient != shown.recipient) == ("stored", True)
    opens = await yard.grant(here.grants.collect)
    assert (opens.state, opens.door, opens.generation) == ("active", "A1", 1)
    assert (await yard.grant(shown.grants.collect)).state == "revoked"
    assert GrantRevoked(shown.grants.collect) in await yard.given()
    told = await yard.rows("SELECT person, kind FROM notices WHERE state <> 'withdrawn'")
    assert [(row["person"], row["kind"]) for row in told] == [(here.recipient, "ready_to_collect")]
    assert await yard.anomalies() == []
    assert await yard.violations() == []


async def test_deposit_and_pickup_x_recipient_changed(yard) -> None:
    shown = await yard.announce()
    await yard.work()
    yard.box.deposit(shown.id, grant=shown.grants.collect)
    yard.box.empty(shown.id, grant=shown.grants.collect)
    await yard.readdress(shown.id, BOB)
    await yard.box.sync()
    assert await yard.state(shown.id) == "collected"
    assert await yard.anomalies() == [("collected_after_revoke", f"deliveries/{shown.id}")]
    assert await yard.violations() == []


# ---------------------------------------------------------------- pickup


async def test_pickup_x_nothing(yard) -> None:
    shown = await stored(yard)
    yard.box.empty(shown.id, grant=shown.grants.collect)
    await yard.box.sync()
    assert await yard.state(shown.id) == "collected"
    assert await yard.anomalies() == []


async def test_pickup_x_cancelled(yard) -> None:
    shown = await stored(yard)
    yard.clock.pass_by(minutes=5)
    await yard.cancel(shown.id)
    yard.clock.pass_by(minutes=3)
    yard.box.empty(shown.id, grant=shown.grants.collect)  # it has not heard of it
    await yard.box.sync()
    assert await yard.state(shown.id) == "collected"
    assert await yard.anomalies() == [("collected_after_cancel", f"deliveries/{shown.id}")]
    detail = (await yard.rows("SELECT detail FROM anomalies"))[0]["detail"]
    assert detail["exposed_s"] == 180
    assert await yard.one("SELECT count(*) FROM events WHERE type = 'grant.used_after_end'") == 1


async def test_pickup_x_recipient_changed(yard) -> None:
    shown = await stored(yard)
    await yard.readdress(shown.id, BOB)
    yard.box.empty(shown.id, grant=shown.grants.collect)
    await yard.box.sync()
    assert await yard.state(shown.id) == "collected"
    assert await yard.anomalies() == [("collected_after_revoke", f"deliveries/{shown.id}")]
    assert await yard.violations() == []


async def test_pickup_x_recipient_erased(yard) -> None:
    shown = await stored(yard)
    async with yard.db.transaction(yard.tenant) as tx:
        await people.let_go(tx, [shown.recipient])
    yard.box.empty(shown.id, grant=shown.grants.collect)
    await yard.box.sync()
    assert await yard.state(shown.id) == "collected"
    assert await yard.parked() == 0
    assert await yard.violations() == []
    assert await yard.chain() == []


async def test_pickup_x_expired(yard) -> None:
    shown = await stored(yard)
    yard.clock.pass_by(days=30)
    await yard.sweep()
    assert await yard.state(shown.id) == "overdue"
    recalled = await yard.cancel(shown.id)
    yard.box.empty(shown.id, grant=shown.grants.collect)
    await yard.box.sync()
    assert await yard.state(shown.id) == "collected"
    assert (await yard.grant(recalled.grants.recall)).state == "revoked"


async def test_pickup_x_recalled_at_the_same_bank(yard) -> None:
    """The bank serialises: the first intent wins, the second finds nothing. (At the bank:
    `tests/unit/edge/test_collects.py`.)"""
    shown = await stored(yard)
    recalled = await yard.cancel(shown.id)
    await yard.work()
    yard.box.empty(shown.id, grant=recalled.grants.recall, purpose="recall")
    yard.box.empty(shown.id, grant=shown.grants.collect)
    await yard.box.sync()
    assert await yard.told(shown.id) == ["announced", "stored", "recalling", "returned"]
    assert await yard.violations() == []


async def test_pickup_x_rerouted_while_stored(yard) -> None:
    shown = await stored(yard)
    await yard.reroute(shown.id, yard.other.bank)
    yard.box.empty(shown.id, grant=shown.grants.collect)
    await yard.box.sync()
    assert await yard.state(shown.id) == "collected"
    assert await yard.anomalies() == [("collected_after_reroute", f"deliveries/{shown.id}")]
    assert await yard.given(yard.other) == []
    assert await yard.violations() == []


async def test_recall_x_rerouted_while_stored(yard) -> None:
    """Nobody picked it up: it is fetched, and goes on at the other bank."""
    shown = await stored(yard)
    yard.clock.pass_by(minutes=1)
    leaving = await yard.reroute(shown.id, yard.other.bank)
    assert (leaving.state, leaving.reroute_to) == ("recalling", yard.other.bank)
    await yard.work()
    yard.box.empty(shown.id, grant=leaving.grants.recall, purpose="recall")
    await yard.box.sync()
    assert await yard.told(shown.id) == ["announced", "stored", "rerouting", "returned", "goes_on"]
    async with yard.db.transaction(yard.tenant) as tx:
        (on, _) = await deliveries.newest(tx, limit=5, tracking="JD 01")
    assert (on.state, on.bank, on.recipient, on.reference) == ("announced", yard.other.bank, shown.recipient, "")
    assert isinstance((await yard.given(yard.other))[0], DeliveryGiven)
    assert await yard.violations() == []


async def test_recall_x_rerouted_to_a_bank_that_is_full(yard) -> None:
    shown = await stored(yard)
    leaving = await yard.reroute(shown.id, yard.other.bank)
    for n in range(6):
        await yard.announce(f"FULL {n}", bank=yard.other.bank)
    yard.box.empty(shown.id, grant=leaving.grants.recall, purpose="recall")
    await yard.box.sync()
    assert await yard.state(shown.id) == "returned"
    assert await yard.anomalies() == [("reroute_failed", f"deliveries/{shown.id}")]


# ---------------------------------------------------------------- doors, codes, logs


async def test_local_open_x_out_of_service(yard) -> None:
    async with yard.db.transaction(yard.tenant) as tx:
        await sites.block(tx, yard.box.bank, "A1", "out-of-service")
    opening = yard.db.ids.new()
    yard.box.write(OpeningIntended(opening, "A1", 0, "inspect", None, "token", token_id=yard.db.ids.new()))
    yard.box.write(DoorOpened(opening, "A1", 0))
    await yard.box.sync()
    assert await yard.one("SELECT count(*) FROM events WHERE type = 'opening.intended'") == 1
    assert await yard.anomalies() == [("opened_locally", f"banks/{yard.box.bank}/doors/A1")]


async def test_forced_x_anything(yard) -> None:
    yard.box.write(DoorForced("A1"))
    yard.box.write(DoorBlocked("A1", "forced"))
    await yard.box.sync()
    async with yard.db.transaction(yard.tenant) as tx:
        (door,) = [one for one in await sites.list_doors(tx, yard.box.bank) if one.label == "A1"]
    assert door.blocked == "forced"


async def test_used_twice_x_anything(yard) -> None:
    shown = await stored(yard)
    yard.box.empty(shown.id, grant=shown.grants.collect)
    yard.box.empty(shown.id, grant=shown.grants.collect)  # opened once more in the grace time
    await yard.box.sync()
    assert await yard.told(shown.id) == ["announced", "stored", "collected"]
    assert await yard.anomalies() == []


async def test_what_makes_no_sense_is_refused(yard) -> None:
    shown = await stored(yard)
    with pytest.raises(Conflict) as same:
        await yard.reroute(shown.id, yard.box.bank)
    assert same.value.code == "same-bank"
    before = await yard.get(shown.id)
    await yard.readdress(shown.id, {"email": "ada@example.org"})  # the same person
    assert await yard.get(shown.id) == before
    yard.box.empty(shown.id, grant=shown.grants.collect)
    await yard.box.sync()
    for deed in (yard.readdress(shown.id, BOB), yard.reroute(shown.id, yard.other.bank)):
        with pytest.raises(Refused):
            await deed
    assert await yard.state(shown.id) == "collected"


async def test_there_and_back_again(yard) -> None:
    shown = await yard.announce()
    await yard.reroute(shown.id, yard.other.bank)
    back = await yard.reroute(shown.id, yard.box.bank)
    await yard.work()
    yard.box.deposit(shown.id, grant=back.grants.collect)
    await yard.box.sync()
    assert (await yard.get(shown.id)).state == "stored"
    assert await yard.anomalies() == []
    assert await yard.violations() == []


async def test_a_refused_grant_x_restored_before_the_deposit(yard) -> None:
    shown = await yard.announce()
    await yard.work()
    yard.box.write(GrantRefused(shown.grants.collect, "locator"))
    await yard.box.sync()
    anew = await yard.get(shown.id)
    assert anew.grants.collect != shown.grants.collect
    assert (await yard.grant(shown.grants.collect)).state == "revoked"
    given = [one for one in await yard.given() if isinstance(one, DeliveryGiven)]
    assert [one.collect_grant for one in given] == [shown.grants.collect, anew.grants.collect]
    assert (given[1].deposit_grant, given[1].items) == (given[0].deposit_grant, given[0].items)
    await yard.work()
    yard.box.deposit(shown.id, grant=anew.grants.collect)
    yard.box.write(GrantRefused(shown.grants.collect, "locator"))  # told twice
    await yard.box.sync()
    assert (await yard.get(shown.id)).grants.collect == anew.grants.collect
    assert (await yard.grant(anew.grants.collect)).state == "active"
    assert await yard.anomalies() == []


async def test_a_refused_grant_x_restored_behind_the_deposit(yard) -> None:
    """It lies inside with another one of the same person: one new grant is for both."""
    first = await stored(yard, "JD 01")
    second = await yard.announce("JD 02")
    await yard.work()
    yard.box.deposit(second.id, grant=first.grants.collect, generation=1, superseded=[second.grants.collect])
    yard.box.write(GrantRefused(first.grants.collect, "ended"))
    await yard.box.sync()
    await yard.work()
    one, two = await yard.get(first.id), await yard.get(second.id)
    assert one.grants.collect == two.grants.collect != first.grants.collect
    grant = await yard.grant(one.grants.collect)
    assert (grant.state, grant.door, grant.generation) == ("active", "A1", 1)
    assert await yard.anomalies() == []


async def test_a_refused_grant_x_restored_while_it_was_recalled(yard) -> None:
    shown = await stored(yard)
    await yard.cancel(shown.id)
    await yard.work()
    recalling = await yard.get(shown.id)
    yard.box.write(GrantRefused(recalling.grants.recall, "locator"))
    await yard.box.sync()
    await yard.work()
    anew = await yard.grant((await yard.get(shown.id)).grants.recall)
    assert (anew.purpose, anew.state, anew.door) == ("recall", "active", "A1")
    assert (await yard.grant(recalling.grants.recall)).state == "revoked"
