"""I15: somebody goes through the whole story, is erased, and nothing of them is in a dump of the database; the log and
everything else still holds. What is looked for is there before."""

import asyncio
import base64
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import asyncpg

from cranny import people
from cranny.platform import said, sequencer, trail
from cranny.platform.engines import PostgresAddress
from cranny.platform.outside import Guard, resolve
from cranny.usecases import deliveries
from cranny.webhooks.posting import Poster
from cranny.webhooks.sending import Courier
from cranny.wire.brokers.memory import Hub
from tests.webhooks.receiver import answer, receiving

from .conftest import Office

NAME, EMAIL, PHONE = "Zyzzyva Quokkasson", "zyzzyva.quokkasson@canary.example", "+4915199887766"
TRACKING, REFERENCE, BADGE, WORDS = "QUOKKATRACK77", "order of Quokkasson", "QUOKKABADGE55", "for Zyzzyva, personally"
CANARIES = (NAME, "quokka", "zyzzyva", EMAIL, PHONE, PHONE[1:], TRACKING)


def shapes(canary: str) -> Iterator[bytes]:
    """A canary as it may stand in a dump: plain, in hex (as bytes are printed), and in base64 at each offset."""
    for text in {canary, canary.lower(), canary.upper(), canary.title()}:
        plain = text.encode()
        yield plain
        yield plain.hex().encode()
        yield text.encode("utf-16-le").hex().encode()
        for offset in range(3):
            middle = base64.b64encode(b"\0" * offset + plain)[4:-4]
            if len(middle) > 5:
                yield middle
                yield middle.hex().encode()


async def dump(database: PostgresAddress) -> dict[str, bytes]:
    """Every table as a superuser reads it, with what the walls hide."""
    assert database.admin_dsn is not None
    superuser = await asyncpg.connect(database.admin_dsn)
    names = await superuser.fetch("SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'")
    found = {}
    for name in (row["name"] for row in names):
        pieces: list[bytes] = []

        async def take(data: bytes, into: list[bytes] = pieces) -> None:
            into.append(data)

        await superuser.copy_from_table(name, output=take)
        found[name] = b"".join(pieces)
    await superuser.close()
    return found


async def seen(database: PostgresAddress) -> set[str]:
    """The tables that a canary is in."""
    wanted = [shape for canary in CANARIES for shape in shapes(canary)]
    return {name for name, text in (await dump(database)).items() if any(shape in text for shape in wanted)}


RECIPIENT = {"name": NAME, "email": EMAIL, "phone": PHONE, "language": "de"}


async def lived(office: Office, client: Any, receiver: Any) -> tuple[str, str]:
    """A whole life: told, collected, called off, looked at and written about. Returns (person, the live delivery)."""
    yard = office.yard
    await office.post(client, "/v1/webhook-endpoints", {"url": receiver.url, "types": []}, 201)
    courier = Courier(
        yard.db, Hub().join("worker"), yard.keyring,
        Poster(Guard.of(["127.0.0.0/8"]), resolve, yard.clock), source="urn:test",
    )  # fmt: skip
    body = {
        "bank": str(yard.box.bank),
        "items": [{"tracking": TRACKING, "width": 300, "height": 100, "depth": 400}],
        "recipient": {**RECIPIENT, "badge": BADGE},
        "reference": REFERENCE,
        "sender": "Quokkasson & Daughters",
    }
    shown = await office.post(client, "/v1/deliveries", body, 201)
    person = shown["recipient"]
    await office.post(client, f"/v1/people/{person}/consents", {"consents": {"sms": True}, "how": "Zyzzyva told us"})
    await yard.work()
    grant = shown["grants"]["collect"]
    why = {"Audit-Reason": f"{NAME} called"}
    yard.box.deposit(UUID(shown["id"]), grant=UUID(grant))
    await yard.box.sync()
    await yard.work()
    await office.send()
    assert office.box.to(EMAIL)
    await office.post(client, f"/v1/grants/{grant}/reveal", {"reason": WORDS}, **why)
    token = {"purpose": "inspect", "door": "A1", "reason": WORDS}
    await office.post(client, f"/v1/banks/{yard.box.bank}/tokens", token, 201)
    yard.box.empty(UUID(shown["id"]), grant=UUID(grant))
    await yard.box.sync()
    found = yard.box.found(f"{TRACKING}-9", door="A3")
    await yard.box.sync()
    adopted = {**body, "items": [{**body["items"][0], "tracking": f"{TRACKING}-9"}]}
    await office.post(client, "/v1/deliveries", adopted, 201)
    await yard.work()
    yard.box.empty(found, door="A3", grant=None)
    await yard.box.sync()
    off = await office.post(client, "/v1/deliveries", {**body, "reference": "second"}, 201)
    await office.post(client, f"/v1/deliveries/{off['id']}/cancel", {"reason": WORDS}, **why)
    live = await office.post(client, "/v1/deliveries", {**body, "reference": "third"}, 201)
    await office.send()
    await courier.work(yard.tenant)
    await courier.idle()
    return person, live["id"]


