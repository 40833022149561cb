"""Capacity is promised as counts: the last place goes to one, and a refusal says what there is instead."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from cranny import sites
from cranny.core.errors import Invalid, NotFound, Refused
from cranny.platform.db import Database
from cranny.sites.audit import audit
from cranny.wire.allocation import Size

from .conftest import BankOf

TOMORROW = datetime.now(UTC) + timedelta(days=1)  # noqa: TID251 - the database under test runs on the system's clock


async def promise(db: Database, tenant: UUID, bank: sites.Bank, want: sites.Wanted, **asked: object) -> UUID:
    async with db.transaction(tenant) as tx:
        return await sites.promise(tx, bank.id, want, **{"until": TOMORROW, **asked})


async def states(db: Database, tenant: UUID) -> dict[UUID, str]:
    async with db.transaction(tenant) as tx:
        return {row["id"]: row["state"] for row in await tx.all("SELECT id, state FROM reservations")}


async def test_twenty_race_for_the_last_place_and_one_gets_it(db: Database, tenant: UUID, bank_of: BankOf) -> None:
    bank = await bank_of("S S M")
    await promise(db, tenant, bank, "M")
    await promise(db, tenant, bank, "S")

    outcomes = await asyncio.gather(*(promise(db, tenant, bank, "S") for _ in range(20)), return_exceptions=True)

    assert sum(isinstance(outcome, UUID) for outcome in outcomes) == 1
    refusals = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
    assert [refusal.code for refusal in refusals] == ["no-capacity"] * 19
    assert list((await states(db, tenant)).values()) == ["held"] * 3
    async with db.transaction(tenant) as tx:
        assert await audit(tx) == []


async def test_a_refusal_says_what_there_is_here_and_where_else(db: Database, tenant: UUID, bank_of: BankOf) -> None:
    far = await bank_of("L L", name="Far", site="Station")
    near = await bank_of("M", name="Near")
    bank = await bank_of("S S S M")
    await bank_of("S", name="Tiny")
    await promise(db, tenant, bank, "m")

    with pytest.raises(Refused) as refused:
        await promise(db, tenant, bank, "M")

    refusal = refused.value
    assert refusal.code == "no-capacity"
    assert refusal.retry
    assert refusal.detail.startswith(f"No free M compartment at Corner until {TOMORROW:%Y-%m-%d}")
    assert "S: 3 free, M: 0 free, L: 0 free" in refusal.detail
    assert refusal.detail.endswith("Near has room.")
    assert refusal.extra["room"][0] == {"size": "S", "features": [], "count": 3}
    assert [(other["bank"], other["room"]) for other in refusal.extra["alternatives"]] == [
        (str(near.id), 1),
        (str(far.id), 2),
    ]


async def test_features_and_reach_are_kept_and_chilled_doors_stay_free(
    db: Database, tenant: UUID, bank_of: BankOf
) -> None:
    bank = await bank_of("S M+chilled L+seated+charging")
    await promise(db, tenant, bank, "S", features=["chilled"])
    await promise(db, tenant, bank, "S")
    await promise(db, tenant, bank, "S", seated=True)
    with pytest.raises(Refused, match="within seated reach at Corner") as refused:
        await promise(db, tenant, bank, "S", seated=True)
    assert refused.value.code == "no-capacity"
    with pytest.raises(Refused, match="Corner has no frozen compartment") as refused:
        await promise(db, tenant, bank, "S", features=["frozen"])
    assert refused.value.code == "no-such-door"


async def test_things_are_promised_by_their_size_turned_any_way(db: Database, tenant: UUID, bank_of: BankOf) -> None:
    bank = await bank_of("S L")
    await promise(db, tenant, bank, Size(60, 600, 300))
    with pytest.raises(Refused) as refused:
        await promise(db, tenant, bank, Size(700, 10, 10))
    assert refused.value.code == "too-big"
    assert "700 x 10 x 10 mm fits in no compartment at Corner; the largest is 380 x 410 x 640 mm" in str(refused.value)
    # Two flat parcels for one person go into the large door together.
    await promise(db, tenant, bank, [Size(300, 70, 600), Size(300, 70, 600)])
    async with db.transaction(tenant) as tx:
        promised = (await sites.free_counts(tx, bank.id)).promised
    assert sorted(count.size or "" for count in promised) == ["M", "S"]


async def test_what_cannot_be_understood_is_told(db: Database, tenant: UUID, bank_of: BankOf) -> None:
    bank = await bank_of("S")
    for want, asked, code in [
        ("XXL", {}, "size-class-unknown"),
        (Size(0, 1, 1), {}, "size-invalid"),
        ([], {}, "size-invalid"),
        ("S", {"features": ["gold"]}, "feature-unknown"),
        ("S", {"until": datetime(2020, 1, 1, tzinfo=UTC)}, "until-passed"),
    ]:
        with pytest.raises(Invalid) as invalid:
            await promise(db, tenant, bank, want, **asked)
        assert invalid.value.code == code
    async with db.transaction(tenant) as tx:
        with pytest.raises(NotFound):
            await sites.promise(tx, tx.ids.new(), "S", until=TOMORROW)


async def test_a_promise_ends_by_use_release_or_time_and_late_words_change_nothing(
    db: Database, tenant: UUID, bank_of: BankOf
) -> None:
    bank = await bank_of("S S S")
    used, released, lapsed = [await promise(db, tenant, bank, "S") for _ in range(3)]
    async with db.transaction(tenant) as tx:
        await sites.use_promise(tx, [used])
        await sites.release_promise(tx, [released])
        await tx.run("UPDATE reservations SET until = created WHERE id = $1", lapsed)
    assert await sites.lapse_promises(db, tenant) == 1
    assert await sites.lapse_promises(db, tenant) == 0
    assert await states(db, tenant) == {used: "used", released: "released", lapsed: "lapsed"}

    async with db.transaction(tenant) as tx:
        await sites.use_promise(tx, [used, released, lapsed])
        await sites.release_promise(tx, [used, released, lapsed])
        with pytest.raises(NotFound):
            await sites.use_promise(tx, [tx.ids.new()])
        told = await tx.all("SELECT type, subject, data FROM events WHERE type LIKE 'reservation.%'")
    assert await states(db, tenant) == {used: "used", released: "released", lapsed: "lapsed"}
    assert [(row["type"], row["subject"]) for row in told] == [("reservation.lapsed", f"reservations/{lapsed}")]
    assert told[0]["data"]["bank"] == str(bank.id)


async def test_a_promise_whose_time_is_over_frees_its_place_before_the_sweep(
    db: Database, tenant: UUID, bank_of: BankOf
) -> None:
    bank = await bank_of("S")
    first = await promise(db, tenant, bank, "S")
    with pytest.raises(Refused):
        await promise(db, tenant, bank, "S")
    async with db.transaction(tenant) as tx:
        await tx.run("UPDATE reservations SET until = created WHERE id = $1", first)
    await promise(db, tenant, bank, "S")


async def test_occupied_and_blocked_doors_are_not_promised(db: Database, tenant: UUID, bank_of: BankOf) -> None:
    bank = await bank_of("S S S M+charging")
    async with db.transaction(tenant) as tx:
        await sites.occupy(tx, [sites.Occupied(bank.id, "A1", 1, tx.now(), [tx.ids.new()])])
        await sites.block(tx, bank.id, "A2", "not-opened")
    await promise(db, tenant, bank, "S")
    async with db.transaction(tenant) as tx:
        counts = await sites.free_counts(tx, bank.id)
    small = next(count for count in counts.doors if count.size == "S")
    assert (small.total, small.free, small.occupied, small.blocked) == (3, 1, 1, 1)
    assert [(count.size, count.count) for count in counts.promised] == [("S", 1)]
    room = {(count.size, *count.features): count.count for count in counts.room}
    assert room["S",] == 1  # the door with the socket is the last resort
    assert room["M", "charging"] == 1
    assert room["L",] == 0


async def test_what_lies_in_a_door_is_counted_once_also_before_its_promise_is_used(
    db: Database, tenant: UUID, bank_of: BankOf
) -> None:
    """The bank's word makes the door occupied at once; the promise is used by a reaction, a moment later."""
    bank = await bank_of("S S")
    async with db.transaction(tenant) as tx:
        mine, later = tx.ids.new(), tx.ids.new()
    held = await promise_for(db, tenant, bank, mine)
    async with db.transaction(tenant) as tx:
        await sites.occupy(tx, [sites.Occupied(bank.id, "A1", 1, tx.now(), [tx.ids.new(), mine])])
    async with db.transaction(tenant) as tx:
        assert await audit(tx) == []
        assert (await sites.free_counts(tx, bank.id)).promised == []
    second = await promise_for(db, tenant, bank, later)  # there is a door, and it is nobody's
    with pytest.raises(Refused):
        await promise(db, tenant, bank, "S")
    async with db.transaction(tenant) as tx:
        assert await sites.reject_overbooked(tx, bank.id) == []
    async with db.transaction(tenant) as tx:
        await sites.block(tx, bank.id, "A2", "not-opened")
        # Short of a door is who has none: not the younger one of two, had both been counted.
        assert await sites.reject_overbooked(tx, bank.id) == [second]
        await sites.use_promise(tx, [held])


