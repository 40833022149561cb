"""What banks did while the server thought otherwise. Facts stand; what does not fit is listed."""

import pytest

from cranny.core.errors import Refused
from cranny.wire.messages import DeliveryWithdrawn, GrantGiven, GrantRevoked

pytestmark = pytest.mark.engines


async def test_deposited_after_the_cancellation(yard) -> None:
    shown = await yard.announce()
    await yard.work()
    generation = yard.box.deposit(shown.id, grant=shown.grants.collect)  # offline
    await yard.cancel(shown.id)
    await yard.box.sync()
    late = await yard.get(shown.id)
    assert (late.state, late.door, late.ended_at) == ("recalling", "A1", None)
    assert (await yard.grant(shown.grants.collect)).state == "revoked"
    recall = await yard.grant(late.grants.recall)
    assert (recall.purpose, recall.door, recall.generation) == ("recall", "A1", generation)
    assert await yard.anomalies() == [("deposited_after_cancel", f"deliveries/{shown.id}")]
    assert await yard.told(shown.id) == ["announced", "cancelled", "recalling"]

    await yard.work()
    yard.box.empty(shown.id, grant=recall.id, purpose="recall")
    await yard.box.sync()
    assert await yard.state(shown.id) == "returned"
    assert await yard.violations() == []


async def test_collected_after_the_cancellation(yard) -> None:
    shown = await yard.announce()
    await yard.work()
    yard.box.deposit(shown.id, grant=shown.grants.collect)
    await yard.box.sync()
    yard.box.empty(shown.id, grant=shown.grants.collect)  # offline
    recalling = await yard.cancel(shown.id)
    await yard.box.sync()
    assert await yard.state(shown.id) == "collected"
    assert (await yard.grant(recalling.grants.recall)).state == "revoked"
    assert await yard.anomalies() == [("collected_after_cancel", f"deliveries/{shown.id}")]
    assert await yard.violations() == []


async def test_deposited_and_collected_while_offline_and_cancelled_meanwhile(yard) -> None:
    shown = await yard.announce()
    await yard.work()
    yard.box.deposit(shown.id, grant=shown.grants.collect)
    yard.box.empty(shown.id, grant=shown.grants.collect)
    await yard.cancel(shown.id)
    await yard.box.sync()
    over = await yard.get(shown.id)
    assert over.state == "collected"
    assert (await yard.grant(over.grants.recall)).state == "revoked"
    assert {kind for kind, _ in await yard.anomalies()} == {"deposited_after_cancel", "collected_after_cancel"}
    assert await yard.violations() == []


async def test_collected_though_the_deposit_was_never_told(yard) -> None:
    shown = await yard.announce()
    await yard.work()
    yard.box.generations["A1"] = 4
    yard.box.empty(shown.id, grant=shown.grants.collect)
    await yard.box.sync()
    over = await yard.get(shown.id)
    assert (over.state, over.door, over.generation) == ("collected", "A1", 4)
    assert (await yard.grant(shown.grants.deposit)).state == "revoked"
    assert (await yard.grant(shown.grants.collect)).state == "used"
    assert ("deposit_not_told", f"deliveries/{shown.id}") in await yard.anomalies()
    assert await yard.violations() == []


async def test_told_twice_changes_nothing(yard) -> None:
    shown = await yard.announce()
    await yard.work()
    for _ in range(2):
        yard.box.deposit(shown.id, grant=shown.grants.collect, generation=1)
    await yard.box.sync()
    before = await yard.get(shown.id)
    for _ in range(2):
        yard.box.empty(shown.id, grant=shown.grants.collect)
        yard.clock.pass_by(minutes=1)
    yard.box.empty(shown.id, grant=None, purpose="recall")
    await yard.box.sync()
    assert await yard.told(shown.id) == ["announced", "stored", "collected"]
    assert before.stored_at == (await yard.get(shown.id)).stored_at
    assert await yard.parked() == 0
    assert await yard.violations() == []


async def test_the_same_delivery_in_a_second_door_is_for_somebody_to_look_at(yard) -> None:
    shown = await yard.announce()
    await yard.work()
    yard.box.deposit(shown.id, grant=shown.grants.collect)
    yard.box.deposit(shown.id, grant=shown.grants.collect, door="A2")
    await yard.box.sync()
    assert (await yard.get(shown.id)).door == "A1"
    assert await yard.anomalies() == [("deposited_twice", f"deliveries/{shown.id}")]


async def test_a_bank_can_speak_of_its_own_deliveries_only(yard) -> None:
    shown = await yard.announce()
    await yard.work()
    yard.other.deposit(shown.id, grant=shown.grants.collect)
    yard.other.empty(shown.id, grant=shown.grants.collect)
    await yard.other.sync()
    assert await yard.state(shown.id) == "announced"
    assert (await yard.grant(shown.grants.collect)).state == "ready"
    assert set(await yard.anomalies()) == {
        ("unknown_delivery", f"deliveries/{shown.id}"),
        ("unknown_grant", f"grants/{shown.grants.collect}"),
    }
    assert await yard.parked() == 0