async def test_nothing_of_somebody_erased_is_in_a_dump_and_the_log_still_holds(
    office: Office, database: PostgresAddress
) -> None:
    yard = office.yard
    async with office.client() as client, receiving() as receiver:
        receiver.says = answer(200, f"thanks, {NAME}")
        person, live = await lived(office, client, receiver)
        before = await seen(database)
        assert before >= {
            "persons", "consents", "deliveries", "delivery_items", "event_words", "audit_details", "webhook_attempts",
        }  # fmt: skip
        assert "events" not in before, "the chained log holds somebody's data"
        assert before.isdisjoint({"facts", "downlink", "grant_badges", "grant_secrets", "pgqueuer", "notices"})

        exported = await office.post(client, f"/v1/people/{person}/export", {})
        sections = exported["sections"]
        assert sections["person"]["data"]["email"] == EMAIL
        assert {one["reference"] for one in sections["deliveries"]["data"]["deliveries"]} >= {REFERENCE, "second"}
        assert [one["reason"] for one in sections["deliveries"]["data"]["said"]].count(WORDS) >= 2
        assert any(one["kind"] == "ready_to_collect" for one in sections["messages"]["data"])

        refused = await office.post(client, f"/v1/people/{person}/erasure", {"why": "asked"}, 409)
        assert refused["code"] == "person-needed"
        assert refused["holds"] == [f"deliveries/{live} is awaited: cancel it, or let somebody else collect it."]
        assert await seen(database) >= before
        await office.post(client, f"/v1/deliveries/{live}/cancel", {"reason": WORDS})
        done = await office.post(client, f"/v1/people/{person}/erasure", {"why": "asked"})
        assert done["rows"] > 10

        assert await seen(database) == set()
        assert (await client.get(f"/v1/people/{person}/preferences")).json()["code"] == "person-not-found"
        gone = await office.post(client, f"/v1/people/{person}/erasure", {"why": "asked"}, 404)
        assert gone["code"] == "person-not-found"

        # Whoever reads on sees that something was said, and by whom the door was opened, but not what.
        await yard.follow()
        events = (await client.get("/v1/events", params={"type": "delivery.cancelled"})).json()["items"]
        assert [one["data"].get("reason") for one in events] == [None, None]
        assert all(one["data"][said.ERASED] for one in events)
    await office.send()
    await sequencer.sequence(yard.db, yard.tenant)
    async with yard.db.transaction(yard.tenant) as tx:
        assert await trail.verify(tx) is None
    assert await office.violations() == []

    # The same address again is somebody new.
    async with office.client() as client:
        asked = {"bank": str(yard.box.bank), "items": [{"tracking": "N1", "size": "S"}], "recipient": RECIPIENT}
        assert (await office.post(client, "/v1/deliveries", asked, 201))["recipient"] != person


