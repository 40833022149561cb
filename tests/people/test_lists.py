"""Residents and staff by CSV, over the real API on a real database."""

import asyncio
from typing import Any
from uuid import UUID

import httpx2
import pytest

from cranny import people
from cranny.people.lists.following import end_due
from cranny.platform import tenants
from cranny.platform.permissions import Role
from tests.people.house import House

STAFF = "email;name;role\nborg@example.org;Bòrg;operator\ncleo@example.org;Cleo;clerk\n"
URL = "/v1/people/imports"


async def send(client: httpx2.AsyncClient, house: House, text: str, raw: bytes = b"", **asked: Any) -> Any:
    headers = {"Content-Type": "text/csv"} | (asked.pop("once", None) or house.once())
    said = {name: str(value).lower() for name, value in asked.items()}
    return await client.post(URL, content=raw or text.encode(), params=said, headers=headers)


async def everybody(house: House) -> dict[str, list[str]]:
    async with house.parts.db.transaction(house.tenant) as tx:
        has = await people.memberships(tx)
        found = await people.members(tx, after=UUID(int=0), limit=500)
    return {known.email or "": sorted(row.role for row in has[id_]) for id_, known in found}


async def test_looked_at_then_followed_and_again_nothing_changes(house: House) -> None:
    async with house.browser() as ada:
        await house.found(ada)
        look = (await send(ada, house, STAFF, STAFF.encode("cp1252"))).json()
        assert (look["done"], look["created"], look["encoding"], look["encoding_guessed"]) == (False, 2, "cp1252", True)
        assert list(await everybody(house)) == ["ada@example.org"]
        once = house.once()
        every = await asyncio.gather(*(send(ada, house, STAFF, apply=True, invite=True, once=once) for _ in range(8)))
        assert {(answer.status_code, answer.text) for answer in every} == {(200, every[0].text)}
        assert every[0].json()["done"]
        assert await everybody(house) == {
            "ada@example.org": ["admin"],
            "borg@example.org": ["operator"],
            "cleo@example.org": ["clerk"],
        }
        reused = await send(ada, house, STAFF, apply=True, full=True, once=once)
        assert (reused.status_code, reused.json()["code"]) == (422, "idempotency-key-reused")
        again = (await send(ada, house, STAFF, apply=True, full=True)).json()
        assert (again["unchanged"], again["people"]) == (2, [])
        assert "borg" not in every[0].text
        (told, _) = await house.told("people.list_followed")
        assert told.data["created"] == 2
        assert len(await house.told("person.invited")) == 2
        entry = (await house.told("audit.import_people"))[0]
        assert entry.data["on"] == URL
        assert (await ada.get(URL)).json()["items"][0]["people"] == 2
    async with house.browser() as borg:
        assert (await house.come_in(borg, "borg@example.org")).status_code == 303


async def test_while_a_line_is_wrong_nothing_is_done(house: House) -> None:
    async with house.browser() as ada:
        await house.found(ada)
        wrong = STAFF + "dora@example;Dora;boss\n"
        look = (await send(ada, house, wrong)).json()
        assert [(flaw["line"], flaw["column"], flaw["code"]) for flaw in look["flaws"]] == [
            (4, "email", "email-invalid"),
            (4, "role", "role-unknown"),
        ]
        answer = await send(ada, house, wrong, apply=True)
        assert (answer.status_code, answer.json()["code"], answer.json()["wrong"]) == (409, "list-flawed", 2)
        assert answer.json()["flaws"] == look["flaws"]
        assert list(await everybody(house)) == ["ada@example.org"]
        assert (await send(ada, house, "x")).json()["code"] == "list-heading"
        json = await ada.post(URL, json={}, headers=house.once())
        assert (json.status_code, json.json()["code"]) == (400, "not-csv")