async def promise_for(db: Database, tenant: UUID, bank: sites.Bank, delivery: UUID) -> UUID:
    async with db.transaction(tenant) as tx:
        (made,) = await sites.promise_many(tx, bank.id, [sites.PromiseAsked("S", TOMORROW, delivery=delivery)])
        return made


async def test_several_are_promised_in_one_go_or_none_of_them(db: Database, tenant: UUID, bank_of: BankOf) -> None:
    bank = await bank_of("S S M")
    asked = [sites.PromiseAsked("S", TOMORROW), sites.PromiseAsked(Size(300, 100, 300), TOMORROW)]
    async with db.transaction(tenant) as tx:
        assert len(await sites.promise_many(tx, bank.id, asked)) == 2
        with pytest.raises(Refused) as refused:
            async with tx.attempt():
                await sites.promise_many(tx, bank.id, [sites.PromiseAsked("S", TOMORROW)] * 2)
    assert refused.value.extra["index"] == 1
    assert [count["count"] for count in refused.value.extra["room"]] == [0] * 4
    assert len(await states(db, tenant)) == 2


async def test_the_audit_finds_promises_that_no_bank_could_keep(db: Database, tenant: UUID, bank_of: BankOf) -> None:
    bank = await bank_of("S")
    await promise(db, tenant, bank, "S")
    async with db.transaction(tenant) as tx:
        await tx.run(
            "INSERT INTO reservations SELECT tenant, $1, bank, size_class, sides, features, seated, until, state, "
            "created FROM reservations",
            tx.ids.new(),
        )
        violations = await audit(tx)
    assert [(v.invariant, v.subject) for v in violations] == [("capacity", f"banks/{bank.id}")]
