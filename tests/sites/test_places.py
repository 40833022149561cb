"""An integrator lists the sites, whose ids roles need, and calls sites and banks otherwise."""

import asyncio
from typing import Any
from uuid import UUID

import httpx2
import pytest

from cranny import sites
from cranny.platform.db import Database
from cranny.platform.tenants import add_tenant
from tests.sites.conftest import CORNER, add

TOLD = "SELECT subject, data FROM events WHERE tenant = $1 AND type = $2 ORDER BY seq"
KEY = "SELECT id FROM api_keys WHERE tenant = $1 AND label = 'test'"
NAMES = {"name": "Main station", "timezone": "Europe/Vienna"}


async def corner(client: httpx2.AsyncClient, bank: str, site: str) -> dict[str, Any]:
    text = CORNER.replace("name: Corner 20", f"name: {bank}").replace("site: Corner shop", f"site: {site}")
    return await add(client, text, bank)


async def told(db: Database, tenant: UUID, type_: str) -> list[tuple[str, dict[str, Any]]]:
    async with db.transaction(tenant) as tx:
        return [(row["subject"], row["data"]) for row in await tx.all(TOLD, tenant, type_)]


async def key_of(db: Database, tenant: UUID) -> str:
    async with db.transaction(tenant) as tx:
        return f"keys/{await tx.value(KEY, tenant)}"


async def strange(db: Database) -> sites.Bank:
    """Another tenant's bank."""
    async with db.transaction() as tx:
        await add_tenant(tx, "Somebody else")
        await sites.default_size_classes(tx)
        return await sites.add_bank(tx, sites.shipped_bank("corner-20"))


async def test_sites_come_in_pages_with_how_many_banks_stand_there(db: Database, client: httpx2.AsyncClient) -> None:
    banks = [await corner(client, f"Bank {n}", f"Site {n % 3}") for n in range(5)]
    await strange(db)
    found: list[dict[str, Any]] = []
    url: str | None = "/v1/sites?limit=2"
    while url:
        page = await client.get(url)
        found += page.json()["items"]
        url = page.links.get("next", {}).get("url")
    assert [(site["name"], site["banks"]) for site in found] == [("Site 0", 2), ("Site 1", 2), ("Site 2", 1)]
    assert [site["id"] for site in found] == [bank["site"] for bank in banks[:3]]
    assert (await client.get(f"/v1/sites/{found[0]['id']}")).json() == found[0]
    assert (await client.get("/v1/sites?after=MTIz")).json()["code"] == "cursor-invalid"


async def test_a_site_is_called_otherwise_and_everybody_reads_it(
    db: Database, tenant: UUID, client: httpx2.AsyncClient
) -> None:
    bank = await corner(client, "Bank 1", "Station")
    url = f"/v1/sites/{bank['site']}"
    before = await client.get(url)
    answer = await client.patch(url, json=NAMES, headers={"If-Match": before.headers["etag"]})
    assert (answer.status_code, answer.json()) == (200, before.json() | NAMES)
    assert answer.headers["etag"] == (await client.get(url)).headers["etag"] != before.headers["etag"]
    assert (await client.get(f"/v1/banks/{bank['id']}")).json() == bank | {"site_name": NAMES["name"]}
    assert (await client.patch(url, json=NAMES)).status_code == 200  # nothing changes, nothing is told
    assert (await client.patch(url, json={})).json() == answer.json()
    ((subject, data),) = await told(db, tenant, "site.changed")
    assert subject == f"sites/{bank['site']}"
    assert data == {
        "site": bank["site"],
        **NAMES,
        "was": {"name": "Station", "timezone": before.json()["timezone"]},
        "by": await key_of(db, tenant),
    }
    assert len(await told(db, tenant, "audit.change_site")) == 3, "what came to nothing was asked for, too"


async def test_a_bank_is_called_otherwise(db: Database, tenant: UUID, client: httpx2.AsyncClient) -> None:
    bank = await corner(client, "Bank 1", "Station")
    url = f"/v1/banks/{bank['id']}"
    before = await client.get(url)
    answer = await client.patch(url, json={"name": "Bank North"}, headers={"If-Match": before.headers["etag"]})
    assert (answer.status_code, answer.json()) == (200, bank | {"name": "Bank North"})
    assert (await client.get(url)).headers["etag"] == answer.headers["etag"]
    assert (await client.get("/v1/banks")).json()["items"] == [answer.json()]
    assert (await client.patch(url, json={"name": "Bank North"})).status_code == 200
    data = {"bank": bank["id"], "name": "Bank North", "was": {"name": "Bank 1"}, "by": await key_of(db, tenant)}
    assert await told(db, tenant, "bank.changed") == [(url.removeprefix("/v1/"), data)]
    async with db.transaction(tenant) as tx:
        assert (await sites.as_layout(tx, UUID(bank["id"]))).name == "Bank North"


