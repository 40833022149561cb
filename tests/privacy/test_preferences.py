"""What somebody wishes for is honoured: by which channel, when, at which door; and they choose it themselves."""

import re
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from cranny import people
from cranny.platform.permissions import Role
from cranny.usecases.privacy import keeping

from .conftest import Office

ADA = {"name": "Ada", "email": "ada@example.org", "phone": "+4915112345678", "language": "en"}
LINK = re.compile(r"http://here/choose#([0-9a-f]{40})")


async def stored(office: Office, tracking: str = "JD 01", recipient: dict[str, str] = ADA) -> tuple[UUID, UUID]:
    """(person, grant) of something that has just been put behind a door and that nobody was told of yet."""
    shown = await office.yard.announce(tracking, recipient=recipient)
    await office.yard.work()
    door = f"A{office.yard.boxes + len(office.yard.box.generations) - 1}"
    office.yard.box.deposit(shown.id, door=door, grant=shown.grants.collect)
    await office.yard.box.sync()
    await office.yard.work()
    assert shown.recipient is not None
    assert shown.grants.collect is not None
    return shown.recipient, shown.grants.collect


async def notice(office: Office, client: Any, grant: UUID) -> Any:
    (one,) = (await client.get("/v1/notices", params={"grant": str(grant)})).json()["items"]
    return one


async def choose(client: Any, person: UUID, **more: Any) -> Any:
    answer = await client.put(f"/v1/people/{person}/preferences", json=more)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_the_channel_that_is_wished_for_and_none_that_was_refused(office: Office) -> None:
    async with office.client() as client:
        person, grant = await stored(office)
        shown = await choose(client, person, channels=["sms", "email"])
        assert (shown["channels"], shown["language"], shown["consents"]) == (["sms", "email"], "en", [])
        await office.send()
        assert (await notice(office, client, grant))["channel"] == "sms"
        assert office.box.to("ada@example.org") == []

        # STOP by SMS: the other channel is used, for whoever has this number.
        stop = {"channel": "sms", "address": "+49 151 12345678"}
        assert await office.post(client, "/v1/channel-stops", stop) == {"persons": 1}
        _, second = await stored(office, "JD 02")
        await office.send()
        assert (await notice(office, client, second))["channel"] == "email"
        said = (await client.get(f"/v1/people/{person}/preferences")).json()["consents"]
        assert [(one["channel"], one["given"], one["how"]) for one in said] == [("sms", False, "stop")]

        # None is left: nobody is told, and whoever runs the bank can see that, and why.
        no = {"consents": {"email": False}, "how": "told the desk"}
        await office.post(client, f"/v1/people/{person}/consents", no)
        _, third = await stored(office, "JD 03")
        await office.send()
        failed = await notice(office, client, third)
        assert (failed["state"], failed["error"]) == ("failed", "no-consent")
        events = (await client.get("/v1/events", params={"type": "notice.failed"})).json()["items"]
        assert [one["data"]["error"] for one in events] == ["no-consent"]
        # They change their mind.
        yes = {"consents": {"email": True, "sms": True}, "how": "signed form"}
        await office.post(client, f"/v1/people/{person}/consents", yes)
        await office.yard.follow()
        told = (await client.get("/v1/events", params={"subject": f"persons/{person}"})).json()["items"]
        kinds = [one["type"].removeprefix("person.") for one in told if "consent" in one["type"]]
        assert kinds == ["consent_withdrawn", "consent_withdrawn", "consent_given", "consent_given"]
        assert told[-1]["data"]["how"] == "signed form"


async def test_a_language_that_they_chose_stays_whatever_a_sender_says(office: Office) -> None:
    async with office.client() as client:
        first = await office.yard.announce("JD 01", recipient={**ADA, "language": "pl"})
        assert first.recipient is not None
        assert (await client.get(f"/v1/people/{first.recipient}/preferences")).json()["language"] == "pl"
        await choose(client, first.recipient, language="de")
        await office.yard.announce("JD 02", recipient={**ADA, "language": "pl"})
        await choose(client, first.recipient)
        assert (await client.get(f"/v1/people/{first.recipient}/preferences")).json()["language"] == "de"


async def test_what_can_wait_waits_until_the_quiet_hours_end(office: Office) -> None:
    office.yard.clock.moment = datetime(2026, 3, 2, 22, 30, tzinfo=UTC)  # 23:30 in Prague, where the bank is
    async with office.client() as client:
        person, grant = await stored(office)
        await choose(client, person, quiet={"from": "22:00", "to": "07:00"})
        await office.send()
        held = await notice(office, client, grant)
        assert (held["state"], held["held_until"]) == ("queued", "2026-03-03T06:00:00Z")
        assert office.box.to("ada@example.org") == []
        assert await office.violations() == []
        # Chosen before it was written: the job is not even due.
        _, second = await stored(office, "JD 02")
        assert (await notice(office, client, second))["held_until"] == "2026-03-03T06:00:00Z"
        office.yard.clock.pass_by(hours=7, minutes=30)
        await office.send()
        assert [(await notice(office, client, one))["state"] for one in (grant, second)] == ["sent", "sent"]
        assert len(office.box.to("ada@example.org")) == 2


