"""Webhooks over HTTP, from an endpoint to the log of its deliveries."""

import asyncio
from collections.abc import AsyncIterator
from itertools import count
from typing import Any
from uuid import UUID

import httpx2
import pytest
from standardwebhooks.webhooks import Webhook

from cranny.platform import tenants
from cranny.platform.feature import Parts
from cranny.platform.server import create_server
from cranny.webhooks import FEATURE
from cranny.wire.brokers.memory import Hub
from cranny.wire.kdf import CheapKdf
from tests.platform.conftest import serve

from .conftest import Yard
from .receiver import answer

pytestmark = pytest.mark.engines
PATH = "/v1/webhook-endpoints"


@pytest.fixture
async def client(yard: Yard) -> AsyncIterator[httpx2.AsyncClient]:
    db, broker = yard.db, Hub().join("server")
    parts = Parts(
        db=db, broker=broker, keyring=yard.keyring, kdf=CheapKdf(), clock=db.clock, ids=db.ids, rng=db.rng,
        webhooks_inside=("127.0.0.0/8",),
    )  # fmt: skip
    async with db.transaction(yard.tenant) as tx:
        _, key = await tenants.add_key(tx, label="hooks", scopes=["webhooks:write"])
    async with serve(create_server(FEATURE.routes(parts), parts), key) as client:
        yield client


KEYS = count()


async def post(client: httpx2.AsyncClient, path: str, body: Any = None, *, key: str = "") -> httpx2.Response:
    return await client.post(path, json=body, headers={"Idempotency-Key": key or f"k-{next(KEYS)}"})


async def test_from_an_endpoint_to_its_deliveries(client: httpx2.AsyncClient, yard: Yard) -> None:
    made = await post(client, PATH, {"url": yard.receiver.url, "types": ["delivery.*"], "description": "Orders"})
    assert made.status_code == 201, made.text
    secret, id_ = made.json()["secret"], made.json()["id"]
    assert (made.json()["state"], made.json()["health"]) == ("on", "well")
    tested = await post(client, f"{PATH}/{id_}/test")
    assert tested.status_code == 202
    yard.receiver.says = lambda _: answer(200, "thank you")
    await yard.work()
    got = yard.receiver.got[0]
    assert Webhook(secret).verify(got.body, got.headers)["type"] == "webhook.test"
    shown = (await client.get(tested.headers["location"])).json()
    assert shown["state"] == "delivered"
    (attempt,) = shown["attempts"]
    assert (attempt["status"], attempt["answer"], attempt["error"]) == (200, "thank you", "")
    again = await post(client, f"/v1/webhook-messages/{shown['id']}/resend")
    assert (again.status_code, again.json()["state"]) == (202, "waiting")
    await yard.work()
    assert [one.headers["webhook-id"] for one in yard.receiver.got] == [shown["event"]] * 2
    assert len((await client.get(tested.headers["location"])).json()["attempts"]) == 2
    for query in ("", f"?endpoint={id_}", "?state=delivered", f"?endpoint={id_}&state=delivered"):
        listed = (await client.get(f"/v1/webhook-messages{query}")).json()["items"]
        assert [item["id"] for item in listed] == [shown["id"]]
    assert (await client.get("/v1/webhook-messages?state=failed")).json()["items"] == []


async def test_the_secret_is_shown_once(client: httpx2.AsyncClient, yard: Yard) -> None:
    body = {"url": yard.receiver.url}
    made = await post(client, PATH, body, key="once")
    replayed = await post(client, PATH, body, key="once")
    assert (replayed.status_code, replayed.json()["code"]) == (409, "secret-shown-once")
    id_ = made.json()["id"]
    everything = [await client.get(PATH), await client.get(f"{PATH}/{id_}")]
    assert len(everything[0].json()["items"]) == 1
    rotated = await post(client, f"{PATH}/{id_}/rotate", {"overlap_hours": 2})
    assert rotated.json()["old_secret_until"] is not None
    secrets = {made.json()["secret"], rotated.json()["secret"]}
    assert len(secrets) == 2
    assert all(secret.startswith("whsec_") for secret in secrets)
    assert not any(secret in page.text for secret in secrets for page in everything)


