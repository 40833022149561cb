"""An integrator adds a bank, looks at it, changes its policy, and is told what is wrong in words that help."""

from typing import Any
from uuid import UUID

import httpx2

from cranny import sites
from cranny.platform.db import Database
from cranny.platform.tenants import add_tenant
from tests.sites.conftest import CORNER, YAML, add, once


async def test_a_bank_from_its_yaml_to_its_doors_and_capacity(client: httpx2.AsyncClient) -> None:
    bank = await add(client, CORNER)
    assert (bank["name"], bank["site_name"], bank["doors"]) == ("Corner 20", "Corner shop", 20)
    assert [(tower["name"], tower["number"]) for tower in bank["towers"]] == [("A", 0), ("K", None), ("B", 1)]
    assert await add(client, CORNER) == bank  # sent again with the same key
    assert (await client.get(f"/v1/banks/{bank['id']}")).json() == bank

    doors = (await client.get(f"/v1/banks/{bank['id']}/compartments")).json()["items"]
    assert len(doors) == 20
    assert doors[9]["label"] == "A10"
    assert doors[9]["size"] == "L"
    assert doors[19]["tower"] == 1

    capacity = (await client.get(f"/v1/banks/{bank['id']}/capacity")).json()
    assert sum(count["free"] for count in capacity["doors"]) == 20
    assert [(count["size"], count["count"]) for count in capacity["room"]] == [
        ("S", 20),
        ("M", 12),
        ("L", 4),
        ("XL", 0),
    ]


async def test_json_is_the_same_and_mistakes_have_paths(client: httpx2.AsyncClient) -> None:
    file: dict[str, Any] = {
        "name": "Small",
        "timezone": "UTC",
        "site": "Here",
        "towers": [
            {
                "name": "A",
                "compartments": [
                    {"label": "1", "width": 300, "height": 300, "depth": 300, "centre": 900, "unit": 1, "channel": 1}
                ],
            }
        ],
    }
    made = await client.post("/v1/banks", json=file, headers=once("json"))
    assert made.status_code == 201
    assert made.json()["doors"] == 1

    file["towers"][0]["compartments"][0]["width"] = 29.5
    file["towers"][0]["compartments"][0]["chanel"] = 1
    wrong = await client.post("/v1/banks", json=file, headers=once("wrong"))
    assert wrong.status_code == 400
    problem = wrong.json()
    assert problem["code"] == "bank-file-invalid"
    assert problem["errors"] == [
        {"path": "towers[0].compartments[0].chanel", "message": "there is no key `chanel`; did you mean `channel`?"},
        {
            "path": "towers[0].compartments[0].width",
            "message": "`width` must be a whole number of mm, not 29.5",
        },
    ]


async def test_a_wrong_line_of_yaml_is_named(client: httpx2.AsyncClient) -> None:
    text = CORNER.replace("{label: A02, size: B", "{label: A01, size: B")
    wrong = await client.post("/v1/banks", content=text, headers=YAML | once("twice"))
    line = next(n for n, row in enumerate(text.splitlines(), 1) if "channel: 2}" in row)
    assert wrong.json()["detail"] == f"line {line}: the label `A01` is taken; each door needs its own"
    for body in (b"\xff\xfe", b"{", b"[" * 100_000):
        answer = await client.post("/v1/banks", content=body, headers=once(f"bad{body[:2]!r}"))
        assert answer.json()["code"] == "body-unreadable"
    latin = await client.post("/v1/banks", content=b"name: caf\xe9", headers=YAML | once("latin"))
    assert latin.json()["code"] == "body-unreadable"


async def test_banks_come_in_pages_and_never_another_tenants(db: Database, client: httpx2.AsyncClient) -> None:
    names = [f"Bank {n}" for n in range(5)]
    for name in names:
        await add(client, CORNER.replace("name: Corner 20", f"name: {name}"), name)
    async with db.transaction() as tx:
        await add_tenant(tx, "Somebody else")
        await sites.default_size_classes(tx)
        foreign = await sites.add_bank(tx, sites.shipped_bank("corner-20"))

    seen: list[str] = []
    url: str | None = "/v1/banks?limit=2"
    while url:
        page = await client.get(url)
        seen += [bank["name"] for bank in page.json()["items"]]
        url = page.links.get("next", {}).get("url")
    assert sorted(seen) == names
    for path in ("", "/compartments", "/capacity"):
        assert (await client.get(f"/v1/banks/{foreign.id}{path}")).json()["code"] == "bank-not-found"


async def test_the_policy_is_replaced_and_told_once(db: Database, tenant: UUID, client: httpx2.AsyncClient) -> None:
    bank = await add(client, CORNER)
    url = f"/v1/banks/{bank['id']}/policy"
    for _ in range(2):
        answer = await client.put(url, json={"unknown_tracking": "accept", "hold_hours": 12})
        assert answer.status_code == 200
        assert answer.json()["hold_hours"] == 12
        assert answer.json()["visit_idle_s"] == 90
    assert (await client.put(url, json={"open_wait_s": 0})).json()["code"] == "invalid"
    async with db.transaction(tenant) as tx:
        told = await tx.all("SELECT data FROM events WHERE type = 'bank.policy_changed'")
        policy = await sites.as_policy(tx, UUID(bank["id"]))
    assert [row["data"]["policy"]["hold_hours"] for row in told] == [12]
    assert policy.unknown_tracking == "accept"


async def test_a_new_size_class_renames_the_doors_it_fits_in(client: httpx2.AsyncClient) -> None:
    bank = await add(client, CORNER)
    asked = {"name": "M wide", "width": 370, "height": 180, "depth": 600}
    made = await client.post("/v1/size-classes", json=asked, headers=once("class"))
    assert made.status_code == 201
    tall = {"name": "Tall", "width": 380, "height": 300, "depth": 640}
    await client.post("/v1/size-classes", json=tall, headers=once("tall"))
    taken = await client.post("/v1/size-classes", json=asked | {"name": "m WIDE"}, headers=once("again"))
    assert taken.json()["code"] == "size-class-taken"
    listed = (await client.get("/v1/size-classes")).json()["items"]
    assert [one["name"] for one in listed] == ["S", "M wide", "M", "Tall", "L", "XL"]
    doors = (await client.get(f"/v1/banks/{bank['id']}/compartments")).json()["items"]
    assert {door["size"] for door in doors} == {"S", "M", "L"}


async def test_the_description_shows_examples(client: httpx2.AsyncClient) -> None:
    document = (await client.get("/schema/openapi.json")).json()
    body = document["paths"]["/v1/banks"]["post"]["requestBody"]["content"]
    example = body["application/yaml"]["examples"]["bank"]["value"]
    assert sites.read_yaml(example) == sites.read_json(body["application/json"]["examples"]["bank"]["value"])
    for path in ("/v1/banks", "/v1/banks/{bank}", "/v1/banks/{bank}/compartments", "/v1/banks/{bank}/capacity"):
        answer = document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]
        assert answer["examples"], path
