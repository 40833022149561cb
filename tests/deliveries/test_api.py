"""Deliveries over HTTP: what is refused and how, pages, and the secrets behind a grant."""

import hashlib
from uuid import UUID

import pytest

from cranny.platform import tenants

pytestmark = pytest.mark.engines


def body(yard, tracking: str = "JD 1", **more) -> dict:
    plain = {
        "bank": str(yard.box.bank),
        "items": [{"tracking": tracking, "width": 300, "height": 100, "depth": 400}],
        "recipient": {"name": "Ada", "email": "ada@example.org"},
    }
    return plain | more


async def post(client, path: str, json: dict, key: str = "") -> dict:
    answer = await client.post(
        path, json=json, headers={"Idempotency-Key": key or hashlib.sha256(f"{path} {json}".encode()).hexdigest()}
    )
    return {"status": answer.status_code} | answer.json()


ITEM = {"tracking": "JD 1", "width": 300, "height": 100, "depth": 400}


@pytest.mark.parametrize(
    ("more", "status", "code", "path"),
    [
        ({"recipient": {"name": "Ada"}}, 400, "invalid", "recipient"),
        ({"recipient": {"email": "ada"}}, 400, "email-invalid", "recipient.email"),
        ({"recipient": {"phone": "12"}}, 400, "phone-invalid", "recipient.phone"),
        ({"recipient": {"email": "a@b.cd", "language": "xx-yy-zz"}}, 400, "language-invalid", "recipient.language"),
        ({"items": []}, 400, "invalid", "items"),
        ({"items": [{"tracking": " - "}]}, 400, "invalid", "items[0].tracking"),
        ({"items": [ITEM, {**ITEM, "tracking": "jd1"}]}, 400, "invalid", "items[1].tracking"),
        ({"items": [{"tracking": "JD 1"}]}, 400, "invalid", "items[0].size"),
        ({"items": [{"tracking": "JD 1", "width": 5}]}, 400, "invalid", "items[0].height"),
        ({"items": [{**ITEM, "size": "M"}]}, 400, "invalid", "items[0].size"),
        ({"items": [{"tracking": "JD 1", "size": "QQ"}]}, 400, "size-class-unknown", "items[0].size"),
        ({"items": [{**ITEM, "width": -1}]}, 400, "invalid", "items[0].width"),
        ({"kind": "loan"}, 400, "kind-unknown", "kind"),
        ({"kind": "No Kind"}, 400, "invalid", "kind"),
        ({"hold_hours": 0}, 400, "invalid", "hold_hours"),
        ({"requirements": {"features": ["warm"]}}, 400, "feature-unknown", ""),
        ({"requirements": {"features": ["chilled"]}}, 409, "no-such-door", ""),
        ({"items": [{**ITEM, "width": 900}]}, 409, "too-big", ""),
        ({"bank": str(UUID(int=5))}, 404, "bank-not-found", ""),
        ({"surprise": 1}, 400, "invalid", ""),
    ],
)
async def test_what_is_refused_and_where_it_is_wrong(yard, more, status, code, path) -> None:
    async with yard.client() as client:
        answer = await post(client, "/v1/deliveries", body(yard, **more))
    assert (answer["status"], answer["code"]) == (status, code), answer
    if path:
        assert [error["path"] for error in answer["errors"]] == [path]
    assert await yard.one("SELECT count(*) FROM deliveries") == 0
    assert await yard.one("SELECT count(*) FROM grants") == 0


async def test_a_full_bank_says_so_and_a_taken_number_names_its_delivery(yard) -> None:
    async with yard.client() as client:
        for n in range(6):
            assert (await post(client, "/v1/deliveries", body(yard, f"JD {n}")))["status"] == 201
        full = await post(client, "/v1/deliveries", body(yard, "JD 6"))
        taken = await post(client, "/v1/deliveries", body(yard, "jd-3", bank=str(yard.other.bank)))
    assert (full["status"], full["code"]) == (409, "no-capacity")
    assert full["alternatives"][0]["bank"] == str(yard.other.bank)
    assert (taken["status"], taken["code"], taken["state"]) == (409, "tracking-taken", "announced")


async def test_by_size_class_with_several_items_behind_one_door(yard) -> None:
    two = [{"tracking": "S 1", "size": "S"}, {"tracking": "S 2", "size": "s", "weight_g": 200}]
    async with yard.client() as client:
        shown = await post(client, "/v1/deliveries", body(yard, items=two))
        three = [{"tracking": f"T {n}", "size": "S"} for n in range(3)]
        too_much = await post(client, "/v1/deliveries", body(yard, items=three))
    assert [item["height"] for item in shown["items"]] == [80, 80]
    assert too_much["code"] == "too-big"
    (given,) = await yard.given()
    assert [(item.width, item.height, item.depth) for item in given.items] == [(380, 80, 640)] * 2


async def test_pages_and_filters(yard) -> None:
    ids = []
    for n in range(5):
        ids.append((await yard.announce(f"JD {n}")).id)
        yard.clock.pass_by(seconds=1)
    await yard.cancel(ids[1])
    await yard.announce("XX", bank=yard.other.bank)

    async def listed(query: str) -> list[str]:
        answer = await client.get(f"/v1/deliveries?{query}")
        assert answer.status_code == 200, answer.text
        return [item["items"][0]["tracking"] for item in answer.json()["items"]]

    async with yard.client() as client:
        assert await listed("") == ["XX", "JD 4", "JD 3", "JD 2", "JD 1", "JD 0"]
        assert await listed(f"bank={yard.other.bank}") == ["XX"]
        assert await listed("state=cancelled") == ["JD 1"]
        assert await listed(f"bank={yard.box.bank}&state=announced") == ["JD 4", "JD 3", "JD 2", "JD 0"]
        assert await listed("tracking=jd-3") == ["JD 3"]
        assert await listed("tracking=jd-1&state=announced") == []
        first = await client.get("/v1/deliveries?limit=4")
        after = first.json()["next"]
        assert f"after={after}" in first.headers["Link"]
        assert await listed(f"limit=4&after={after}") == ["JD 1", "JD 0"]
        one = (await client.get(f"/v1/deliveries/{ids[0]}")).json()
        history = (await client.get(one["history"])).json()["items"]
        missing = await client.get(f"/v1/deliveries/{UUID(int=5)}")
    assert [event["type"] for event in history] == ["delivery.announced"]
    assert (missing.status_code, missing.json()["code"]) == (404, "delivery-not-found")