async def test_a_bank_can_not_pass_another_grant_off_as_the_collect_grant(yard) -> None:
    mine, other = await yard.announce("JD 1"), await yard.announce("JD 2")
    yard.box.deposit(mine.id, grant=other.grants.collect)
    await yard.box.sync()
    opens = (await yard.get(mine.id)).grants.collect
    assert opens not in (mine.grants.collect, other.grants.collect)
    assert ((await yard.grant(opens)).state, (await yard.grant(opens)).door) == ("bound", "A1")
    assert (await yard.grant(mine.grants.collect)).state == "revoked"
    assert await yard.anomalies() == [("unknown_grant", f"grants/{other.grants.collect}")]


async def test_added_to_a_parcel_that_is_recalled_without_the_bank_knowing(yard) -> None:
    one, two = await yard.announce("JD 1"), await yard.announce("JD 2")
    await yard.work()
    generation = yard.box.deposit(one.id, grant=one.grants.collect)
    await yard.box.sync()
    await yard.cancel(one.id)
    # The bank has not heard of it and reopens the door for the same collector.
    yard.box.deposit(two.id, grant=one.grants.collect, generation=generation, superseded=[two.grants.collect])
    await yard.box.sync()
    await yard.work()
    opens = await yard.grant((await yard.get(two.id)).grants.collect)
    assert (opens.state, opens.door, opens.generation) == ("active", "A1", generation)
    yard.box.empty(one.id, two.id, grant=opens.id)
    await yard.box.sync()
    assert [await yard.state(one.id), await yard.state(two.id)] == ["collected", "collected"]
    assert await yard.violations() == []


# ---------------------------------------------------------------- nobody had announced it


async def test_an_unknown_parcel_waits_for_whoever_announces_it(yard) -> None:
    id_ = yard.box.found("zx 9-1")
    await yard.box.sync()
    found = await yard.get(id_)
    assert (found.state, found.recipient, found.door, found.grants.collect) == ("stored", None, "A1", None)
    assert found.items[0].tracking == "zx 9-1"
    assert await yard.told(id_) == ["announced", "stored", "unidentified"]

    yard.clock.pass_by(hours=1)
    adopted = await yard.announce("ZX91", reference="order 7", sender="Shop")
    assert (adopted.id, adopted.state, adopted.reference) == (id_, "stored", "order 7")
    assert adopted.items[0].width == 300
    assert [(row["kind"], row["state"]) for row in await yard.rows("SELECT * FROM anomalies")] == [
        ("unidentified", "settled")
    ]
    assert (await yard.grant(adopted.grants.collect)).state == "bound"
    await yard.work()
    assert (await yard.grant(adopted.grants.collect)).state == "active"
    (given,) = await yard.given()
    assert isinstance(given, GrantGiven)
    assert (given.purpose, given.door, given.generation, given.delivery) == ("collect", "A1", 1, id_)

    yard.box.empty(id_, grant=adopted.grants.collect)
    await yard.box.sync()
    assert await yard.told(id_) == ["announced", "stored", "unidentified", "adopted", "collected"]
    assert await yard.violations() == []


async def test_it_is_adopted_where_it_lies_though_announced_for_another_bank(yard) -> None:
    id_ = yard.box.found("ZX 1")
    await yard.box.sync()
    adopted = await yard.announce("ZX 1", bank=yard.other.bank)
    assert (adopted.id, adopted.bank) == (id_, yard.box.bank)
    assert await yard.given(yard.other) == []


async def test_adopting_needs_no_capacity(yard) -> None:
    for n in range(5):
        await yard.announce(f"JD {n}")
    id_ = yard.box.found("ZX 1")
    await yard.box.sync()
    with pytest.raises(Refused, match="No free compartment"):
        await yard.announce("JD 5")
    assert (await yard.announce("ZX 1")).id == id_


async def test_an_unknown_parcel_can_be_recalled_without_anybody_announcing_it(yard) -> None:
    id_ = yard.box.found("ZX 1")
    await yard.box.sync()
    recalling = await yard.cancel(id_)
    await yard.work()
    yard.box.empty(id_, grant=recalling.grants.recall, purpose="recall")
    await yard.box.sync()
    assert await yard.told(id_) == ["announced", "stored", "unidentified", "recalling", "returned"]
    with pytest.raises(Refused):
        await yard.cancel(id_)
    assert (await yard.announce("ZX 1")).id != id_
    assert await yard.violations() == []