async def test_who_moves_out_is_signed_out_and_keeps_what_others_gave(house: House) -> None:
    async with house.browser() as ada, house.browser() as borg, house.browser() as cleo:
        await house.found(ada)
        await send(ada, house, STAFF, apply=True, invite=True)
        await house.come_in(borg, "borg@example.org")
        await house.come_in(cleo, "cleo@example.org")
        ids = {one["email"]: one["id"] for one in (await ada.get("/v1/people")).json()["items"]}
        roles = {"roles": [{"role": "clerk"}, {"role": "auditor"}]}
        assert (await ada.put(f"/v1/people/{ids['cleo@example.org']}/roles", json=roles)).status_code == 200
        gone = "email;role;until\nborg@example.org;operator;2026-03-01\n"
        done = (await send(ada, house, gone, apply=True, full=True)).json()
        assert [(deed["line"], deed["outcome"]) for deed in done["people"]] == [(2, "ended"), (None, "ended")]
        assert await everybody(house) == {"ada@example.org": ["admin"], "cleo@example.org": ["auditor"]}
        assert (await borg.get("/v1/self")).status_code == 401
        assert (await cleo.get("/v1/self")).status_code == 200
        assert [event.subject for event in await house.told("person.moved_out")] == [
            f"persons/{ids['borg@example.org']}"
        ]
        await borg.post("/sign-in/mail", data={"email": "borg@example.org"})
        before = len(house.box.to("borg@example.org"))
        await house.send()
        assert len(house.box.to("borg@example.org")) == before


async def test_time_ends_what_a_list_gave(house: House) -> None:
    async with house.browser() as ada:
        await house.found(ada)
        await send(ada, house, "email;role;until\nborg@example.org;resident;2026-03-02\n", apply=True)
        sweep = {"keyring": house.parts.keyring}
        assert await end_due(house.parts.db, house.tenant, **sweep) == 0
        house.clock.pass_by(days=1)
        assert await end_due(house.parts.db, house.tenant, **sweep) == 1
        assert await everybody(house) == {"ada@example.org": ["admin"]}
        assert len(await house.told("person.moved_out")) == 1
        assert await end_due(house.parts.db, house.tenant, **sweep) == 0


async def test_a_wrong_file_does_not_empty_the_house_and_an_admin_stays(house: House) -> None:
    async with house.browser() as ada:
        await house.found(ada)
        rows = "".join(f"p{n}@example.org;resident\n" for n in range(30))
        await send(ada, house, f"email;role\n{rows}", apply=True)
        short = "email;role\np1@example.org;resident\n"
        refused = await send(ada, house, short, apply=True, full=True)
        assert (refused.json()["code"], refused.json()["missing"]) == ("too-many-missing", 29)
        assert len(await everybody(house)) == 31
        assert (await send(ada, house, short, apply=True, full=True, ending=29)).json()["ended"] == 29
        assert len(await everybody(house)) == 2


async def test_a_key_needs_a_scope_of_its_own_and_makes_no_admins(house: House) -> None:
    async with house.parts.db.transaction(house.tenant) as tx:
        _, narrow = await tenants.add_key(tx, label="list", scopes=["people:provision"])
        _, broad = await tenants.add_key(tx, label="people", scopes=["people:write"])
    async with house.browser(house.key) as everything, house.browser(narrow) as key, house.browser(broad) as other:
        assert (await send(everything, house, STAFF)).json()["code"] == "not-allowed"
        assert (await send(other, house, STAFF)).json()["code"] == "scope-missing"
        assert (await send(key, house, STAFF, apply=True)).json()["created"] == 2
        admin = (await send(key, house, "email;role\neve@example.org;admin\n")).json()
        assert [flaw["code"] for flaw in admin["flaws"]] == ["role-refused"]
        assert (await send(key, house, "email\neve@example.org\n", role="admin")).json()["code"] == "role-refused"
        assert (await key.get("/v1/people")).json()["code"] == "scope-missing"
        async with house.parts.db.transaction(house.tenant) as tx:
            held = await people.memberships(tx)
        assert {(row.role, row.source) for rows in held.values() for row in rows} == {
            (Role.OPERATOR, "list:default"),
            (Role.CLERK, "list:default"),
        }
        made = await everything.post(
            "/v1/api-keys", json={"label": "x", "scopes": ["people:provision"]}, headers=house.once()
        )
        assert made.json()["code"] == "scope-personal"


@pytest.mark.prove
async def test_ten_thousand_lines(house: House) -> None:
    rows = "".join(f"{n};p{n}@example.org;Person {n};+42060{n:07};cs;resident;{n % 400}\n" for n in range(10_000))
    text = f"external_id;email;name;phone;language;role;unit\n{rows}"
    async with house.parts.db.transaction(house.tenant) as tx:
        _, key = await tenants.add_key(tx, label="list", scopes=["people:provision"])
    async with house.browser(key) as client:
        began = asyncio.get_running_loop().time()
        done = (await send(client, house, text, apply=True)).json()
        took = asyncio.get_running_loop().time() - began
        assert (done["created"], done["wrong"]) == (10_000, 0)
        again = (await send(client, house, text, apply=True, full=True)).json()
        assert (again["unchanged"], again["people"]) == (10_000, [])
        assert took < 60
