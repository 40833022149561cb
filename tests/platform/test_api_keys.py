"""API keys over HTTP: shown once, good for what they say, until they expire or are revoked."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx2
import pytest
from litestar import Litestar

from cranny.platform import tenants
from cranny.platform.db import Database
from cranny.platform.server import create_server
from cranny.wiring.features import features
from tests.platform.conftest import parts, serve

pytestmark = pytest.mark.engines


@dataclass
class Desk:
    app: Litestar
    client: httpx2.AsyncClient
    db: Database
    tenant: UUID

    async def make(self, key: str = "", **asked: Any) -> httpx2.Response:
        headers = {"Idempotency-Key": self.db.rng.bytes(8).hex()} | bearer(key)
        body = {"label": "shop", "scopes": ["events:read"]} | asked
        return await self.client.post("/v1/api-keys", json=body, headers=headers)


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"} if key else {}


@pytest.fixture
async def desk(wide: Database) -> AsyncIterator[Desk]:
    async with wide.transaction() as tx:
        row, key = await tenants.add_tenant(tx, "Reading Room")
    made = parts(wide)
    app = create_server([route for feature in features() for route in feature.routes(made)], made)
    async with serve(app, key) as client:
        yield Desk(app, client, wide, row.tenant)


async def test_a_key_is_shown_once_and_opens_what_it_says(desk: Desk) -> None:
    answer = await desk.make(scopes=["events:read", "keys:read"])
    assert (answer.status_code, answer.headers["location"]) == (201, f"/v1/api-keys/{answer.json()['id']}")
    key = answer.json()["key"]
    assert key.startswith(f"{answer.json()['prefix']}_")
    assert (await desk.client.get("/v1/events", headers=bearer(key))).status_code == 200
    refused = await desk.client.get("/v1/banks", headers=bearer(key))
    assert (refused.status_code, refused.json()["code"], refused.json()["needs"]) == (
        403,
        "scope-missing",
        "banks:read",
    )
    assert (await desk.make(key)).json()["code"] == "scope-missing"
    listed = await desk.client.get("/v1/api-keys", headers=bearer(key))
    assert [item["label"] for item in listed.json()["items"]] == ["first", "shop"]
    assert key not in listed.text
    assert listed.json()["items"][1]["last_used"] is not None


async def test_the_verifier_is_stored_and_never_the_key(desk: Desk) -> None:
    made = (await desk.make()).json()
    secret = made["key"].removeprefix(made["prefix"])
    async with desk.db.transaction(desk.tenant) as tx:
        everything = [
            await tx.all("SELECT api_keys::text FROM api_keys"),
            await tx.all("SELECT directory::text FROM directory"),
            await tx.all("SELECT events::text FROM events"),
            await tx.all("SELECT idempotency::text, encode(body, 'escape') FROM idempotency"),
        ]
    assert secret not in str(everything)
    assert made["prefix"].removeprefix("crn_") in str(everything)


async def test_a_found_piece_of_a_key_tells_which_one_it_is(desk: Desk) -> None:
    wanted = (await desk.make(label="lost")).json()
    await desk.make(label="other")
    for piece in (wanted["prefix"], wanted["prefix"][4:10], wanted["key"][:30]):
        found = await desk.client.get("/v1/api-keys", params={"prefix": piece})
        assert [item["label"] for item in found.json()["items"]] == ["lost"]
    pages = [(await desk.client.get("/v1/api-keys", params={"limit": 2}))]
    pages.append(await desk.client.get(pages[0].links["next"]["url"]))
    assert [item["label"] for page in pages for item in page.json()["items"]] == ["first", "lost", "other"]


async def test_a_revoked_key_opens_nothing_and_stays_listed(desk: Desk) -> None:
    made = (await desk.make()).json()
    for _ in range(2):
        assert (await desk.client.delete(f"/v1/api-keys/{made['id']}")).status_code == 204
    assert (await desk.client.get("/v1/events", headers=bearer(made["key"]))).json()["code"] == "api-key-invalid"
    shown = (await desk.client.get(f"/v1/api-keys/{made['id']}")).json()
    assert shown["revoked"] is not None
    assert len((await desk.client.get("/v1/api-keys")).json()["items"]) == 1
    assert len((await desk.client.get("/v1/api-keys?revoked=true")).json()["items"]) == 2
    missing = await desk.client.delete(f"/v1/api-keys/{UUID(int=7)}")
    assert (missing.status_code, missing.json()["code"]) == (404, "api-key-not-found")


async def test_nobody_gives_more_or_for_longer_than_they_have(desk: Desk) -> None:
    now = desk.db.clock.now()
    end = now + timedelta(days=1)
    async with desk.db.transaction(desk.tenant) as tx:
        _, modest = await tenants.add_key(tx, label="modest", scopes=["keys:write", "events:read"], expires=end)
    late, past = (now + timedelta(days=2)).isoformat(), (now - timedelta(days=1)).isoformat()
    for asked, code in (
        ({"scopes": ["banks:read"], "expires": end.isoformat()}, "scope-missing"),
        ({"scopes": ["all"]}, "scope-personal"),
        ({"scopes": ["commands:write"]}, "scope-personal"),
        ({"scopes": ["parcels:read"]}, "scope-unknown"),
        ({"expires": late}, "expires-late"),
        ({}, "expires-late"),
        ({"expires": past}, "expires-passed"),
        ({"scopes": []}, "invalid"),
        ({"label": " "}, "invalid"),
        ({"expires": "2030-01-01T00:00:00"}, "invalid"),
    ):
        assert (await desk.make(modest, **asked)).json()["code"] == code, asked
    assert (await desk.make(modest, expires=end.isoformat())).status_code == 201
    # Nor may the first key of all make a second person.
    assert (await desk.make(scopes=["all"])).json()["code"] == "scope-personal"


async def test_a_programs_key_signs_nobody_in(desk: Desk) -> None:
    key = (await desk.make(scopes=["banks:write", "deliveries:write"])).json()["key"]
    answer = await desk.client.post("/v1/sign-in-links", headers={"Idempotency-Key": "k"} | bearer(key))
    assert answer.json()["code"] == "scope-missing"
    page = await desk.client.post("/sign-in", data={"key": key}, headers={"Origin": "http://server"})
    assert (page.status_code, page.cookies) == (200, {})


async def test_the_last_use_is_not_written_with_every_request(desk: Desk) -> None:
    made = (await desk.make()).json()
    versions = set()
    for _ in range(5):
        await desk.client.get("/v1/events", headers=bearer(made["key"]))
        async with desk.db.transaction(desk.tenant) as tx:
            versions.add(await tx.value("SELECT xmin::text FROM api_keys WHERE id = $1", UUID(made["id"])))
    assert len(versions) == 1