async def test_announced_here_while_the_offline_bank_took_it_as_unknown(yard) -> None:
    minted = yard.box.found("JD 5")  # offline
    shown = await yard.announce("JD 5")
    await yard.work()
    await yard.box.sync()
    stored = await yard.get(shown.id)
    assert (stored.state, stored.door) == ("stored", "A1")
    assert stored.grants.collect != shown.grants.collect
    assert (await yard.grant(shown.grants.collect)).state == "revoked"
    assert any(isinstance(one, DeliveryWithdrawn) for one in await yard.given())
    await yard.work()
    assert (await yard.grant(stored.grants.collect)).state == "active"
    assert await yard.one("SELECT state FROM reservations") == "used"

    yard.box.empty(minted, grant=stored.grants.collect)  # the bank goes on calling it by its own name
    await yard.box.sync()
    assert await yard.state(shown.id) == "collected"
    assert await yard.anomalies() == []
    assert await yard.violations() == []


async def test_announced_at_one_bank_and_brought_to_another(yard) -> None:
    yard.other.found("JD 5")
    shown = await yard.announce("JD 5")
    await yard.other.sync()
    stored = await yard.get(shown.id)
    assert (stored.state, stored.bank) == ("stored", yard.other.bank)
    assert await yard.one("SELECT state FROM reservations") == "released"
    assert await yard.anomalies() == [("deposited_elsewhere", f"deliveries/{shown.id}")]
    assert any(isinstance(one, DeliveryWithdrawn) for one in await yard.given())
    assert await yard.violations() == []


async def test_the_same_label_on_two_parcels(yard) -> None:
    shown = await yard.announce("JD 5")
    await yard.work()
    yard.box.deposit(shown.id, grant=shown.grants.collect)
    second = yard.box.found("JD 5", door="A2")
    await yard.box.sync()
    other = await yard.get(second)
    assert (other.state, other.recipient, other.grants.collect) == ("stored", None, None)
    assert await yard.anomalies() == [
        ("duplicate_identity", f"deliveries/{shown.id}"),
        ("unidentified", f"deliveries/{second}"),
    ]
    with pytest.raises(Refused) as refused:
        await yard.announce("JD 5")
    assert (refused.value.code, refused.value.extra["delivery"]) == ("tracking-taken", str(shown.id))
    assert await yard.violations() == []


@pytest.mark.parametrize(
    "beside", [None, {}, {"tracking": {}}, {"tracking": 7}, {"tracking": {"x": "y"}}, {"tracking": ["\x00"]}]
)
async def test_without_a_readable_tracking_number_the_parcel_is_there_all_the_same(yard, beside) -> None:
    id_ = yard.db.ids.new()
    yard.box.deposit(id_, unannounced=[id_], beside=beside)
    await yard.box.sync()
    found = await yard.get(id_)
    assert (found.state, found.items[0].tracking) == ("stored", "")
    assert await yard.parked() == 0


async def test_an_odd_tracking_number_is_kept_as_far_as_it_can_be(yard) -> None:
    id_ = yard.box.found("\x00A\u202e" + "9" * 300)
    await yard.box.sync()
    assert (await yard.get(id_)).items[0].tracking == "A" + "9" * 63
    assert await yard.parked() == 0


# ---------------------------------------------------------------- somebody stored for themselves


async def test_a_code_that_the_bank_made_is_a_grant_of_its_own(yard) -> None:
    id_, grant = yard.db.ids.new(), yard.db.ids.new()
    yard.box.deposit(id_, grant=grant, unannounced=[id_], minted=True)
    await yard.box.sync()
    found = await yard.get(id_)
    assert (found.state, found.recipient, found.grants.collect) == ("stored", None, grant)
    assert await yard.told(id_) == ["announced", "stored"]
    row = await yard.grant(grant)
    assert (row.state, row.purpose, row.locator, row.door, row.subject) == (
        "active", "collect", None, "A1", f"deliveries/{id_}",
    )  # fmt: skip
    with pytest.raises(Refused) as refused:
        await yard.reveal(grant)
    assert refused.value.code == "grant-has-no-code"
    yard.box.empty(id_, grant=grant)
    await yard.box.sync()
    assert (await yard.state(id_), (await yard.grant(grant)).state) == ("collected", "used")
    assert await yard.anomalies() == []
    assert await yard.violations() == []


async def test_what_somebody_stored_for_themselves_can_be_recalled(yard) -> None:
    id_, grant = yard.db.ids.new(), yard.db.ids.new()
    yard.box.deposit(id_, grant=grant, unannounced=[id_], minted=True)
    await yard.box.sync()
    recalling = await yard.cancel(id_)
    assert GrantRevoked(grant) in await yard.given()
    await yard.work()
    yard.box.empty(id_, grant=recalling.grants.recall, purpose="recall")
    await yard.box.sync()
    assert await yard.state(id_) == "returned"
    assert await yard.violations() == []
