"""Faces over the real API on a real database: off as it ships, with a reason, and what ends it works all the same. The
rest is lived with a check that stands in for the one that there is not; tests/prove/test_face.py looks with real eyes.
"""

import base64
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
import httpx2
import pytest

from cranny import people
from cranny.core.rng import SeededRng
from cranny.people import own
from cranny.people.face.checks import FaceCheck
from cranny.people.face.rule import SIZE, Outcome, pack
from cranny.people.face.seeing import Sight
from cranny.people.face.templates import COMPARED, Faces, forget_old
from cranny.platform import tenants
from cranny.platform.engines import PostgresAddress
from cranny.platform.keys import Keyring
from cranny.platform.permissions import Role
from cranny.wiring.audit import audit
from cranny.wiring.serving import join
from tests.people import house as home
from tests.people.house import FIREFOX, House

house = home.house
OFF = "/v1/privacy/face-check"
JSON = {"Content-Type": "application/json"}
ADA, BEN, PRINT = b"face 1", b"face 2", b"face 1, printed"
KEPT = "SELECT person FROM face_templates"


class ReadingEyes:
    """See what the picture says in words."""

    model = "words-1"

    def look(self, picture: bytes) -> Sight:
        word, _, rest = picture.decode().partition(" ")
        return Sight(None, (float(rest[0]) / 10,) * SIZE) if word == "face" else Sight(Outcome(word))


class BlindEyes(ReadingEyes):
    def look(self, picture: bytes) -> Sight:
        raise RuntimeError(f"the weights are broken, {len(picture)} bytes were not looked at")


class Suspicious:
    def alive(self, pictures: Sequence[bytes]) -> bool:
        return all(b"printed" not in picture for picture in pictures)


ON = FaceCheck(ReadingEyes, Suspicious())


@dataclass
class Person:
    id: UUID
    client: httpx2.AsyncClient

    async def enrol(self, *pictures: bytes, whose: UUID | None = None, agree: bool = True) -> httpx2.Response:
        shown = [base64.b64encode(one).decode() for one in pictures]
        return await self.client.put(f"/v1/people/{whose or self.id}/face", json={"agree": agree, "pictures": shown})


@asynccontextmanager
async def somebody(house: House, name: str, role: Role) -> AsyncIterator[Person]:
    async with house.parts.db.transaction(house.tenant) as tx:
        person = await people.remember(tx, people.Contact(email=f"{name}@example.org"))
        await people.give(tx, house.parts.keyring, person, role, by="test")
        cookie = await people.begin_session(tx, ("person", person), "link", FIREFOX, proven=True)
    async with house.browser() as client:
        client.cookies.set("cranny-session", cookie)
        yield Person(person, client)


@pytest.fixture
def on(house: House, monkeypatch: pytest.MonkeyPatch) -> House:
    """The same house, were there a liveness check."""
    monkeypatch.setattr(own, "installed", lambda: ON)
    house.app = join(house.parts)
    return house


async def kept(house: House) -> list[UUID]:
    async with house.parts.db.transaction(house.tenant) as tx:
        return [row["person"] for row in await tx.all(KEPT)]


def code(answer: httpx2.Response) -> tuple[int, Any]:
    return answer.status_code, answer.json()["code"]


async def test_as_it_ships_it_is_off_and_says_why_and_what_ends_it_works(house: House) -> None:
    async with somebody(house, "boss", Role.ADMIN) as admin, somebody(house, "ada", Role.RESIDENT) as ada:
        shown = (await admin.client.get(OFF)).json()
        assert (shown["possible"], shown["on"], shown["people"]) == (False, False, 0)
        assert "printed photograph" in shown["why_not"]
        refused = await admin.client.put(OFF, json={"on": True})
        assert code(refused) == (409, "face-check-off")
        assert "No liveness check" in refused.json()["detail"]
        assert code(await ada.enrol(ADA)) == (409, "face-check-off")
        assert (await admin.client.put(OFF, json={"on": False})).json() == shown
        assert (await ada.client.delete(f"/v1/people/{ada.id}/face")).status_code == 204
        faces = Faces(house.parts.db, house.parts.keyring, own.installed())
        assert await faces.compare(house.tenant, ada.id, [ADA], by="test") is Outcome.OFF
    assert await kept(house) == []
    assert await house.told("face_check.allowed") == []