async def test_what_comes_back_of_somebody_erased_is_found(office: Office) -> None:
    yard = office.yard
    shown = await yard.announce(recipient=RECIPIENT, reference=REFERENCE)
    await yard.cancel(shown.id)
    async with office.client() as client:
        await office.post(client, f"/v1/people/{shown.recipient}/erasure", {"why": "mistake"})
    assert await office.violations() == []
    broken = {
        "INSERT INTO persons (tenant, id, name, email, email_key, created) "
        "VALUES ($1, $2, 'x', 'x@x.de', 'x@x.de', now())": f"persons/{shown.recipient}",
        "UPDATE deliveries SET reference = 'again' WHERE tenant = $1 AND recipient = $2": f"deliveries/{shown.id}",
    }  # fmt: skip
    for sql in broken:
        async with yard.db.transaction(yard.tenant) as tx:
            await tx.run(sql, yard.tenant, shown.recipient)
    found = await office.violations()
    assert {(one.invariant, one.subject) for one in found} == {("I15", subject) for subject in broken.values()}


async def test_whoever_works_here_is_asked_to_leave_first(office: Office) -> None:
    from cranny.platform.permissions import Role

    async with office.client(Role.ADMIN) as admin, office.client(Role.CLERK) as clerk:
        me = (await clerk.get("/v1/self")).json()["person"]
        held = await office.post(admin, f"/v1/people/{me}/erasure", {"why": "asked"}, 409)
        assert held["holds"] == ["They are still clerk: take their roles first."]
        await office.post(clerk, f"/v1/people/{me}/erasure", {"why": "asked"}, 403)
        own = await office.post(clerk, f"/v1/people/{me}/export", {})
        assert own["sections"]["person"]["data"]["sessions"][0]["how"] == "link"
        await admin.put(f"/v1/people/{me}/roles", json={"roles": []})
        await office.post(admin, f"/v1/people/{me}/erasure", {"why": "not_needed"})
        assert (await clerk.get("/v1/self")).status_code == 401
    assert await office.violations() == []


async def test_words_beside_the_log_that_were_changed_are_found(office: Office, database: PostgresAddress) -> None:
    yard = office.yard
    shown = await yard.announce()
    await yard.cancel(shown.id, reason="as it was")
    async with yard.db.transaction(yard.tenant) as tx:
        assert await trail.verify(tx) is None
        position = await tx.value("SELECT position FROM events WHERE type = 'delivery.cancelled'")
    assert database.admin_dsn is not None
    owner = await asyncpg.connect(database.admin_dsn)
    await owner.execute("""UPDATE event_words SET words = '{"reason": "as it was not"}'""")
    await owner.close()
    async with yard.db.transaction(yard.tenant) as tx:
        broken = await trail.verify(tx)
    assert broken is not None
    assert (broken.position, broken.why) == (position, "the words beside it were changed")


async def test_an_erasure_waits_for_who_is_just_being_announced_to(office: Office) -> None:
    """Else a parcel would be for nobody, and its message could not be sent."""
    yard = office.yard
    item = deliveries.ItemAsked(TRACKING, size="S")
    asked = deliveries.DeliveryAsked(yard.box.bank, [item], deliveries.RecipientAsked(email=EMAIL))
    async with yard.db.transaction(yard.tenant) as tx:
        person = await people.remember(tx, people.Contact(email=EMAIL))
    async with office.client() as client:
        async with yard.db.transaction(yard.tenant) as tx:
            shown = await deliveries.announce(tx, yard.keyring, asked)
            path, why = f"/v1/people/{person}/erasure", {"why": "asked"}
            erasing = asyncio.create_task(client.post(path, json=why, headers=office.once()))
            await asyncio.wait({erasing}, timeout=0.5)
            assert not erasing.done()
        refused = await erasing
        assert (refused.status_code, refused.json()["code"]) == (409, "person-needed")
        assert str(shown.id) in refused.json()["holds"][0]
