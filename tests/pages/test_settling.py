"""What does not fit is settled from the wall, with a note, by whoever may."""

from contextlib import asynccontextmanager
from uuid import UUID

import httpx2
import pytest

from cranny import fleet, people
from cranny.pages.operator import FEATURE
from cranny.platform.permissions import Role
from cranny.platform.server import create_server
from cranny.wire.kinds import DoorForced

AGENT = "test"


@asynccontextmanager
async def signed_in(yard, role: Role):
    app = create_server(list(FEATURE.routes(yard.parts)), yard.parts, visitors=people.Visitors(yard.db))
    async with yard.db.transaction(yard.tenant) as tx:
        person = await people.remember(tx, people.Contact(email=f"{role}@staff.example"))
        await people.give(tx, yard.keyring, person, role, by="test")
        cookie = await people.begin_session(tx, ("person", person), "link", AGENT, proven=False)
    headers, cookies = {"User-Agent": AGENT}, {"cranny-session": cookie}
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(
        transport=transport, base_url="http://server", headers=headers, cookies=cookies
    ) as it:
        yield it


@pytest.fixture
async def odd(yard) -> str:
    """The address of something that contradicts."""
    async with yard.db.transaction(yard.tenant) as tx:
        await fleet.raise_anomaly(tx, yard.box.bank, "unknown_grant", f"banks/{yard.box.bank}/doors/A1", {})
        _, (one,) = await fleet.newest_anomalies(tx, yard.box.bank, 5)
    return f"/walls/{yard.box.bank}/anomalies/{one.id}"


async def test_a_technician_settles_what_does_not_fit(yard, odd: str) -> None:
    wall = f"/walls/{yard.box.bank}"
    async with signed_in(yard, Role.TECHNICIAN) as client:
        assert f'href="{odd}"' in (await client.get(wall)).text
        question = await client.get(odd, headers={"HX-Request": "true"})
        assert "The bank speaks of something unknown" in question.text
        assert "<html" not in question.text
        assert "What was found and done?" in (await client.get(odd)).text  # a page of its own without script
        assert "in a few words" in (await client.post(odd, data={"note": "  "})).text
        done = await client.post(odd, data={"note": "Looked behind A1:  it was empty."})
        assert (done.status_code, done.headers["location"]) == (303, wall)
        assert odd not in (await client.get(wall)).text
    async with yard.db.transaction(yard.tenant) as tx:
        settled = await fleet.get_anomaly(tx, UUID(odd.rpartition("/")[2]))
    assert (settled.state, settled.note) == (fleet.AnomalyState.SETTLED, "Looked behind A1: it was empty.")


async def test_who_may_only_look_has_no_button_and_an_anomaly_belongs_to_its_bank(yard, odd: str) -> None:
    async with signed_in(yard, Role.AUDITOR) as client:
        page = (await client.get(f"/walls/{yard.box.bank}")).text
        assert ("To look at" in page, odd in page) == (True, False)
        assert (await client.post(odd, data={"note": "x"})).status_code == 403
    async with signed_in(yard, Role.OPERATOR) as client:
        nowhere = "019cadc6-9a80-7f00-9d0e-2f5f6b1c5a10"
        for path in (odd.replace(str(yard.box.bank), nowhere), f"/walls/{yard.box.bank}/alarms/{nowhere}"):
            assert (await client.post(path, data={"note": "x"})).status_code == 404


async def test_an_alarm_is_said_to_be_seen_from_the_wall(yard) -> None:
    yard.box.write(DoorForced("A1"))
    await yard.box.sync()
    await yard.follow()
    async with yard.db.transaction(yard.tenant) as tx:
        (alarm,) = await fleet.live_alarms(tx, yard.box.bank)
    wall = f"/walls/{yard.box.bank}"
    path = f"{wall}/alarms/{alarm.id}"
    async with signed_in(yard, Role.OPERATOR) as client:
        assert f'href="{path}"' in (await client.get(wall)).text
        assert "ends by itself" in (await client.get(path)).text
        assert (await client.post(path, data={"note": "Somebody leant on it."})).headers["location"] == wall
        page = (await client.get(wall)).text
        assert (path in page, "seen" in page) == (False, True)
    async with yard.db.transaction(yard.tenant) as tx:
        seen = await fleet.get_alarm(tx, alarm.id)
    assert (seen.state, seen.note) == (fleet.AlarmState.ACKNOWLEDGED, "Somebody leant on it.")
