"""The list of deliveries in its two orders, page by page, with each filter."""

from typing import Any
from uuid import UUID

import httpx2


async def listed(client: httpx2.AsyncClient, **query: str) -> list[str]:
    """All ids, two on a page."""
    found: list[str] = []
    asked = {**query, "limit": "2"}
    while True:
        page = (await client.get("/v1/deliveries", params=asked)).json()
        found += [one["id"] for one in page["items"]]
        if page["next"] is None:
            return found
        asked["after"] = page["next"]


async def test_deliveries_oldest_first_are_those_newest_first_the_other_way_round(yard: Any) -> None:
    made = []
    for number in range(5):
        yard.clock.pass_by(seconds=1)
        made.append(str((await yard.announce(f"T-{number}")).id))
    await yard.cancel(UUID(made[2]))
    filters: list[dict[str, str]] = [
        {},
        {"state": "cancelled"},
        {"state": "announced"},
        {"bank": str(yard.box.bank)},
        {"bank": str(yard.other.bank)},
        {"tracking": "t 3"},
    ]
    async with yard.client() as client:
        for asked in filters:
            newest = await listed(client, **asked)
            assert await listed(client, sort="newest", **asked) == newest, asked
            assert await listed(client, sort="oldest", **asked) == newest[::-1], asked
        assert await listed(client, sort="oldest") == made
        first = (await client.get("/v1/deliveries?limit=1")).json()
        other = await client.get("/v1/deliveries", params={"sort": "oldest", "after": first["next"]})
        assert (other.status_code, other.json()["code"]) == (400, "cursor-invalid")
