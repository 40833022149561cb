"""A chilled bank on a real database, its journal, and whoever asks the server about it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import httpx2
import pytest

from cranny import fleet, sites
from cranny.core.clock import millis
from cranny.fleet import enrolment
from cranny.fleet.downlink import open_desk
from cranny.fleet.postgres import PostgresStore
from cranny.platform import log, reactions, sequencer
from cranny.platform.feature import Parts
from cranny.platform.server import create_server
from cranny.platform.tenants import add_key
from cranny.wire.brokers.memory import Hub
from cranny.wire.kdf import CheapKdf


@dataclass(repr=False)
class Station:
    """A chilled bank, its journal, and whoever asks the server about it."""

    db: object
    tenant: UUID
    keyring: object
    client: httpx2.AsyncClient
    box: object
    parts: Parts
    sent: int = 0
    journal: object = None

    async def say(self, *bodies, at=None, sync=True):
        """`at` in seconds before now."""
        self.journal = self.journal or self.box.journal()
        now = self.db.clock.now()
        for place, body in enumerate(bodies):
            when = now - timedelta(seconds=(at[place] if at else 0))
            self.journal.say(body, wall_ms=millis(when))
        if sync:
            await self.sync()

    async def sync(self):
        arrival = fleet.Arrival(self.journal.batch(self.sent + 1), self.box.identity, self.db.clock.now())
        async with self.db.transaction(self.tenant) as tx:
            ack = await fleet.take_one(PostgresStore(tx, self.keyring), arrival)
        assert (ack.refused, ack.forked) == ("", False)
        self.sent = ack.seq
        await self.follow()

    async def follow(self):
        for reaction in fleet.FEATURE.reactions(self.parts):
            await sequencer.sequence(self.db, self.tenant)
            while await reactions.advance(self.db, reaction, self.tenant) is not None:
                await sequencer.sequence(self.db, self.tenant)

    async def new_box(self):
        """The storage was lost: the next facts are of a new epoch."""
        self.journal, self.sent = self.box.journal(epoch=2), 0

    async def get(self, path, **query):
        answer = await self.client.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def alarms(self, **query):
        return (await self.get("/v1/alarms", **query))["items"]

    async def events(self, *types):
        await sequencer.sequence(self.db, self.tenant)
        async with self.db.transaction(self.tenant) as tx:
            return [event for event in await log.read(tx, 0, 1000) if event.type in types]

    async def unfit(self):
        doors = (await self.get(f"/v1/banks/{self.box.bank}/compartments"))["items"]
        return {door["label"]: door["unfit"] for door in doors if door["unfit"]}


@pytest.fixture
async def station(db, tenant, keyring, box_with) -> AsyncIterator[Station]:
    from tests.fleet.conftest import identity_of

    key, identity = identity_of(60)
    async with db.transaction(tenant) as tx:
        await sites.default_size_classes(tx)
        bank = await sites.add_bank(tx, sites.shipped_bank("station-60"))
        await open_desk(tx, bank.id)
        await enrolment.speak_for(tx, bank.id, "", identity)
        _, secret = await add_key(tx, label="test")
    parts = Parts(db, Hub().join("server"), keyring, CheapKdf(), db.clock, db.ids, db.rng)
    app = create_server([*fleet.FEATURE.routes(parts), *sites.FEATURE.routes(parts)], parts)
    headers = {"Authorization": f"Bearer {secret}"}
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost", headers=headers) as client:
        yield Station(
            db,
            tenant,
            keyring,
            client,
            box_with(tenant, bank.id, key, keyring.downlink_key(tenant).public_key()),
            parts,
        )
