"""What is not kept for ever goes when the tenant says so, and the log says that it went."""

import asyncio
from typing import Any
from uuid import UUID

from cranny import people
from cranny.platform import sequencer, trail
from cranny.platform.permissions import Role
from cranny.usecases import deliveries
from cranny.usecases.privacy import keeping

from .conftest import Office

WAITING = """
SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


async def sweep(office: Office) -> int:
    async with asyncio.timeout(60):  # a sweep that waits for what the test itself holds never ends
        return await keeping.sweep(office.parts.keepers.kept)(office.yard.db, office.yard.tenant)


async def collected(office: Office, tracking: str, door: str) -> Any:
    shown = await office.yard.announce(tracking, reference="order 7")
    await office.yard.work()
    office.yard.box.deposit(shown.id, door=door, grant=shown.grants.collect)
    await office.yard.box.sync()
    office.yard.box.empty(shown.id, door=door, grant=shown.grants.collect)
    await office.yard.box.sync()
    await office.send()
    return shown


async def test_every_kind_has_its_time_and_bounds(office: Office) -> None:
    async with office.client(Role.ADMIN) as admin:
        shown = (await admin.get("/v1/privacy")).json()
        kinds = {one["kind"]: one for one in shown["retention"]}
        assert kinds.keys() >= {
            "contacts",
            "deliveries",
            "audit",
            "reasons",
            "answers",
            "webhooks",
            "scans",
            "sessions",
        }
        assert all(one["least"] <= one["days"] == one["proposed"] <= one["most"] for one in kinds.values())
        assert (kinds["contacts"]["days"], kinds["audit"]["days"]) == (30, 730)
        changed = await admin.put("/v1/privacy", json={"ask": False, "retention": {"contacts": 7}})
        assert {one["kind"]: one["days"] for one in changed.json()["retention"]}["contacts"] == 7
        for wrong, code in (({"cookies": 1}, "retention-unknown"), ({"audit": 1}, "retention-invalid")):
            answer = await admin.put("/v1/privacy", json={"ask": False, "retention": wrong})
            assert answer.json()["code"] == code
    async with office.client(Role.CLERK) as clerk:
        assert (await clerk.get("/v1/privacy")).status_code == 403
        assert (await clerk.put("/v1/privacy", json={"ask": False})).status_code == 403


async def test_people_are_forgotten_a_month_after_their_last_parcel(office: Office) -> None:
    yard = office.yard
    async with yard.db.transaction(yard.tenant) as tx:
        stranger = await people.remember(tx, people.Contact(email="nothing.came@example.org"))
    first = await collected(office, "JD 01", "A1")
    assert await sweep(office) == 0
    yard.clock.pass_by(days=29)
    second = await collected(office, "JD 02", "A2")  # the same person: their time begins anew
    yard.clock.pass_by(days=2)
    await sweep(office)
    async with office.client() as client:
        assert (await client.get(f"/v1/people/{first.recipient}/preferences")).status_code == 200
        assert (await client.get(f"/v1/people/{stranger}/preferences")).status_code == 404
        yard.clock.pass_by(days=29)
        assert await sweep(office) > 0
        assert (await client.get(f"/v1/people/{first.recipient}/preferences")).status_code == 404
        # The parcel is known by its number for longer, and then that goes, too.
        assert (await client.get(f"/v1/deliveries/{second.id}")).json()["reference"] == "order 7"
        yard.clock.pass_by(days=180)
        await sweep(office)
        left = (await client.get(f"/v1/deliveries/{second.id}")).json()
        assert (left["reference"], left["items"][0]["tracking"], left["state"]) == ("", "", "collected")
        assert (await client.get("/v1/notices")).json()["items"] == []
        await sequencer.sequence(yard.db, yard.tenant)
        told = (await client.get("/v1/events", params={"type": "privacy.forgotten"})).json()["items"]
    went = {one["data"]["kind"]: one["data"]["count"] for one in told}
    assert went["contacts"] == 1
    assert went["deliveries"] == 2
    assert await sweep(office) == 0
    async with yard.db.transaction(yard.tenant) as tx:
        assert await trail.verify(tx) is None
    assert await office.violations() == []


async def test_whoever_works_here_or_waits_for_something_is_not_forgotten(office: Office) -> None:
    yard = office.yard
    staff = await collected(office, "JD 01", "A1")
    async with yard.db.transaction(yard.tenant) as tx:
        await people.give(tx, yard.keyring, staff.recipient, Role.CLERK, by="test")
    bert = {"email": "bert@example.org"}
    done = await yard.announce("JD 02", recipient=bert)
    await yard.cancel(done.id)
    await yard.announce("JD 03", recipient=bert, hold_hours=8760)
    yard.clock.pass_by(days=60)
    await sweep(office)
    async with office.client() as client:
        for person in (staff.recipient, done.recipient):
            assert (await client.get(f"/v1/people/{person}/preferences")).status_code == 200


async def test_what_a_bank_sent_beside_a_fact_goes_and_the_fact_stays(office: Office) -> None:
    yard = office.yard
    yard.box.found("NOBODY-1")
    await yard.box.sync()
    assert await yard.one("SELECT count(*) FROM facts WHERE beside IS NOT NULL") == 1
    yard.clock.pass_by(days=31)
    await sweep(office)
    assert await yard.one("SELECT count(*) FROM facts WHERE beside IS NOT NULL") == 0
    assert await yard.chain() == []


async def idle(office: Office, email: str) -> UUID:
    """Somebody for whom there never was anything, and whose time is over."""
    async with office.yard.db.transaction(office.yard.tenant) as tx:
        person = await people.remember(tx, people.Contact(email=email))
    office.yard.clock.pass_by(days=31)
    return person


async def known(office: Office, person: UUID) -> bool:
    async with office.yard.db.transaction(office.yard.tenant) as tx:
        return person in await people.contacts(tx, [person])


async def test_whom_something_is_just_being_announced_to_is_not_forgotten(office: Office) -> None:
    yard, ada = office.yard, {"email": "ada.idle@example.org"}
    person = await idle(office, ada["email"])
    async with yard.db.transaction(yard.tenant) as tx:
        shown = await deliveries.announce(tx, yard.keyring, yard.asked("JD 01", recipient=ada))
        assert shown.recipient == person
        assert await sweep(office) == 0  # and does not wait for them
    assert await sweep(office) == 0
    assert await known(office, person)


async def test_whoever_is_just_being_given_a_role_is_not_forgotten(office: Office) -> None:
    yard = office.yard
    person = await idle(office, "bert.idle@example.org")
    async with yard.db.transaction(yard.tenant) as tx:
        await people.give(tx, yard.keyring, person, Role.CLERK, by="test")
        assert await sweep(office) == 0
    assert await sweep(office) == 0
    async with yard.db.transaction(yard.tenant) as tx:
        assert (await people.rights(tx, person)).roles == {Role.CLERK}


async def test_who_was_needed_between_the_two_looks_stays(office: Office) -> None:
    """The role is committed after the sweep read who is idle, and before it held them."""
    yard = office.yard
    person = await idle(office, "cleo.idle@example.org")
    async with yard.db.transaction(yard.tenant) as sweeping:
        assert person in await people.idle(sweeping, after=UUID(int=0), before=yard.clock.now(), limit=9)
        async with yard.db.transaction(yard.tenant) as tx:
            await people.give(tx, yard.keyring, person, Role.CLERK, by="test")
        assert await people.hold_idle(sweeping, [person]) == []


async def test_who_is_announced_to_while_they_are_forgotten_is_somebody_new(office: Office) -> None:
    yard, dora = office.yard, {"email": "dora.idle@example.org"}
    person = await idle(office, dora["email"])
    async with yard.db.transaction(yard.tenant) as sweeping:
        assert await people.hold_idle(sweeping, [person]) == [person]
        announcing = asyncio.create_task(yard.announce("JD 01", recipient=dora))
        while not await sweeping.value(WAITING):  # noqa: ASYNC110 - the database rings no bell
            await asyncio.sleep(0.01)
        await people.let_go(sweeping, [person])
    shown = await announcing
    assert shown.recipient != person
    assert shown.recipient is not None
    assert (await known(office, shown.recipient), await known(office, person)) == (True, False)