async def test_cancel_extend_and_reveal(yard) -> None:
    shown = await yard.announce()
    async with yard.client() as client:
        early = await post(client, f"/v1/deliveries/{shown.id}/extend", {"hours": 5})
        assert (early["status"], early["code"]) == (409, "delivery-extend-when-announced")
        yard.box.deposit(shown.id, grant=shown.grants.collect)
        await yard.box.sync()
        longer = await post(client, f"/v1/deliveries/{shown.id}/extend", {"hours": 5}, key="again")
        assert (longer["status"], longer["state"]) == (200, "stored")
        called_off = await post(client, f"/v1/deliveries/{shown.id}/cancel", {"reason": "lost interest"})
        assert (called_off["state"], called_off["reason"]) == ("recalling", "lost interest")

        recall = called_off["grants"]["recall"]
        grant = (await client.get(f"/v1/grants/{recall}")).json()
        assert (grant["purpose"], grant["door"]) == ("recall", "A1")
        path = f"/v1/grants/{recall}/reveal"
        revealed = await post(client, path, {"reason": "courier asks"}, key="look")
        assert (revealed["status"], len(revealed["code"]), revealed["qr"][0]) == (200, 11, "C")
        again = await post(client, path, {"reason": "courier asks"}, key="look")
        assert (again["status"], again["code"]) == (409, "secret-shown-once")
        ended = await post(client, f"/v1/grants/{shown.grants.collect}/reveal", {"reason": "curious"})
        assert (ended["status"], ended["code"]) == (409, "grant-ended")
    stored = await yard.one("SELECT string_agg(coalesce(encode(body, 'escape'), ''), ' ') FROM idempotency")
    assert revealed["qr"] not in stored
    looks = await yard.one(
        "SELECT count(*) FROM events WHERE type = 'grant.revealed' AND subject = $1", f"grants/{recall}"
    )
    assert looks == 1


async def test_another_recipient_and_another_bank(yard) -> None:
    shown = await yard.announce()
    path = f"/v1/deliveries/{shown.id}"
    async with yard.client() as client:
        who = {"recipient": {"email": "bob@example.org"}}
        tag = {"If-Match": (await client.get(path)).headers["etag"]}
        changed = await client.patch(path, json=who, headers=tag)
        assert (await client.patch(path, json=who, headers=tag)).status_code == 412
        again = await client.patch(path, json=who, headers={"If-Match": changed.headers["etag"]})
        assert (changed.status_code, changed.json()) == (200, again.json())
        assert changed.json()["recipient"] != str(shown.recipient)
        assert changed.json()["grants"]["collect"] != str(shown.grants.collect)
        for wrong in ({"recipient": {}}, {"recipient": {"email": "x"}}, {}, {"bank": "x"}):
            answer = await client.patch(path, json=wrong)
            assert answer.status_code == 400, answer.text
        there = await post(client, f"{path}/reroute", {"bank": str(yard.other.bank), "reason": "moved"})
        assert (there["status"], there["bank"], there["state"]) == (200, str(yard.other.bank), "announced")
        same = await post(client, f"{path}/reroute", {"bank": str(yard.other.bank)})
        assert (same["status"], same["code"]) == (409, "same-bank")
        nowhere = await post(client, f"{path}/reroute", {"bank": str(UUID(int=5))})
        assert (nowhere["status"], nowhere["code"]) == (404, "bank-not-found")
        nothing = await post(client, f"/v1/deliveries/{UUID(int=5)}/reroute", {"bank": str(yard.box.bank)})
        assert (nothing["status"], nothing["code"]) == (404, "delivery-not-found")


async def test_another_tenant_finds_nothing(yard) -> None:
    shown = await yard.announce()
    async with yard.db.transaction() as tx:
        _, yard.key = await tenants.add_tenant(tx, "Stranger")
    async with yard.client() as client:
        assert (await client.get("/v1/deliveries")).json()["items"] == []
        assert (await client.get(f"/v1/deliveries/{shown.id}")).status_code == 404
        assert (await client.get(f"/v1/grants/{shown.grants.collect}")).status_code == 404
        assert (await post(client, f"/v1/deliveries/{shown.id}/cancel", {}))["code"] == "delivery-not-found"
        assert (await post(client, "/v1/deliveries", body(yard)))["code"] == "bank-not-found"


async def test_the_description_names_every_route_and_problem(yard) -> None:
    async with yard.client() as client:
        schema = (await client.get("/schema/openapi.json")).json()
    paths = schema["paths"]
    assert "tracking-taken" in paths["/v1/deliveries"]["post"]["description"]
    assert {"/v1/deliveries/{delivery}/cancel", "/v1/delivery-kinds", "/v1/grants/{grant}/reveal"} <= paths.keys()
    asked = schema["components"]["schemas"]["DeliveryAsked"]["properties"]
    assert asked["kind"]["examples"]
