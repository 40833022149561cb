"""A bank's box is replaced, or its disk was lost: what it may and what it said go down to it anew."""

from uuid import UUID

from cranny import fleet
from cranny.fleet.audit import audit
from cranny.fleet.ingest import take_one
from cranny.fleet.postgres import stores
from cranny.wire.kinds import BankStarted
from cranny.wire.messages import DeliveryGiven, GrantRevoked, Layout, PlaceGiven, Policy, Renewed

PARCEL = DeliveryGiven(UUID(int=21), UUID(int=31), UUID(int=41), b"somebody", [], [], seated=False)


async def take(db, keyring, box, batch):
    async with stores(db, keyring)(box.tenant) as store:
        return await take_one(store, box.arrival(batch))


async def entries(db, box, after=0):
    async with db.transaction(box.tenant) as tx:
        found, head = await fleet.pending(tx, box.bank, after)
    assert [one.seq for one in found] == list(range(found[0].seq, head + 1))
    return found


async def test_the_second_epoch_begins_with_what_the_first_one_knew(db, keyring, box):
    async with db.transaction(box.tenant) as tx:
        await fleet.append(tx, box.bank, [PARCEL, GrantRevoked(UUID(int=1))])
    first = box.journal()
    first.stored("01", 1, PARCEL.delivery, grant=PARCEL.collect_grant)
    await take(db, keyring, box, first.batch(applied=4))
    second = box.journal(epoch=2)
    second.say(BankStarted("1.0", 0))
    await take(db, keyring, box, second.batch())
    given = [one.given for one in await entries(db, box)]
    assert [type(one) for one in given] == [Renewed, Layout, Policy, DeliveryGiven, PlaceGiven]
    assert given[0] == Renewed(2)
    assert given[-1] == PlaceGiven("01", 1, PARCEL.collect_grant, b"somebody", [PARCEL.delivery])
    async with db.transaction(box.tenant) as tx:
        assert await audit(tx) == []


async def test_a_hole_that_a_restored_server_left_is_behind_whoever_comes(db, keyring, box):
    """C2: the bank holds twelve entries, the server lost all but two of them."""
    first = box.journal()
    first.say(BankStarted("1.0", 12))
    await take(db, keyring, box, first.batch(applied=12))
    found = await entries(db, box)
    assert (found[0].seq, found[0].given) == (13, Renewed(1))
    assert [one.seq for one in await entries(db, box, after=12)] == [13, 14, 15]
    async with db.transaction(box.tenant) as tx:
        assert await audit(tx) == []
    second = box.journal(epoch=2)
    second.say(BankStarted("1.0", 0))
    await take(db, keyring, box, second.batch())
    assert (await entries(db, box))[0].given == Renewed(2)


async def test_an_epoch_of_which_nothing_is_left_is_opened_by_an_empty_batch(db, keyring, box):
    """The server was restored from before epoch 2, and no disk has its facts any more: the next one follows it."""
    first = box.journal()
    first.say(BankStarted("1.0", 0))
    await take(db, keyring, box, first.batch())
    third = box.journal(epoch=3)
    third.say(BankStarted("1.0", 0))
    assert (await take(db, keyring, box, third.batch())).epoch == 1  # one epoch at a time
    opened = await take(db, keyring, box, box.journal(epoch=2).batch())
    assert (opened.epoch, opened.seq, opened.forked) == (2, 0, False)
    again = await take(db, keyring, box, box.journal(epoch=2).batch())
    assert (again.epoch, again.seq) == (2, 0)
    told = await take(db, keyring, box, third.batch())
    assert (told.epoch, told.seq) == (3, 1)
    assert (await entries(db, box))[0].given == Renewed(3)
    async with db.transaction(box.tenant) as tx:
        assert await audit(tx) == []
        assert await fleet.open_anomalies(tx, box.bank) == {f"banks/{box.bank}/epochs/{epoch}" for epoch in (2, 3)}