async def test_it_is_changed_switched_and_removed(client: httpx2.AsyncClient, yard: Yard) -> None:
    id_ = (await post(client, PATH, {"url": yard.receiver.url})).json()["id"]
    changed = await client.patch(f"{PATH}/{id_}", json={"types": ["grant.used", "grant.used"]})
    assert (changed.json()["types"], changed.json()["url"]) == (["grant.used"], yard.receiver.url)
    off = await post(client, f"{PATH}/{id_}/switch-off")
    assert off.json()["state"] == "off"
    refused = await post(client, f"{PATH}/{id_}/test")
    assert (refused.status_code, refused.json()["code"]) == (409, "endpoint-off")
    assert (await post(client, f"{PATH}/{id_}/switch-on")).json()["state"] == "on"
    message = (await post(client, f"{PATH}/{id_}/test")).json()["id"]
    assert (await client.delete(f"{PATH}/{id_}")).status_code == 204
    for gone in (
        await client.get(f"{PATH}/{id_}"),
        await client.delete(f"{PATH}/{id_}"),
        await client.patch(f"{PATH}/{id_}", json={}),
        await post(client, f"{PATH}/{id_}/switch-on"),
        await post(client, f"{PATH}/{id_}/rotate", {}),
    ):
        assert (gone.status_code, gone.json()["code"]) == (404, "endpoint-not-found")
    assert (await client.get(f"/v1/webhook-messages/{message}")).json()["state"] == "dropped"
    resent = await post(client, f"/v1/webhook-messages/{message}/resend")
    assert (resent.status_code, resent.json()["code"]) == (409, "endpoint-removed")
    unknown = await client.get(f"/v1/webhook-messages/{UUID(int=3)}")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "message-not-found")


async def test_of_two_who_edit_the_same_the_slower_one_is_told(client: httpx2.AsyncClient, yard: Yard) -> None:
    id_ = (await post(client, PATH, {"url": yard.receiver.url})).json()["id"]
    tag = (await client.get(f"{PATH}/{id_}")).headers["etag"]
    edits = [
        client.patch(f"{PATH}/{id_}", json={"description": f"edit {n}"}, headers={"If-Match": tag}) for n in range(8)
    ]
    answers = await asyncio.gather(*edits)
    (won,) = [answer for answer in answers if answer.status_code == 200]
    assert {(lost.status_code, lost.json()["code"]) for lost in answers if lost is not won} == {
        (412, "changed-meanwhile")
    }
    now = await client.get(f"{PATH}/{id_}")
    assert (now.json(), now.headers["etag"]) == (won.json(), won.headers["etag"])
    assert (await client.delete(f"{PATH}/{id_}", headers={"If-Match": tag})).status_code == 412
    assert (await client.delete(f"{PATH}/{id_}", headers={"If-Match": now.headers["etag"]})).status_code == 204


async def test_what_is_asked_wrongly_is_refused_in_a_sentence(client: httpx2.AsyncClient, yard: Yard) -> None:
    for body, code in (
        ({"url": "http://169.254.169.254/latest/meta-data"}, "webhook-url-refused"),
        ({"url": "https://[::ffff:10.0.0.1]/"}, "webhook-url-refused"),
        ({"url": "gopher://127.0.0.1/"}, "webhook-url-refused"),
        ({"url": "https://nobody.invalid/hooks"}, "webhook-name-unknown"),
        ({"url": "https://" + "a" * 70 + ".example/hooks"}, "webhook-name-unknown"),
        ({"url": yard.receiver.url, "types": ["everything"]}, "invalid"),
        ({"url": yard.receiver.url, "types": ["*.*"]}, "invalid"),
        ({"url": yard.receiver.url, "secret": "mine"}, "invalid"),
        ({"url": yard.receiver.url, "description": "a\x00"}, "text-invalid"),
        ({}, "invalid"),
    ):
        refused = await post(client, PATH, body)
        assert (refused.status_code, refused.json()["code"]) == (400, code), (body, refused.text)
    for _ in range(50):
        assert (await post(client, PATH, {"url": yard.receiver.url})).status_code == 201
    assert (await post(client, PATH, {"url": yard.receiver.url})).json()["code"] == "too-many-endpoints"
    first = await client.get(PATH, params={"limit": 30})
    rest = await client.get(first.links["next"]["url"])
    assert len({item["id"] for page in (first, rest) for item in page.json()["items"]}) == 50


async def test_another_tenant_sees_and_gets_nothing(client: httpx2.AsyncClient, yard: Yard) -> None:
    id_ = (await post(client, PATH, {"url": yard.receiver.url})).json()["id"]
    async with yard.db.transaction() as tx:
        _, key = await tenants.add_tenant(tx, "Somebody else")
    client.headers["Authorization"] = f"Bearer {key}"
    assert (await client.get(PATH)).json()["items"] == []
    assert (await client.delete(f"{PATH}/{id_}")).status_code == 404
    assert (await client.get(f"/v1/webhook-messages?endpoint={id_}")).json()["items"] == []
    await yard.work()
    assert yard.receiver.got == []
