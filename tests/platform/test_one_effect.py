"""Every POST there is, sent twenty times at once with one key, does what it does when it is sent once: generated from
the routes, so that a new one has to join (posts.py)."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

import httpx2
import pytest
from litestar import Litestar

from cranny.core.clock import SystemClock
from cranny.platform.db import Database
from cranny.platform.gate import handlers
from cranny.platform.keys import Keyring
from cranny.wiring.serving import join
from tests.deliveries.conftest import Yard
from tests.platform.furnished import AGENT, Furnished
from tests.platform.posts import BUILDERS, ELSEWHERE, WITHOUT_A_KEY, Sent, fresh

TIMES: Final = 20
HOOK: Final = "https://127.0.0.1:443/hooks"
TABLES: Final = """
SELECT relname FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND has_table_privilege(oid, 'SELECT')
"""
EVENTS: Final = "SELECT type, count(*) AS n FROM events GROUP BY type"


@dataclass
class Place:
    app: Litestar
    here: Furnished

    async def send(self, operation: str, sent: Sent, times: int) -> list[httpx2.Response]:
        """The same request `times` at once."""
        method, _, path = operation.partition(" ")
        asker = (
            {"Cookie": f"cranny-session={self.here.cookie}", "User-Agent": AGENT}
            if sent.person
            else {"Authorization": f"Bearer {self.here.yard.key}"}
        )
        headers = {**asker, "Idempotency-Key": fresh()}
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(self.app), base_url="http://server") as client:
            content = dict(sent.content)
            headers |= content.pop("headers", {})
            where = path.format(**sent.at)
            asked = (client.request(method, where, params=sent.query, headers=headers, **content) for _ in range(times))
            return await asyncio.gather(*asked)

    async def rows(self) -> Counter[str]:
        """How many rows each table has, as far as the tenant sees them, and how many events there are of each type."""
        async with self.here.yard.db.transaction(self.here.yard.tenant) as tx:
            tables = [row["relname"] for row in await tx.all(TABLES)]
            counts = " UNION ALL ".join(f"SELECT '{name}' AS name, count(*) AS n FROM {name}" for name in tables)  # noqa: S608
            found = Counter({row["name"]: row["n"] for row in await tx.all(counts)})
            return found + Counter({f"event {row['type']}": row["n"] for row in await tx.all(EVENTS)})

    async def effect(self, operation: str, times: int) -> tuple[Counter[str], list[httpx2.Response]]:
        """What sending it changes."""
        sent = await BUILDERS[operation](self.here)
        before = await self.rows()
        answers = await self.send(operation, sent, times)
        after = await self.rows()
        return after - before + (before - after), answers


@pytest.fixture
async def place(wide: Database) -> Place:
    keyring = Keyring(bytes(32), rng=wide.rng)
    yard = Yard(wide, SystemClock(), keyring, UUID(int=0), "")  # type: ignore[arg-type]
    await yard.anew()
    here = Furnished(yard, HOOK)
    await here.begin()
    return Place(join(replace(yard.parts, webhooks_inside=("127.0.0.0/8",))), here)


def posts(app: Litestar) -> set[str]:
    """Every POST of the API; pages are forms, and ask for no key."""
    return {f"POST {path}" for method, path, handler in handlers(app) if method == "POST" and handler.include_in_schema}


async def test_every_post_has_one_effect(place: Place) -> None:
    operations = posts(place.app)
    known = BUILDERS.keys() | WITHOUT_A_KEY.keys() | ELSEWHERE.keys()
    assert operations == known, "a new POST joins by its builder, or says why it can't"
    wrong = []
    for operation in sorted(BUILDERS):
        once, (first,) = await place.effect(operation, 1)
        many, answers = await place.effect(operation, TIMES)
        wrong += [f"{operation}: {lack}" for lack in lacks(once, first, many, answers)]
    assert not wrong, "\n".join(wrong)


def lacks(
    once: Counter[str], first: httpx2.Response, many: Counter[str], answers: list[httpx2.Response]
) -> Iterator[str]:
    if not first.is_success:
        yield f"sent once it is not done: {first.status_code} {first.text}"
    if not set(once) - {"idempotency"}:
        yield "sent once it changes nothing: choose something that it changes"
    if once != many:
        yield f"one does {dict(once)}, {TIMES} do {dict(many)}"
    said = Counter(str(answer.status_code) if answer.is_success else answer.json()["code"] for answer in answers)
    secret = said == Counter({str(first.status_code): 1, "secret-shown-once": TIMES - 1})
    if not secret and said != Counter({str(first.status_code): TIMES}):
        yield f"the answers are {dict(said)}"
    if not secret and sum("idempotent-replayed" in answer.headers for answer in answers) != TIMES - 1:
        yield "more than one answer says that it is the first"
    if not secret and len({answer.content for answer in answers}) != 1:
        yield "the answers differ"
