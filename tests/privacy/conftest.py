"""A tenant with a bank, all of the server in this very loop, and the other sides of the channels."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import httpx2
import pytest

from cranny import outreach, people
from cranny.outreach.channels.sms import Sms
from cranny.outreach.sending import send_job
from cranny.platform import jobs, reactions, tenants
from cranny.platform.feature import Outlet, Parts, Violation
from cranny.platform.permissions import Role
from cranny.sim.mailbox import Mailbox, open_mailbox
from cranny.sim.phones import Phones, open_phones
from cranny.wiring.audit import audit
from cranny.wiring.keepers import informed
from cranny.wiring.serving import join
from tests.deliveries.conftest import Yard, yard  # noqa: F401 - a fixture
from tests.outreach.conftest import AT_ONCE, mailer

__all__ = ["Office", "office"]
OUTLETS = {"email": Outlet("smtp://x"), "sms": Outlet("https://x")}


@dataclass
class Office:
    yard: Yard
    box: Mailbox
    phones: Phones
    keys: int = 0
    parts: Parts = field(init=False)

    def __post_init__(self) -> None:
        made = replace(self.yard.parts, url="http://here", outlets=OUTLETS, webhooks_inside=("127.0.0.0/8",))
        self.parts = informed(made)
        self.app = join(made)

    @asynccontextmanager
    async def client(self, role: Role | None = None) -> AsyncIterator[httpx2.AsyncClient]:
        """With the API key, or as somebody in that role who has just shown who they are."""
        headers = {"Authorization": f"Bearer {self.yard.key}"} if role is None else {"User-Agent": "test"}
        cookies = {} if role is None else {"cranny-session": await self.sign_in(role)}
        transport = httpx2.ASGITransport(self.app)
        async with httpx2.AsyncClient(
            transport=transport, base_url="http://server", headers=headers, cookies=cookies
        ) as client:
            yield client

    async def sign_in(self, role: Role) -> str:
        async with self.yard.db.transaction(self.yard.tenant) as tx:
            person = await people.remember(tx, people.Contact(email=f"{role}@staff.example"))
            await people.give(tx, self.yard.keyring, person, role, by="test")
            return await people.begin_session(tx, ("person", person), "link", "test", proven=True)

    def once(self, **more: str) -> dict[str, str]:
        self.keys += 1
        return {"Idempotency-Key": f"deed-{self.keys}", **more}

    async def post(self, client: httpx2.AsyncClient, path: str, body: Any, status: int = 200, **headers: str) -> Any:
        answer = await client.post(path, json=body, headers=self.once(**headers))
        assert answer.status_code == status, answer.text
        return answer.json()

    async def send(self) -> None:
        """Follow the log, and send what is to be sent now."""
        await self.yard.follow()
        for reaction in outreach.FEATURE.reactions(self.parts):
            while await reactions.advance(self.yard.db, reaction, self.yard.tenant) is not None:
                pass
        await self.yard.db.pool.execute(AT_ONCE)
        sms = Sms(Outlet(self.phones.url, "demo", "Lockers"), all_within=1.0)
        handler = send_job(self.yard.keyring, {"email": mailer(self.box.port), "sms": sms})
        await jobs.Worker(self.yard.db, {outreach.SEND: handler}).drain()
        await self.yard.follow()

    async def violations(self) -> list[Violation]:
        return await audit(self.yard.db)

    async def second_tenant(self) -> UUID:
        async with self.yard.db.transaction() as tx:
            return (await tenants.add_tenant(tx, "Canary"))[0].tenant


@pytest.fixture
async def office(yard: Yard) -> AsyncIterator[Office]:  # noqa: F811 - the fixture
    async with open_mailbox() as box, open_phones() as phones:
        yield Office(yard, box, phones)
