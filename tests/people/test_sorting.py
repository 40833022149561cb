"""The list of people in its two orders, page by page."""

import httpx2
import pytest

from cranny import people, sites
from cranny.platform import tenants
from cranny.platform.db import Database
from cranny.platform.permissions import Role
from cranny.wiring.serving import join
from tests.people.asking import AGENT
from tests.platform.conftest import parts, serve

BANK = """
name: {name}
timezone: Europe/Prague
site: {name}
towers:
  - name: A
    compartments:
      - {{label: A1, width: 380, height: 190, depth: 640, centre: 900, unit: 1, channel: 1}}
"""
NAMES = ["ben", "Ada", "Édith", "ada", "Čeněk"]


async def listed(client: httpx2.AsyncClient, cookie: str, sort: str) -> list[str]:
    """All names, two on a page."""
    found, query = [], {"sort": sort, "limit": "2"}
    headers = {"Cookie": f"cranny-session={cookie}", "User-Agent": AGENT}
    while True:
        page = (await client.get("/v1/people", params=query, headers=headers)).json()
        found += [person["name"] for person in page["items"]]
        if page["next"] is None:
            return found
        query["after"] = page["next"]


async def test_people_by_when_they_became_known_and_by_name(wide: Database) -> None:
    made = parts(wide)
    async with wide.transaction() as tx:
        await tenants.add_tenant(tx, "Reading Room")
        for number, name in enumerate(NAMES):
            person = await people.remember(tx, people.Contact(name=name, email=f"p{number}@example.org"))
            await people.give(tx, made.keyring, person, Role.ADMIN, site=None, by="test")
        cookie = await people.begin_session(tx, ("person", person), "link", AGENT, proven=True)
    async with serve(join(made)) as client:
        assert await listed(client, cookie, "known") == NAMES
        by_name = await listed(client, cookie, "name")
        assert sorted(by_name) == sorted(NAMES)
        assert [name.lower() for name in by_name][:3] == ["ada", "ada", "ben"]
        headers = {"Cookie": f"cranny-session={cookie}", "User-Agent": AGENT}
        first = (await client.get("/v1/people?limit=1", headers=headers)).json()
        other = await client.get(f"/v1/people?sort=name&after={first['next']}", headers=headers)
        assert (other.status_code, other.json()["code"]) == (400, "cursor-invalid")


async def test_by_name_an_admin_of_one_site_sees_its_people_only(wide: Database) -> None:
    made = parts(wide)
    async with wide.transaction() as tx:
        await tenants.add_tenant(tx, "Reading Room")
        await sites.default_size_classes(tx)
        here, there = [await sites.add_bank(tx, sites.read_yaml(BANK.format(name=name))) for name in ("Here", "There")]
        for name, bank in (("Zoe", here), ("Ada", there), ("Ben", here)):
            person = await people.remember(tx, people.Contact(name=name, email=f"{name}@example.org"))
            await people.give(tx, made.keyring, person, Role.ADMIN, site=bank.site, by="test")
        cookie = await people.begin_session(tx, ("person", person), "link", AGENT, proven=True)
    async with serve(join(made)) as client:
        assert await listed(client, cookie, "name") == ["Ben", "Zoe"]
        assert await listed(client, cookie, "known") == ["Zoe", "Ben"]


@pytest.mark.parametrize("sort", ["id", ""])
async def test_an_order_that_is_not_there_is_refused(wide: Database, sort: str) -> None:
    made = parts(wide)
    async with wide.transaction() as tx:
        _, key = await tenants.add_tenant(tx, "Reading Room")
    async with serve(join(made), key) as client:
        assert (await client.get(f"/v1/deliveries?sort={sort}")).status_code == 400