async def test_both_have_to_want_it_and_nobody_can_for_somebody_else(on: House) -> None:
    async with somebody(on, "boss", Role.ADMIN) as admin, somebody(on, "ada", Role.RESIDENT) as ada:
        assert code(await ada.enrol(ADA)) == (409, "face-check-not-allowed")
        assert code(await ada.client.put(OFF, json={"on": True})) == (403, "not-allowed")
        assert (await admin.client.put(OFF, json={"on": True})).json()["on"] is True
        assert (await admin.client.put(OFF, json={"on": True})).status_code == 200
        assert code(await ada.enrol(ADA, agree=False)) == (400, "face-not-agreed")
        assert code(await admin.enrol(ADA, whose=ada.id)) == (403, "not-yours")
        async with on.browser(on.key) as program:
            assert (await Person(ada.id, program).enrol(ADA)).status_code == 403
        on.clock.pass_by(minutes=6)
        assert code(await ada.enrol(ADA)) == (403, "step-up-needed")
        assert await kept(on) == []
    async with somebody(on, "ada", Role.RESIDENT) as ada, somebody(on, "boss", Role.ADMIN) as admin:
        assert (await ada.enrol(ADA)).status_code == 200
        assert await kept(on) == [ada.id]
        assert (await admin.client.get(OFF)).json()["people"] == 1
        assert (await admin.client.delete(f"/v1/people/{ada.id}/face")).status_code == 204
        assert await kept(on) == []
        assert (await admin.client.delete(f"/v1/people/{on.tenant}/face")).status_code == 404
    assert len(await on.told("face_check.allowed")) == 1
    assert [event.subject for event in await on.told("face.enrolled")] == [f"persons/{ada.id}"]
    assert [event.data["by"] for event in await on.told("face.forgotten")] == [f"persons/{admin.id}"]


async def test_a_bad_picture_is_refused_with_what_is_wrong_with_it(on: House) -> None:
    async with somebody(on, "boss", Role.ADMIN) as admin:
        await admin.client.put(OFF, json={"on": True})
        wrong = {
            "not_live": [PRINT],
            "other": [ADA, BEN],
            **{flaw: [ADA, flaw.encode()] for flaw in ("no_face", "many_faces", "small", "dark", "unreadable")},
        }
        for flaw, pictures in wrong.items():
            answer = await admin.enrol(*pictures)
            assert (*code(answer), answer.json()["flaw"]) == (400, "face-refused", flaw)
        assert (await admin.enrol()).status_code == 400
        assert (await admin.enrol(*[ADA] * 9)).status_code == 400
        torn = await admin.client.put(f"/v1/people/{admin.id}/face", content=b"\x16", headers=JSON)
        assert torn.status_code == 400
    assert await kept(on) == []


async def test_one_is_compared_with_the_collector_and_with_nobody_else(on: House) -> None:
    async with somebody(on, "boss", Role.ADMIN) as admin, somebody(on, "ada", Role.RESIDENT) as ada:
        await admin.client.put(OFF, json={"on": True})
        await ada.enrol(ADA, ADA)
        await admin.enrol(BEN)
        faces = Faces(on.parts.db, on.parts.keyring, ON)

        async def seen(person: UUID, *pictures: bytes, by: Faces = faces) -> Outcome:
            return await by.compare(on.tenant, person, pictures, by="banks/1")

        assert [await seen(ada.id, one) for one in (ADA, BEN, PRINT, b"dark")] == ["same", "other", "not_live", "dark"]
        assert await seen(on.tenant, ADA) is Outcome.NOT_ENROLLED
        newer = type("Newer", (ReadingEyes,), {"model": "words-2"})
        assert await seen(ada.id, ADA, by=Faces(faces.db, faces.keyring, FaceCheck(newer, Suspicious()))) == (
            Outcome.NOT_ENROLLED
        )
        broken = Faces(faces.db, faces.keyring, FaceCheck(BlindEyes, Suspicious()))
        assert await seen(ada.id, ADA, by=broken) is Outcome.FAILED
        stranger = Faces(faces.db, Keyring(b"another master key, of 32 bytes!", rng=SeededRng(1)), ON)
        assert await seen(ada.id, ADA, by=stranger) is Outcome.FAILED
        assert await seen(ada.id) is Outcome.NO_FACE
    told = await on.told(COMPARED)
    assert [event.data["outcome"] for event in told] == [
        "same", "other", "not_live", "dark", "not_enrolled", "failed", "failed", "no_face",
    ]  # fmt: skip
    assert {event.subject for event in told} == {f"persons/{ada.id}"}


