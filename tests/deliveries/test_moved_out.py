"""Somebody moves out: what becomes of their parcels."""

from cranny import access, people
from cranny.platform.permissions import Role
from tests.deliveries.conftest import Yard


async def test_what_lies_in_a_door_stays_theirs_and_nothing_more_comes(yard: Yard) -> None:
    inside, awaited = await yard.announce("T1"), await yard.announce("T2")
    foreign = await yard.announce("T3", recipient={"email": "bob@example.org"})
    yard.box.deposit(inside.id, grant=inside.grants.collect)
    await yard.box.sync()
    await yard.work()
    async with yard.db.transaction(yard.tenant) as tx:
        person = await people.remember(tx, people.Contact(email="ada@example.org"))
        await people.give(tx, yard.keyring, person, Role.RESIDENT, by="test")
        assert inside.grants.collect is not None
        await access.give_badge(tx, yard.keyring, inside.grants.collect, "04A1B2C3", who="test")
    async with yard.db.transaction(yard.tenant) as tx:
        assert await people.move_out(tx, person, by="test", why="hand")
        assert not await people.move_out(tx, person, by="test", why="hand")
    await yard.follow()

    assert await yard.state(inside.id) == "stored"
    assert (await yard.reveal(inside.grants.collect)).code
    async with yard.db.transaction(yard.tenant) as tx:
        assert await tx.value("SELECT count(*) FROM grant_badges WHERE tenant = $1", yard.tenant) == 0
    gone = await yard.get(awaited.id)
    assert (gone.state.value, gone.reason) == ("cancelled", "moved-out")
    assert (await yard.grant(awaited.grants.collect)).state == "revoked"
    assert await yard.state(foreign.id) == "announced"

    # The bank had not heard of it: what it took in is fetched by staff.
    yard.box.deposit(awaited.id, door="A2", grant=awaited.grants.collect)
    yard.box.empty(inside.id, grant=inside.grants.collect)
    await yard.box.sync()
    assert await yard.state(awaited.id) == "recalling"
    assert await yard.state(inside.id) == "collected"

    # Who announces something after that knew more than the list.
    later = await yard.announce("T4")
    await yard.follow()
    assert await yard.state(later.id) == "announced"
