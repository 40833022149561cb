"""An operator carries a claim to a controller, sees how the bank is, and settles what is listed."""

from collections.abc import AsyncIterator
from uuid import UUID, uuid5

import httpx2
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from cranny import fleet, sites
from cranny.platform.feature import Parts
from cranny.platform.server import create_server
from cranny.platform.tenants import add_key
from cranny.wire import enrolment, nkey
from cranny.wire.brokers.memory import Hub
from cranny.wire.kdf import CheapKdf


def once(deed: str) -> dict[str, str]:
    return {"Idempotency-Key": f"{uuid5(UUID(int=0), deed)}"}


@pytest.fixture
async def client(db, tenant, keyring) -> AsyncIterator[httpx2.AsyncClient]:
    async with db.transaction(tenant) as tx:
        _, key = await add_key(tx, label="test")
    parts = Parts(db, Hub().join("server"), keyring, CheapKdf(), db.clock, db.ids, db.rng, nats=("nats://broker:4222",))
    app = create_server(fleet.FEATURE.routes(parts), parts)
    headers = {"Authorization": f"Bearer {key}"}
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost", headers=headers) as client:
        yield client


async def test_how_a_bank_is(client, db, tenant, box):
    known = (await client.get(f"/v1/banks/{box.bank}/status")).json()
    assert (known["bank"], known["state"], known["given"], known["taken"]) == (str(box.bank), "offline", 2, 0)
    nobody = await client.get(f"/v1/banks/{UUID(int=404)}/status")
    assert (nobody.status_code, nobody.json()["code"]) == (404, "bank-not-found")


async def test_a_box_enrols_with_a_claim_over_http(client, db, tenant, keyring):
    async with db.transaction(tenant) as tx:
        bank = await sites.add_bank(tx, sites.shipped_bank("corner-20"))
    claim = (await client.post(f"/v1/banks/{bank.id}/claims", headers=once("claim"))).json()["claim"]
    sealing_key = X25519PrivateKey.generate()
    request = enrolment.ask(claim.lower(), nkey.seed(bytes(32)), sealing_key, "1.0")
    nobody = {"Authorization": ""}
    answer = await client.post("/v1/enrolments", content=msgspec.json.encode(request), headers=nobody)
    assert answer.status_code == 201, answer.text
    reply = msgspec.json.decode(answer.content, type=enrolment.EnrolReply)
    assert (reply.tenant, reply.bank, reply.nats, reply.epoch) == (tenant, bank.id, ["nats://broker:4222"], 1)
    assert enrolment.unseal(reply, sealing_key).pepper == keyring.pepper(bank.id)
    again = await client.post("/v1/enrolments", content=msgspec.json.encode(request), headers=nobody)
    assert (again.status_code, again.json()["code"]) == (409, "claim-invalid")
    assert (await client.get(f"/v1/banks/{bank.id}/status")).json()["state"] == "offline"


async def test_a_claim_is_shown_once(client, db, tenant):
    async with db.transaction(tenant) as tx:
        bank = await sites.add_bank(tx, sites.shipped_bank("corner-20"))
    made = await client.post(f"/v1/banks/{bank.id}/claims", headers=once("claim"))
    assert made.status_code == 201, made.text
    assert len(made.json()["claim"].replace("-", "")) == 26
    again = await client.post(f"/v1/banks/{bank.id}/claims", headers=once("claim"))
    assert (again.status_code, again.json()["code"]) == (409, "secret-shown-once")
    missing = await client.post(f"/v1/banks/{UUID(int=404)}/claims", headers=once("other"))
    assert missing.json()["code"] == "bank-not-found"


async def test_anomalies_page_by_page_and_settled(client, db, box):
    async with db.transaction(box.tenant) as tx:
        for n in range(5):
            await fleet.raise_anomaly(tx, box.bank, "fact_refused", f"banks/{box.bank}/facts/1/{n}", {"seq": n})
    first = await client.get("/v1/anomalies", params={"limit": 3, "state": "open"})
    assert [row["detail"]["seq"] for row in first.json()["items"]] == [0, 1, 2]
    rest = await client.get(first.links["next"]["url"])
    assert [row["detail"]["seq"] for row in rest.json()["items"]] == [3, 4]
    assert rest.json()["next"] is None
    anomaly = first.json()["items"][0]["id"]
    step = first.json()["items"][0]["next_step"]
    assert (step["deed"], step["request"]) == ("inspect", f"POST /v1/banks/{box.bank}/tokens")
    assert "look behind" in step["sentence"]
    settled = await client.post(f"/v1/anomalies/{anomaly}/settle", json={"note": "seen"}, headers=once("settle"))
    assert (settled.status_code, settled.json()["state"], settled.json()["note"]) == (200, "settled", "seen")
    assert len((await client.get("/v1/anomalies", params={"state": "open"})).json()["items"]) == 4
    unknown = await client.post(f"/v1/anomalies/{UUID(int=4)}/settle", json={"note": "x"}, headers=once("no"))
    assert unknown.json()["code"] == "anomaly-not-found"
    empty = await client.post(f"/v1/anomalies/{anomaly}/settle", json={"note": ""}, headers=once("empty"))
    assert empty.status_code == 400