async def test_a_low_door_is_preferred_and_not_insisted_on(office: Office) -> None:
    async with office.client() as client:
        shown = await office.yard.announce("JD 01", recipient=ADA)
        assert shown.recipient is not None
        await choose(client, shown.recipient, low_doors=True)
        assert (await client.get(f"/v1/people/{shown.recipient}/preferences")).json()["low_doors"]
        # Every door here is within seated reach: at another bank none is.
        text = (
            "name: High\ntimezone: Europe/Prague\nsite: Corner\ntowers:\n  - name: A\n    compartments:\n"
            "      - {label: A1, width: 380, height: 190, depth: 640, centre: 1700, unit: 1, channel: 1}\n"
        )
        from cranny import sites

        async with office.yard.db.transaction(office.yard.tenant) as tx:
            high = await sites.add_bank(tx, sites.read_yaml(text))
        there = await office.yard.announce("JD 02", recipient=ADA, bank=str(high.id))
        given = [one for one in await office.yard.given() if getattr(one, "delivery", None) == shown.id]
        assert [one.seated for one in given] == [False]  # announced before they chose
        assert there.requirements.seated
        moved = await office.yard.announce("JD 03", recipient=ADA)
        assert moved.requirements.seated
        await office.yard.cancel(there.id)
        assert (await office.yard.reroute(moved.id, high.id)).bank == high.id
        strict = {
            "bank": str(high.id), "items": [{"tracking": "JD 04", "size": "S"}], "recipient": ADA,
            "requirements": {"seated": True},
        }  # fmt: skip
        refused = await office.post(client, "/v1/deliveries", strict, 409)
        assert refused["code"] == "no-such-door"


async def test_they_choose_for_themselves_with_a_link_that_works_once(office: Office) -> None:
    async with office.client() as client, office.client(Role.ADMIN) as admin:
        asked = await admin.put("/v1/privacy", json={"ask": True})
        assert asked.json()["ask"]
        office.yard.clock.pass_by(minutes=1)
        shown = await office.yard.announce("JD 01", recipient=ADA)
        assert await keeping.ask(office.yard.db, office.yard.tenant) == 1
        assert await keeping.ask(office.yard.db, office.yard.tenant) == 0
        await office.send()
        (letter,) = office.box.to("ada@example.org")
        found = LINK.search(letter.message.get_body(("plain",)).get_content())
        assert found is not None
        client.headers.pop("Authorization")
        held = {"token": found[1]}
        assert 'action="/choose/shown"' in (await client.get("/choose")).text
        page = (await client.post("/choose/shown", data=held)).text
        assert "a…@example.org" in page
        assert "…678" in page
        assert "ada@example.org" not in page
        wrong = {"use": "sms", "quiet": "1", "start": "22:00", "end": "22:00"}
        assert "two different times" in (await client.post("/choose/saved", data=wrong | held)).text
        form = {
            "use": "sms",
            "first": "sms",
            "quiet": "1",
            "start": "21:00",
            "end": "08:30",
            "low": "1",
            "language": "de",
        }
        saved = await client.post("/choose/saved", data=form | held)
        assert "Gespeichert" in saved.text
        assert (
            "schon benutzt" in (await client.post("/choose/shown", data=held, headers={"Accept-Language": "de"})).text
        )
        async with office.client() as key:
            now = (await key.get(f"/v1/people/{shown.recipient}/preferences")).json()
        assert (now["channels"], now["low_doors"], now["language"]) == (["sms"], True, "de")
        assert now["quiet"] == {"from": "21:00", "to": "08:30", "zone": ""}
        assert {one["channel"]: one["given"] for one in now["consents"]} == {"email": False, "sms": True}


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        ({"channels": ["pigeon"]}, "channels-invalid"),
        ({"channels": ["sms", "sms"]}, "channels-invalid"),
        ({"channels": ["console"]}, "channels-invalid"),
        ({"quiet": {"from": "22:00", "to": "22:00"}}, "quiet-invalid"),
        ({"quiet": {"from": "22:00", "to": "07:00", "zone": "Mars/Crater"}}, "quiet-invalid"),
        ({"quiet": {"from": "24:00", "to": "07:00"}}, "invalid"),
        ({"language": "klingon"}, "language-invalid"),
    ],
)
async def test_what_makes_no_sense_is_refused(office: Office, wish: Any, code: str) -> None:
    async with office.yard.db.transaction(office.yard.tenant) as tx:
        person = await people.remember(tx, people.Contact(email="ada@example.org"))
    async with office.client() as client:
        answer = await client.put(f"/v1/people/{person}/preferences", json=wish)
        assert answer.json()["code"] == code, answer.text