async def test_when_the_tenant_ends_it_every_template_goes_and_no_other_tenant_s(on: House) -> None:
    db = on.parts.db
    async with somebody(on, "boss", Role.ADMIN) as admin, somebody(on, "ada", Role.RESIDENT) as ada:
        await admin.client.put(OFF, json={"on": True})
        await admin.enrol(BEN)
        await ada.enrol(ADA)
        async with db.transaction() as tx:
            there, _ = await tenants.add_tenant(tx, "Elsewhere")
            other = House(on.parts, on.clock, on.box, there.tenant, "")
        async with somebody(other, "cleo", Role.ADMIN) as cleo:
            await cleo.client.put(OFF, json={"on": True})
            assert (await cleo.enrol(ADA)).status_code == 200
            assert (await cleo.client.delete(f"/v1/people/{ada.id}/face")).status_code == 404
        ended = (await admin.client.put(OFF, json={"on": False})).json()
        assert (ended["on"], ended["people"]) == (False, 0)
    assert (await kept(on), await kept(other)) == ([], [cleo.id])
    assert [event.data["templates"] for event in await on.told("face_check.ended")] == [2]


async def test_it_is_in_the_export_without_its_numbers_and_goes_with_the_person(
    on: House, database: PostgresAddress
) -> None:
    async with somebody(on, "boss", Role.ADMIN) as admin, somebody(on, "ada", Role.RESIDENT) as ada:
        await admin.client.put(OFF, json={"on": True})
        await ada.enrol(ADA)
        asked = await ada.client.post(f"/v1/people/{ada.id}/export", headers=on.once())
        said = asked.json()["sections"]["person"]["data"]["face"]
        assert said == {"model": "words-1", "created": "2026-03-02T09:00:00Z", "seen": "2026-03-02T09:00:00Z"}
        assert await numbers_in(database) == []
        await admin.client.put(f"/v1/people/{ada.id}/roles", json={"roles": []})
        gone = await admin.client.post(f"/v1/people/{ada.id}/erasure", json={"why": "asked"}, headers=on.once())
        assert gone.status_code == 200, gone.text
    assert await kept(on) == []
    assert await audit(on.parts.db) == []


async def test_a_face_that_is_not_seen_any_more_is_forgotten(on: House) -> None:
    db = on.parts.db
    async with somebody(on, "boss", Role.ADMIN) as admin, somebody(on, "ada", Role.RESIDENT) as ada:
        await admin.client.put(OFF, json={"on": True})
        await admin.enrol(BEN)
        await ada.enrol(ADA)
    on.clock.pass_by(days=100)
    assert await Faces(db, on.parts.keyring, ON).compare(on.tenant, ada.id, [ADA], by="banks/1") is Outcome.SAME
    async with db.transaction(on.tenant) as tx:
        assert await forget_old(tx, on.clock.now(), 10) == 1
    assert await kept(on) == [ada.id]


async def numbers_in(database: PostgresAddress) -> list[str]:
    """The tables that hold the numbers of Ada's template, as a superuser sees them."""
    assert database.admin_dsn is not None
    superuser = await asyncpg.connect(database.admin_dsn)
    found, clear = [], pack((0.1,) * SIZE)[:32]
    for row in await superuser.fetch("SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'"):
        pieces: list[bytes] = []

        async def take(data: bytes, into: list[bytes] = pieces) -> None:
            into.append(data)

        await superuser.copy_from_table(row["name"], output=take)
        text = b"".join(pieces)
        assert row["name"] != "face_templates" or len(text) > 1000, "there is nothing to be looked through"
        found += [row["name"]] if clear in text or clear.hex().encode() in text else []
    await superuser.close()
    return found
