"""A server that was restored from a backup, and a bank that was told what the backup does not know."""

from uuid import UUID

import pytest

from cranny import fleet
from cranny.core.errors import Invalid
from cranny.fleet import realigning, tables
from cranny.fleet.audit import audit
from cranny.fleet.ingest import take_one
from cranny.fleet.postgres import stores
from cranny.fleet.rules import BIGGEST
from cranny.wire.kinds import BankStarted
from cranny.wire.messages import (
    DeliveryGiven,
    DeliveryWithdrawn,
    GrantGiven,
    GrantRevoked,
    Layout,
    Policy,
    Pull,
    Renewed,
)

PARCEL, LATER, CALLED_OFF = (
    DeliveryGiven(UUID(int=20 + n), UUID(int=30 + n), UUID(int=40 + n), b"somebody", [], [], seated=False)
    for n in range(3)
)
GRANT = GrantGiven(PARCEL.collect_grant, "collect", PARCEL.delivery, 7, b"salt", b"code", b"qr")


async def given(db, box, *givens):
    async with db.transaction(box.tenant) as tx:
        await fleet.append(tx, box.bank, list(givens))


async def answered(db, box, pull):
    """What the bank is served, and the audit finds nothing."""
    async with db.transaction(box.tenant) as tx:
        await realigning.align(tx, box.bank, pull)
        found, head = await fleet.pending(tx, box.bank, pull.applied)
        assert await audit(tx) == []
    assert [one.seq for one in found] == list(range(pull.applied + 1, head + 1))
    return found


async def tag_of(db, box, seq):
    async with db.transaction(box.tenant) as tx:
        return (await tx.one(tables.GET_PLACE, tx.tenant, box.bank, seq))["tag"]


async def anomalies(db, box):
    async with db.transaction(box.tenant) as tx:
        return await fleet.open_anomalies(tx, box.bank)


async def test_a_bank_that_goes_on_where_it_was_led_is_told_nothing_twice(db, box):
    await given(db, box, PARCEL)
    assert [one.given for one in await answered(db, box, Pull(2, await tag_of(db, box, 2)))] == [PARCEL]
    assert await answered(db, box, Pull(3, await tag_of(db, box, 3))) == []
    assert [one.given for one in await answered(db, box, Pull(2))] == [PARCEL]  # an older controller names no tag
    assert await anomalies(db, box) == set()


async def test_what_was_numbered_too_low_is_given_once_more(db, box):
    """The bank holds five entries; the backup knows two, and three others were given since under the same numbers."""
    await given(db, box, PARCEL, GRANT, CALLED_OFF)
    await given(db, box, DeliveryWithdrawn(CALLED_OFF.delivery), GrantRevoked(UUID(int=99)), LATER)
    found = [one.given for one in await answered(db, box, Pull(5, tag=123456))]
    # First what it would have heard anyhow, then everything, what is over as well: none of it does harm twice.
    assert found[:3] == [DeliveryWithdrawn(CALLED_OFF.delivery), GrantRevoked(UUID(int=99)), LATER]
    assert [type(one) for one in found[3:6]] == [Renewed, Layout, Policy]
    assert found[6:] == [
        PARCEL,
        LATER,
        GRANT,
        GrantRevoked(UUID(int=99)),
        DeliveryWithdrawn(CALLED_OFF.delivery),
    ]
    assert await anomalies(db, box) == {f"banks/{box.bank}"}


async def test_an_old_pull_that_somebody_repeats_brings_nothing_new(db, box):
    await given(db, box, PARCEL, GRANT, LATER)
    first = await answered(db, box, Pull(4, tag=123456))
    assert await answered(db, box, Pull(4, tag=123456)) == first
    assert len(await answered(db, box, Pull(3, tag=654321))) == len(first) + 1


async def test_a_bank_that_is_ahead_goes_on_behind_what_it_holds(db, box):
    """Twelve entries against two: nothing is ever given a number that the bank has passed."""
    found = await answered(db, box, Pull(12, tag=123456))
    assert (found[0].seq, found[0].given) == (13, Renewed(1))
    await given(db, box, PARCEL)
    assert (await answered(db, box, Pull(found[-1].seq, found[-1].tag)))[0].given == PARCEL


async def test_a_batch_says_it_as_well(db, keyring, box):
    journal = box.journal()
    journal.say(BankStarted("1.0", 12))
    for _ in range(2):
        async with stores(db, keyring)(box.tenant) as store:
            await take_one(store, box.arrival(journal.batch(applied=12)))
    found = await answered(db, box, Pull(12, tag=123456))
    assert [type(one.given) for one in found] == [Renewed, Layout, Policy]
    assert await anomalies(db, box) == {f"banks/{box.bank}"}


async def test_nobody_lifts_the_numbers_out_of_reach(db, box):
    for pull in (Pull(BIGGEST + 1), Pull(1, BIGGEST + 1)):
        with pytest.raises(Invalid) as refused:
            await answered(db, box, pull)
        assert refused.value.code == "pull-malformed"