async def test_who_was_slower_overwrites_nothing(client: httpx2.AsyncClient) -> None:
    """Also where both ask at once, and where what changed stands at another address."""
    bank = await corner(client, "Bank 1", "Station")
    for url in (f"/v1/sites/{bank['site']}", f"/v1/banks/{bank['id']}"):
        read = {"If-Match": (await client.get(url)).headers["etag"]}
        asked = [client.patch(url, json={"name": f"Name {n}"}, headers=read) for n in range(5)]
        answers = await asyncio.gather(*asked)
        assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412, 412]
        late = next(answer for answer in answers if answer.status_code != 200)
        assert (late.json()["code"], late.headers["content-type"]) == ("changed-meanwhile", "application/problem+json")
        (won,) = [answer.json()["name"] for answer in answers if answer.status_code == 200]
        assert (await client.get(url)).json()["name"] == won
    read = {"If-Match": (await client.get(url)).headers["etag"]}
    await client.put(f"{url}/policy", json={"hold_hours": 12})
    assert (await client.patch(url, json={"name": "Late"}, headers=read)).status_code == 412


WRONG = [
    ({"name": ""}, "invalid"),
    ({"name": " Station"}, "invalid"),
    ({"name": "x" * 81}, "invalid"),
    ({"name": None}, "invalid"),
    ({"name": "a\nb"}, "invalid"),
    ({"name": "Station\n"}, "invalid"),
    ({"name": "a\u0000b"}, "name-invalid"),
    ({"name": "a\u202eb"}, "name-invalid"),
    ({"title": "Station"}, "invalid"),
    ([], "invalid"),
]


@pytest.mark.parametrize("what", ["sites", "banks"])
async def test_what_is_no_name_is_refused(db: Database, tenant: UUID, client: httpx2.AsyncClient, what: str) -> None:
    bank = await corner(client, "Bank 1", "Station")
    url = f"/v1/{what}/{bank['site' if what == 'sites' else 'id']}"
    before = (await client.get(url)).json()
    for body, code in WRONG:
        answer = await client.patch(url, json=body)
        assert (answer.status_code, answer.json()["code"]) == (400, code), body
    assert (await client.get(url)).json() == before
    assert await told(db, tenant, "site.changed") + await told(db, tenant, "bank.changed") == []


async def test_a_site_keeps_its_name_from_others_and_knows_the_zones(client: httpx2.AsyncClient) -> None:
    one, _ = await corner(client, "Bank 1", "One"), await corner(client, "Bank 2", "Two")
    url = f"/v1/sites/{one['site']}"
    taken = await client.patch(url, json={"name": "tWO"})
    assert (taken.status_code, taken.json()["code"]) == (409, "site-name-taken")
    assert (await client.patch(url, json={"name": "ONE"})).json()["name"] == "ONE"
    for zone in ("Europe/Nowhere", "../../etc/passwd", "Europe", "a\u0000b"):
        answer = await client.patch(url, json={"timezone": zone})
        assert (answer.status_code, answer.json()["code"]) == (400, "timezone-invalid"), zone
    # A file that says the old name means another place; one that says the new one, whatever its case, this place.
    assert (await corner(client, "Bank 3", "one"))["site"] == one["site"]
    await client.patch(url, json={"name": "Uno"})
    assert (await corner(client, "Bank 4", "One"))["site"] != one["site"]


async def test_another_tenants_are_not_there(db: Database, client: httpx2.AsyncClient) -> None:
    foreign = await strange(db)
    assert (await client.get("/v1/sites")).json() == {"items": [], "next": None}
    for url, code in ((f"/v1/sites/{foreign.site}", "site-not-found"), (f"/v1/banks/{foreign.id}", "bank-not-found")):
        read, edit = await client.get(url), await client.patch(url, json={"name": "Mine"}, headers={"If-Match": "*"})
        assert [(answer.status_code, answer.json()["code"]) for answer in (read, edit)] == [(404, code)] * 2
