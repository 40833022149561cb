"""Who is told what, and when: from an announcement to the message that a person reads."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from cranny import outreach
from cranny.outreach.channels import Message
from cranny.outreach.channels.email import Email, Server
from cranny.outreach.sending import send_job
from cranny.people import Contact
from cranny.platform import jobs, log
from cranny.sim.mailbox import open_mailbox
from cranny.usecases import deliveries
from cranny.wire.kinds import CodeExhausted

from .conftest import Yard

pytestmark = pytest.mark.engines
ENGLISH = {"recipient": {"name": "Ada", "email": "ada@example.org", "language": "en"}}


@dataclass
class Pigeon:
    """A channel that always gets through."""

    brought: list[Message] = field(default_factory=list)

    def address(self, contact: Contact) -> str | None:
        return contact.email

    async def send(self, message: Message) -> str:
        self.brought.append(message)
        return message.key

    @property
    def subjects(self) -> list[str]:
        return [message.subject.partition(":")[0] for message in self.brought]


@pytest.fixture
def pigeon() -> Pigeon:
    return Pigeon()


async def post(yard: Yard, channel: Any) -> None:
    """Send what waits to be sent."""
    await jobs.Worker(yard.db, {outreach.SEND: send_job(yard.keyring, {"pigeon": channel})}).drain()
    await yard.follow()


async def stored(yard: Yard, *trackings: str, tell: Any = None, **more: Any) -> list[deliveries.DeliveryShown]:
    """Announced, verified, deposited behind one door; told where there is a channel for it."""
    found = [await yard.announce(tracking, **ENGLISH | more) for tracking in trackings or ("JD 1",)]
    await yard.work()
    first, *others = [one.grants.collect for one in found]
    yard.box.deposit(*[one.id for one in found], grant=first, superseded=others)
    await yard.box.sync()
    if tell is not None:
        await post(yard, tell)
    return found


async def notices(yard: Yard, grant: UUID | None) -> list[tuple[str, int, str]]:
    assert grant is not None
    async with yard.db.transaction(yard.tenant) as tx:
        return [(row.kind, row.number, row.state.value) for row in await outreach.told(tx, [grant])]


async def test_from_the_announcement_to_the_mail_that_a_person_reads(yard: Yard) -> None:
    delivery = await yard.announce()
    await yard.work()
    assert await notices(yard, delivery.grants.collect) == [], "nothing waits yet"
    yard.box.deposit(delivery.id, grant=delivery.grants.collect)
    await yard.box.sync()
    async with open_mailbox() as box:
        server = Server("127.0.0.1", box.port, None, None, wrapped=False, upgraded=False)
        await post(yard, Email(server, "Lockers <lockers@example.org>", answer_within=5, all_within=5))
        (mail,) = box.to("ada@example.org")
    revealed = await yard.reveal(delivery.grants.collect)
    text = mail.message.get_body(("plain",)).get_content()
    assert revealed.code is not None
    assert revealed.code in text
    assert "Ihr Paket liegt für Sie bereit: Corner, Bank 1." in text
    assert "Do., 5. März 10:00" in text, "72 hours later, in Prague"
    assert await notices(yard, delivery.grants.collect) == [("ready_to_collect", 1, "sent")]
    async with yard.db.transaction(yard.tenant) as tx:
        looks = await log.read(tx, 0, 1000, ["grant.revealed"])
    assert [(look.data["who"], look.data["reason"]) for look in looks] == [("deliveries/telling", "ready_to_collect")]
    assert await yard.parked() == 0
    assert await yard.violations() == []


async def test_a_code_that_opens_nothing_yet_is_not_told(yard: Yard, pigeon: Pigeon) -> None:
    delivery = await yard.announce(**ENGLISH)
    yard.box.deposit(delivery.id, grant=delivery.grants.collect)
    await yard.box.sync()
    await post(yard, pigeon)
    assert pigeon.brought == [], "its verifiers are not made"
    await yard.work()
    await post(yard, pigeon)
    assert pigeon.subjects == ["Your parcel is ready"]


async def test_what_is_told_twice_by_the_bank_is_told_once_to_the_person(yard: Yard, pigeon: Pigeon) -> None:
    (delivery,) = await stored(yard, tell=pigeon)
    yard.box.deposit(delivery.id, grant=delivery.grants.collect, generation=1)
    await yard.box.sync()
    await post(yard, pigeon)
    assert pigeon.subjects == ["Your parcel is ready"]


async def test_a_second_parcel_behind_the_same_door_is_told_of_with_the_first(yard: Yard, pigeon: Pigeon) -> None:
    (first,) = await stored(yard, tell=pigeon)
    second = await yard.announce("JD 2", **ENGLISH)
    await yard.work()
    grant = first.grants.collect
    yard.box.deposit(second.id, grant=grant, generation=1, superseded=[second.grants.collect])
    await yard.box.sync()
    await post(yard, pigeon)
    assert pigeon.subjects == ["Your parcel is ready", "2 parcels are ready"]
    assert pigeon.brought[0].code == pigeon.brought[1].code
    assert pigeon.brought[0].key != pigeon.brought[1].key
    assert await notices(yard, grant) == [("ready_to_collect", 1, "sent"), ("ready_to_collect", 2, "sent")]


async def test_what_has_not_gone_out_is_replaced_by_what_says_it_all(yard: Yard, pigeon: Pigeon) -> None:
    (first,) = await stored(yard)
    second = await yard.announce("JD 2", **ENGLISH)
    grant = first.grants.collect
    yard.box.deposit(second.id, grant=grant, generation=1, superseded=[second.grants.collect])
    await yard.box.sync()
    await post(yard, pigeon)
    assert pigeon.subjects == ["2 parcels are ready"]
    assert await notices(yard, grant) == [("ready_to_collect", 1, "withdrawn"), ("ready_to_collect", 2, "sent")]


async def test_a_visit_told_in_one_go_is_one_message(yard: Yard, pigeon: Pigeon) -> None:
    await stored(yard, "JD 1", "JD 2", "JD 3", tell=pigeon)
    assert pigeon.subjects == ["3 parcels are ready"]


async def test_nobody_hears_of_what_never_came(yard: Yard, pigeon: Pigeon) -> None:
    delivery = await yard.announce(**ENGLISH)
    await yard.work()
    await yard.cancel(delivery.id)
    yard.box.deposit(delivery.id, grant=delivery.grants.collect)
    await yard.box.sync()
    await yard.work()
    await post(yard, pigeon)
    assert await yard.state(delivery.id) == "recalling"
    assert pigeon.brought == []


async def test_a_recall_is_told_to_who_knew_that_something_waits(yard: Yard, pigeon: Pigeon) -> None:
    (delivery,) = await stored(yard, tell=pigeon)
    await yard.cancel(delivery.id)
    await post(yard, pigeon)
    assert pigeon.subjects == ["Your parcel is ready", "Your parcel goes back"]
    assert (pigeon.brought[1].code, pigeon.brought[1].qr) == (None, None)
    yard.box.empty(delivery.id, grant=(await yard.get(delivery.id)).grants.recall, purpose="recall")
    await yard.box.sync()
    await post(yard, pigeon)
    assert await yard.state(delivery.id) == "returned"
    assert len(pigeon.brought) == 2


async def test_a_recall_overtakes_a_message_that_has_not_gone_out(yard: Yard, pigeon: Pigeon) -> None:
    (delivery,) = await stored(yard)
    await yard.cancel(delivery.id)
    await post(yard, pigeon)
    assert pigeon.brought == []
    assert await notices(yard, delivery.grants.collect) == [("ready_to_collect", 1, "withdrawn")]


async def test_when_one_of_two_is_recalled_the_other_has_a_new_code(yard: Yard, pigeon: Pigeon) -> None:
    first, second = await stored(yard, "JD 1", "JD 2", tell=pigeon)
    await yard.cancel(first.id)
    await yard.work()
    await post(yard, pigeon)
    assert sorted(pigeon.subjects) == ["2 parcels are ready", "Your parcel goes back", "Your parcel is ready"]
    new = next(message for message in pigeon.brought if message.subject.startswith("Your parcel is ready"))
    revealed = await yard.reveal((await yard.get(second.id)).grants.collect)
    assert new.code == revealed.code != pigeon.brought[0].code
    assert await yard.violations() == []


async def test_staff_who_empty_a_door_are_heard_of(yard: Yard, pigeon: Pigeon) -> None:
    first, second = await stored(yard, "JD 1", "JD 2", tell=pigeon)
    yard.box.empty(first.id, second.id, purpose="inspect")
    await yard.box.sync()
    await post(yard, pigeon)
    assert [await yard.state(one.id) for one in (first, second)] == ["returned", "returned"]
    assert pigeon.subjects == ["2 parcels are ready", "2 parcels go back"]


async def test_what_is_collected_needs_no_telling(yard: Yard, pigeon: Pigeon) -> None:
    (delivery,) = await stored(yard)
    yard.box.empty(delivery.id, grant=delivery.grants.collect)
    await yard.box.sync()
    await post(yard, pigeon)
    assert pigeon.brought == []
    assert await notices(yard, delivery.grants.collect) == [("ready_to_collect", 1, "withdrawn")]


async def test_a_reminder_comes_a_day_before_the_end_and_once(yard: Yard, pigeon: Pigeon) -> None:
    await stored(yard, "JD 1", "JD 2", tell=pigeon)
    yard.clock.pass_by(hours=47)
    assert await yard.sweep() == 0
    yard.clock.pass_by(hours=1)
    assert await yard.sweep() == 1
    assert await yard.sweep() == 0
    await post(yard, pigeon)
    assert pigeon.subjects == ["2 parcels are ready", "2 parcels are still waiting"]
    assert pigeon.brought[1].code == pigeon.brought[0].code
    assert "until Thu 5 Mar 10:00" in pigeon.brought[1].short


async def test_a_new_deadline_has_a_reminder_of_its_own(yard: Yard, pigeon: Pigeon) -> None:
    (delivery,) = await stored(yard, tell=pigeon)
    yard.clock.pass_by(hours=50)
    await yard.sweep()
    await post(yard, pigeon)
    async with yard.db.transaction(yard.tenant) as tx:
        await deliveries.extend(tx, delivery.id, 48)
    await yard.follow()
    assert await yard.sweep() == 0
    yard.clock.pass_by(hours=48)
    assert await yard.sweep() == 1
    await post(yard, pigeon)
    assert pigeon.subjects == ["Your parcel is ready", *["Your parcel is still waiting"] * 2]


async def test_who_was_just_told_is_not_reminded(yard: Yard, pigeon: Pigeon) -> None:
    await stored(yard, tell=pigeon, collect_within_hours=24)
    assert await yard.sweep() == 0
    yard.clock.pass_by(hours=12)
    assert await yard.sweep() == 1


async def test_what_is_overdue_still_opens_and_its_person_hears_of_it_once(yard: Yard, pigeon: Pigeon) -> None:
    first, second = await stored(yard, "JD 1", "JD 2", tell=pigeon)
    yard.clock.pass_by(hours=73)
    await yard.sweep()
    await post(yard, pigeon)
    assert pigeon.subjects == ["2 parcels are ready", "Please collect 2 parcels now"]
    assert pigeon.brought[1].code == pigeon.brought[0].code
    for one in (first, second):
        async with yard.db.transaction(yard.tenant) as tx:
            await deliveries.extend(tx, one.id, 24)
    await yard.follow()
    yard.clock.pass_by(hours=25)
    await yard.sweep()
    await post(yard, pigeon)
    assert pigeon.subjects[2:] == ["Please collect 2 parcels now"]
    assert await yard.violations() == []


async def test_what_is_late_speaks_for_all_that_lies_there(yard: Yard, pigeon: Pigeon) -> None:
    (first,) = await stored(yard, collect_within_hours=2)
    second = await yard.announce("JD 2", **ENGLISH)
    yard.box.deposit(second.id, grant=first.grants.collect, generation=1, superseded=[second.grants.collect])
    await yard.box.sync()
    yard.clock.pass_by(hours=3)
    await yard.sweep()
    assert [await yard.state(one.id) for one in (first, second)] == ["overdue", "stored"]
    await post(yard, pigeon)
    assert pigeon.subjects == ["Please collect 2 parcels now"]
    assert await yard.violations() == []


async def test_more_time_replaces_what_has_not_gone_out(yard: Yard, pigeon: Pigeon) -> None:
    (delivery,) = await stored(yard)
    async with yard.db.transaction(yard.tenant) as tx:
        until = await deliveries.extend(tx, delivery.id, 24)
    await yard.follow()
    await post(yard, pigeon)
    (message,) = pigeon.brought
    assert f"{until + timedelta(hours=1):%d %b %H:%M}".lstrip("0") in message.short
    assert await notices(yard, delivery.grants.collect) == [
        ("ready_to_collect", 1, "withdrawn"),
        ("ready_to_collect", 2, "sent"),
    ]


async def test_a_code_that_was_tried_too_often_is_not_sent_again(yard: Yard, pigeon: Pigeon) -> None:
    (delivery,) = await stored(yard, tell=pigeon)
    grant = delivery.grants.collect
    assert grant is not None
    yard.box.write(CodeExhausted(grant, 10))
    await yard.box.sync()
    yard.clock.pass_by(hours=50)
    await yard.sweep()
    await post(yard, pigeon)
    assert pigeon.brought[1].code is None
    assert pigeon.brought[1].qr is not None
    assert any("switched off" in hint for hint in pigeon.brought[1].hints)


async def test_what_nobody_announced_is_told_when_somebody_does(yard: Yard, pigeon: Pigeon) -> None:
    found = yard.box.found("JD 9")
    await yard.box.sync()
    await yard.work()
    await post(yard, pigeon)
    assert pigeon.brought == []
    await yard.announce("JD 9", **ENGLISH)
    await yard.work()
    await post(yard, pigeon)
    assert pigeon.subjects == ["Your parcel is ready"]
    assert await yard.state(found) == "stored"


async def test_the_audit_finds_who_was_forgotten(yard: Yard) -> None:
    (delivery,) = await stored(yard)
    yard.clock.pass_by(minutes=11)
    assert await yard.violations() == []
    async with yard.db.transaction(yard.tenant) as tx:
        await tx.run("UPDATE notices SET about = '{}'")
    assert [(found.invariant, found.subject) for found in await yard.violations()] == [
        ("I5", f"deliveries/{delivery.id}")
    ]


async def test_a_message_that_failed_is_seen_and_no_riddle_for_the_audit(yard: Yard) -> None:
    (delivery,) = await stored(yard)
    await jobs.Worker(yard.db, {outreach.SEND: send_job(yard.keyring, {})}).drain()
    assert await notices(yard, delivery.grants.collect) == [("ready_to_collect", 1, "failed")]
    yard.clock.pass_by(minutes=11)
    assert await yard.violations() == []
    await yard.follow()
    async with yard.db.transaction(yard.tenant) as tx:
        (failed,) = await log.read(tx, 0, 1000, ["notice.failed"])
    assert (failed.data["for"], failed.data["error"]) == ([f"deliveries/{delivery.id}"], "no-address")
