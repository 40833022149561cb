"""SCIM over HTTP, with a client and a conformance tester of others, and what it comes to here."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
import uvicorn

from cranny import people
from cranny.platform import tenants
from tests.journeys.house import free_port
from tests.people.house import House

USERS, GROUPS = "/scim/v2/Users", "/scim/v2/Groups"
ADA: dict[str, Any] = {
    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
    "userName": "bo@example.org",
    "externalId": "4711",
    "name": {"givenName": "Bo", "familyName": "Example"},
    "emails": [{"value": "bo@example.org", "primary": True, "type": "work"}],
    "phoneNumbers": [{"value": "+420601234567"}],
    "preferredLanguage": "de_DE",
    "active": True,
}
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


async def key_of(house: House, *scopes: str) -> str:
    async with house.parts.db.transaction(house.tenant) as tx:
        return (await tenants.add_key(tx, label="idp", scopes=list(scopes)))[1]


@pytest.fixture
async def idp(house: House) -> AsyncIterator[httpx2.AsyncClient]:
    """What another system asks with."""
    async with house.browser(await key_of(house, "people:provision")) as client:
        yield client


async def roles(house: House, email: str) -> list[tuple[str, str]]:
    async with house.parts.db.transaction(house.tenant) as tx:
        has = await people.memberships(tx)
        found = await people.contacts(tx, list(has))
    return sorted((row.role, row.source) for id_, rows in has.items() for row in rows if found[id_].email == email)


def patch(*operations: dict[str, Any]) -> dict[str, Any]:
    return {"schemas": [PATCH], "Operations": list(operations)}


@asynccontextmanager
async def served(house: House) -> AsyncIterator[str]:
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(house.app, port=port, log_level="error", lifespan="off"))
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - it tells nobody else
        await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{port}/scim/v2"
    server.should_exit = True
    await task


async def test_it_conforms(house: House) -> None:
    # Here: they take seconds to load, in each process of the run.
    from scim2_client.engines.httpx2 import SyncSCIMClient
    from scim2_tester import Status, check_server

    key = await key_of(house, "people:provision")
    async with served(house) as url:

        def check() -> list[Any]:
            headers = {"Authorization": f"Bearer {key}"}
            with httpx2.Client(base_url=url, headers=headers, timeout=60) as http:
                client = SyncSCIMClient(http)
                client.discover()
                return list(check_server(client))

        results = await asyncio.to_thread(check)
    bad = [f"{one.title}: {one.reason}" for one in results if one.status not in (Status.SUCCESS, Status.SKIPPED)]
    assert not bad, "\n".join(bad)
    assert Counter(one.status for one in results)[Status.SUCCESS] > 50


async def test_a_user_comes_changes_and_goes(house: House, idp: httpx2.AsyncClient) -> None:
    made = await idp.post(USERS, json=ADA)
    assert (made.status_code, made.headers["content-type"]) == (201, "application/scim+json")
    user = made.json()
    assert made.headers["location"] == user["meta"]["location"] == f"http://server{USERS}/{user['id']}"
    assert made.headers["etag"] == user["meta"]["version"]
    again = await idp.post(USERS, json=ADA)
    assert (again.status_code, again.json()["scimType"]) == (409, "uniqueness")
    assert again.json()["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]
    for wanted in ('userName eq "BO@example.org"', 'externalId eq "4711"', 'emails.value eq "bo@example.org"'):
        found = (await idp.get(USERS, params={"filter": wanted})).json()
        assert [one["id"] for one in found["Resources"]] == [user["id"]], wanted
    assert (await idp.get(USERS, params={"filter": 'userName eq "x"'})).json()["totalResults"] == 0
    assert (await idp.get(USERS, params={"filter": "userName eq"})).json()["scimType"] == "invalidFilter"
    assert await roles(house, "bo@example.org") == []

    group = (await idp.post(GROUPS, json={"displayName": "Operator", "members": [{"value": user["id"]}]})).json()
    assert await roles(house, "bo@example.org") == [("operator", "scim")]
    assert (await idp.get(f"{USERS}/{user['id']}")).json()["groups"][0]["display"] == "Operator"
    async with house.browser() as bo:
        await bo.post("/sign-in/mail", data={"email": "bo@example.org"})
        await house.come_in(bo, "bo@example.org")
        assert (await bo.get("/v1/self")).status_code == 200
        # As Entra writes it.
        off = patch({"op": "Replace", "path": "active", "value": False})
        gone = await idp.patch(f"{USERS}/{user['id']}", json=off)
        assert (gone.status_code, gone.json()["active"]) == (200, False)
        assert (await bo.get("/v1/self")).status_code == 401
    assert await roles(house, "bo@example.org") == []
    assert len(await house.told("person.moved_out")) == 1
    on = patch({"op": "add", "value": {"active": True}})
    assert (await idp.patch(f"{USERS}/{user['id']}", json=on)).status_code == 200
    assert await roles(house, "bo@example.org") == [("operator", "scim")]
    left = patch({"op": "remove", "path": f'members[value eq "{user["id"]}"]'})
    assert (await idp.patch(f"{GROUPS}/{group['id']}", json=left)).status_code == 200
    assert await roles(house, "bo@example.org") == []
    assert len(await house.told("person.moved_out")) == 2
    assert (await idp.delete(f"{USERS}/{user['id']}")).status_code == 204
    missing = await idp.get(f"{USERS}/{user['id']}")
    assert (missing.status_code, missing.json()["status"]) == (404, "404")
    assert (await idp.get(f"{USERS}/no-id")).status_code == 404


async def test_who_was_slower_is_told(idp: httpx2.AsyncClient) -> None:
    user = (await idp.post(USERS, json=ADA)).json()
    url, version = f"{USERS}/{user['id']}", user["meta"]["version"]
    changed = await idp.put(url, json={**ADA, "displayName": "Bo"}, headers={"If-Match": version})
    assert (changed.status_code, changed.json()["displayName"]) == (200, "Bo")
    assert changed.json()["meta"]["version"] != version
    stale = await idp.patch(
        url, json=patch({"op": "replace", "path": "displayName", "value": "X"}), headers={"If-Match": version}
    )
    assert (stale.status_code, stale.json()["status"]) == (412, "412")
    assert (await idp.delete(url, headers={"If-Match": version})).status_code == 412
    same = await idp.get(url, headers={"If-None-Match": changed.json()["meta"]["version"]})
    assert same.status_code == 304


async def test_nobody_is_taken_over_and_no_admin_is_made(house: House, idp: httpx2.AsyncClient) -> None:
    async with house.browser() as ada:
        await house.found(ada)
        owner = {**ADA, "userName": "ada", "externalId": "1", "emails": [{"value": "ada@example.org"}]}
        user = (await idp.post(USERS, json=owner)).json()
        evil = [{"value": "evil@example.org"}]
        moved = await idp.patch(f"{USERS}/{user['id']}", json=patch({"op": "replace", "path": "emails", "value": evil}))
        assert (moved.status_code, moved.json()["scimType"]) == (400, "mutability")
        other = (await idp.post(USERS, json=ADA)).json()
        taken = await idp.put(f"{USERS}/{other['id']}", json={**ADA, "emails": [{"value": "ada@example.org"}]})
        assert (taken.status_code, taken.json()["scimType"]) == (409, "uniqueness")
        admin = await idp.put(f"{USERS}/{other['id']}", json={**ADA, "roles": [{"value": "admin"}]})
        assert (admin.status_code, admin.json()["scimType"]) == (400, "invalidValue")
        await idp.post(GROUPS, json={"displayName": "admin", "members": [{"value": other["id"]}]})
        assert await roles(house, "bo@example.org") == []
        assert (await idp.put(f"{USERS}/{other['id']}", json={**ADA, "roles": [{"value": "clerk"}]})).status_code == 200
        assert await roles(house, "bo@example.org") == [("clerk", "scim")]
        renamed = {**ADA, "userName": "bo.new@example.org", "emails": [{"value": "bo.new@example.org"}]}
        assert (
            await idp.put(f"{USERS}/{other['id']}", json={**renamed, "roles": [{"value": "clerk"}]})
        ).status_code == 200
        assert await roles(house, "bo.new@example.org") == [("clerk", "scim")]
        last = await idp.delete(f"{USERS}/{user['id']}")
        assert (last.status_code, "last-admin" in last.json()["detail"]) == (409, True)
        assert await roles(house, "ada@example.org") == [("admin", "")]


async def test_an_admin_says_what_a_group_stands_for(house: House, idp: httpx2.AsyncClient) -> None:
    user = (await idp.post(USERS, json=ADA)).json()
    group = (await idp.post(GROUPS, json={"displayName": "IT crew", "members": [{"value": user["id"]}]})).json()
    async with house.browser() as ada:
        await house.found(ada)
        (shown,) = (await ada.get("/v1/scim-groups")).json()["items"]
        assert (shown["name"], shown["role"], shown["members"]) == ("IT crew", None, 1)
        url = f"/v1/scim-groups/{group['id']}"
        assert (await ada.put(url, json={"role": "admin"})).json()["role"] == "admin"
        assert await roles(house, "bo@example.org") == [("admin", "scim")]
        assert (await ada.put(url, json={"role": None})).status_code == 200
        assert await roles(house, "bo@example.org") == []
        nowhere = {"role": "clerk", "site": "019cadc6-9a80-7e34-8a5c-0c8a3c8b1d11"}
        assert (await ada.put(url, json=nowhere)).json()["code"] == "site-not-found"
    assert (await idp.put(url, json={"role": "admin"})).status_code == 403


async def test_it_is_for_its_own_scope_and_says_no_in_its_own_words(house: House) -> None:
    async with house.browser() as nobody, house.browser(house.key) as everything:
        for client, status in ((nobody, 401), (everything, 403)):
            for path in (USERS, "/scim/v2/Schemas", f"{GROUPS}/x"):
                answer = await client.get(path)
                assert (answer.status_code, answer.json()["status"]) == (status, str(status)), answer.text
                assert answer.headers["content-type"] == "application/scim+json"
    async with house.browser(await key_of(house, "people:provision")) as idp:
        for body in (b"", b"[]", b"{", b"\xff", b'{"userName": 1}', b"{}"):
            answer = await idp.post(USERS, content=body)
            assert answer.status_code == 400, body
            assert answer.json()["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]
        stranger = {"displayName": "X", "members": [{"value": "019cadc6-9a80-7e34-8a5c-0c8a3c8b1d11"}]}
        assert (await idp.post(GROUPS, json=stranger)).json()["scimType"] == "invalidValue"


async def test_twenty_times_at_once_is_once(house: House, idp: httpx2.AsyncClient) -> None:
    """Such systems know no `Idempotency-Key`: a name is what makes it one."""
    for path, body in ((USERS, ADA), (GROUPS, {"displayName": "Operator"})):
        answers = await asyncio.gather(*(idp.post(path, json=body) for _ in range(20)))
        assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 19}
        assert {answer.json().get("scimType") for answer in answers} == {None, "uniqueness"}
        assert (await idp.get(path)).json()["totalResults"] == 1
    async with house.parts.db.transaction(house.tenant) as tx:
        assert await tx.value("SELECT count(*) FROM persons WHERE tenant = $1", tx.tenant) == 1
