"""The same request twice, or twenty times at once, has one effect."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from httpx2 import AsyncClient as Client
from litestar import Request, Response, post
from litestar.params import JSONBody

from cranny.core.clock import SystemClock
from cranny.core.errors import Refused
from cranny.core.events import NewEvent
from cranny.platform import events, tenants
from cranny.platform.db import Database, Tx
from cranny.platform.idempotency import Reply, once
from cranny.platform.own import FEATURE
from cranny.platform.permissions import Action
from cranny.platform.server import create_server
from cranny.usecases.privacy.keeping import forget
from tests.platform.conftest import parts, serve


class Wish(msgspec.Struct):
    name: str


class Granted(msgspec.Struct):
    id: UUID
    name: str


def routes(db: Database) -> list[Any]:
    @post("/v1/deliveries/wishes", needs=Action.DELIVERIES_EDIT)
    async def wish(request: Request[Any, Any, Any], data: JSONBody[Wish]) -> Response[Granted]:
        async def deed(tx: Tx) -> Reply:
            id_ = tx.ids.new()
            await events.record(tx, [NewEvent("wish.granted", f"wishes/{id_}")])
            if data.name == "the moon":
                raise Refused("Not that.", code="too-far")
            await asyncio.sleep(0.05)
            return Reply(
                201, Granted(id_, data.name), secret=data.name == "a key", location=f"/v1/deliveries/wishes/{id_}"
            )

        return await once(db, request, deed)

    return [wish]


@pytest.fixture
async def client(wide: Database) -> AsyncIterator[Client]:
    async with wide.transaction() as tx:
        _, key = await tenants.add_tenant(tx, "Reading Room")
    async with serve(create_server(routes(wide), parts(wide)), key) as client:
        yield client


async def wish(client: Client, key: str, name: str = "a book") -> Any:
    return await client.post("/v1/deliveries/wishes", json={"name": name}, headers={"Idempotency-Key": key})


async def granted(db: Database) -> int:
    total = 0
    for tenant in await tenants.every(db):
        async with db.transaction(tenant) as tx:
            total += await tx.value("SELECT count(*) FROM events WHERE type = 'wish.granted'")
    return total


async def test_a_repeated_request_gets_the_first_answer(client: Client, wide: Database) -> None:
    first = await wish(client, "k-1")
    again = await wish(client, "k-1")
    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()
    assert first.headers["location"] == again.headers["location"] == f"/v1/deliveries/wishes/{first.json()['id']}"
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert await granted(wide) == 1


async def test_twenty_at_once_have_one_effect(client: Client, wide: Database) -> None:
    answers = await asyncio.gather(*(wish(client, "k-2") for _ in range(20)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert await granted(wide) == 1


async def test_a_key_belongs_to_one_request(client: Client, wide: Database) -> None:
    await wish(client, "k-3")
    reused = await wish(client, "k-3", "another book")
    assert (reused.status_code, reused.json()["code"]) == (422, "idempotency-key-reused")
    assert await granted(wide) == 1


async def test_a_post_without_a_key_is_told_how(client: Client) -> None:
    missing = await client.post("/v1/deliveries/wishes", json={"name": "a book"})
    assert (missing.status_code, missing.json()["code"]) == (400, "idempotency-key-missing")
    strange = await wish(client, "k" * 256)
    assert (strange.status_code, strange.json()["code"]) == (400, "idempotency-key-invalid")


async def test_a_refused_deed_leaves_nothing_and_may_be_tried_again(client: Client, wide: Database) -> None:
    for _ in range(2):
        refused = await wish(client, "k-4", "the moon")
        assert (refused.status_code, refused.json()["code"]) == (409, "too-far")
    assert await granted(wide) == 0


async def test_a_secret_is_shown_once_and_not_kept(client: Client, wide: Database) -> None:
    first = await wish(client, "k-5", "a key")
    assert first.json()["name"] == "a key"
    again = await wish(client, "k-5", "a key")
    assert (again.status_code, again.json()["code"]) == (409, "secret-shown-once")
    tenant = max(await tenants.every(wide))  # the newest: the other one is the canary's
    async with wide.transaction(tenant) as tx:
        row = await tx.one("SELECT body, secret FROM idempotency WHERE key = 'k-5'")
    assert row is not None
    assert (row["body"], row["secret"]) == (None, True)
    assert await granted(wide) == 1


async def test_keys_are_forgotten_after_seven_days(client: Client, wide: Database) -> None:
    await wish(client, "k-6")
    tenant = max(await tenants.every(wide))  # the newest: the other one is the canary's
    (kept,) = [one for one in FEATURE.kept if one.kind == "answers"]
    assert await forget(wide, tenant, kept, kept.days) == 0
    wide.clock = _InEightDays()
    assert await forget(wide, tenant, kept, kept.days) == 1


class _InEightDays(SystemClock):
    def now(self) -> datetime:
        return super().now() + timedelta(days=8)
