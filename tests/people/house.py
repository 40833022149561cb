"""One tenant, its pages and its API in this very loop, a clock that is put forward by hand, and everybody's mailbox."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from http.cookies import Morsel, SimpleCookie
from typing import Any
from uuid import UUID

import httpx2
import pytest

from cranny import outreach, people
from cranny.core.ids import TimeIds
from cranny.core.rng import SeededRng
from cranny.outreach.sending import send_job
from cranny.platform import jobs, log, reactions, sequencer, tenants
from cranny.platform.db import Database, open_pool
from cranny.platform.engines import PostgresAddress
from cranny.platform.feature import Parts
from cranny.sim.mailbox import Mailbox, open_mailbox
from cranny.wiring.serving import join
from tests.outreach.conftest import Later, mailer
from tests.platform.conftest import parts as plain_parts

LINK = re.compile(r"http://here/link#([0-9a-f]{40})\b")
ADA = {"name": "Ada Example", "email": "ada@example.org"}
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
BANK = """name: {name}
timezone: Europe/Prague
site: {name}
towers:
  - name: A
    compartments:
      - {{label: A1, width: 380, height: 190, depth: 640, centre: 900, unit: 1, channel: 1}}
"""
BORG = {"email": "borg@example.org", "name": "Borg", "roles": [{"role": "operator"}], "language": "de"}


async def by_link(client: httpx2.AsyncClient, token: str) -> httpx2.Response:
    return await client.post("/link/opened", data={"token": token})


def kept(answer: httpx2.Response) -> "Morsel[str]":
    """The one cookie that comes with it, as the header has it."""
    (header,) = answer.headers.get_list("set-cookie")
    (one,) = SimpleCookie(header).values()
    return one


class House:
    """One tenant, its server in this very loop, and the mailboxes of everybody."""

    def __init__(self, parts: Parts, clock: Later, box: Mailbox, tenant: UUID, key: str) -> None:
        self.parts = parts
        self.clock = clock
        self.box = box
        self.tenant = tenant
        self.key = key
        self.app = join(parts)
        self.keys = 0

    @asynccontextmanager
    async def browser(self, key: str = "", scheme: str = "http") -> AsyncIterator[httpx2.AsyncClient]:
        headers = {"User-Agent": FIREFOX} | ({"Authorization": f"Bearer {key}"} if key else {})
        transport = httpx2.ASGITransport(self.app)
        async with httpx2.AsyncClient(transport=transport, base_url=f"{scheme}://server", headers=headers) as client:
            yield client

    async def found(self, client: httpx2.AsyncClient) -> None:
        async with self.parts.db.transaction(self.tenant) as tx:
            token = await people.make_link(tx, people.FOUNDING, tx.tenant)
        answer = await client.post("/welcome/found", data={"token": token, **ADA})
        assert (answer.status_code, answer.headers["location"]) == (303, "/me")

    async def send(self) -> None:
        """Let the log be followed, and what it asks for be sent."""
        await sequencer.sequence(self.parts.db, self.tenant)
        (reaction,) = outreach.FEATURE.reactions(self.parts)
        await reactions.advance(self.parts.db, reaction, self.tenant)
        handler = send_job(self.parts.keyring, {"email": mailer(self.box.port)})
        await jobs.Worker(self.parts.db, {outreach.SEND: handler}).drain()

    async def link(self, to: str) -> str:
        """What stands behind the # of the newest link in somebody's mailbox."""
        await self.send()
        text = self.box.to(to)[-1].message.get_body(("plain",)).get_content()
        found = LINK.search(text)
        assert found is not None, text
        return found[1]

    async def come_in(self, client: httpx2.AsyncClient, email: str) -> httpx2.Response:
        """By the newest link in this mailbox."""
        return await by_link(client, await self.link(email))

    def once(self) -> dict[str, str]:
        self.keys += 1
        return {"Idempotency-Key": f"deed-{self.keys}"}

    async def told(self, type_: str) -> list[Any]:
        await sequencer.sequence(self.parts.db, self.tenant)
        async with self.parts.db.transaction(self.tenant) as tx:
            return [event for event in await log.read(tx, 0, 1000) if event.type == type_]


@pytest.fixture
async def house(database: PostgresAddress) -> AsyncIterator[House]:
    async def nobody_listens(_: str) -> None:
        pass

    pool = await open_pool(database.app_dsn, size=12)
    clock, rng = Later(), SeededRng(4)
    db = Database(pool, clock=clock, ids=TimeIds(clock, rng), rng=rng, poke=nobody_listens)
    async with db.transaction() as tx:
        tenant, key = await tenants.add_tenant(tx, "Reading Room")
    async with open_mailbox() as box:
        yield House(replace(plain_parts(db), url="http://here"), clock, box, tenant.tenant, key)
    await pool.close()
