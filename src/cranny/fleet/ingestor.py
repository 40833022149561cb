"""Takes the batches of banks off the broker, in every worker, and answers each after its commit."""

import asyncio
from typing import Final
from uuid import UUID

import structlog

from cranny.core.errors import Invalid
from cranny.fleet.anomalies import raise_anomaly
from cranny.fleet.commits import Commits
from cranny.fleet.ingest import NOT_ENROLLED, Arrival, refusal
from cranny.fleet.postgres import stores
from cranny.fleet.verifier import Verifier
from cranny.platform.db import Database
from cranny.platform.keys import Keyring
from cranny.wire import acks, subjects
from cranny.wire.brokers import Broker, Incoming
from cranny.wire.messages import FactAck

BANKS_AT_ONCE: Final = 512
"""Banks whose batch is held at the same time; the others' wait in the subscription."""

log = structlog.get_logger(__name__)


class Ingestor:
    def __init__(self, db: Database, broker: Broker, keyring: Keyring) -> None:
        self._db = db
        self._broker = broker
        self._keyring = keyring
        self._verifier = Verifier(db)
        self._commits = Commits(stores(db, keyring))

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._commits.run())
            subscription = await self._broker.subscribe(
                subjects.ANY_FACTS, self.arrived, queue="ingest", concurrent=BANKS_AT_ONCE
            )
            try:
                await asyncio.Event().wait()
            finally:
                await subscription.stop()

    async def arrived(self, message: Incoming) -> None:
        """Take a signed batch and answer with a signed FactAck. When the database does not, neither do we: the bank
        sends it again. What comes on no bank's subject gets no answer."""
        try:
            tenant, bank = subjects.owner(message.subject)
        except Invalid as invalid:
            log.warning("batch refused", subject=message.subject, reason=invalid.code)
            return
        await message.respond(await self.take(tenant, bank, message.payload))

    async def take(self, tenant: UUID, bank: UUID, message: bytes) -> bytes:
        """The signed answer to a signed batch, after its commit. Raises what kept the database from it."""
        ack = await self._take(tenant, bank, message)
        return acks.sign(self._keyring.downlink_key(tenant), tenant, bank, message, ack)

    async def _take(self, tenant: UUID, bank: UUID, payload: bytes) -> FactAck:
        now = self._db.clock.now()
        try:
            public_key, batch = await self._verifier.open(tenant, bank, payload)
        except Invalid as invalid:
            await self._list(tenant, bank, invalid)
            return refusal(invalid.code)
        ack = await self._commits.take(Arrival(batch, public_key, now))
        if ack.refused == NOT_ENROLLED:
            self._verifier.forget(tenant, bank)
        return ack

    async def _list(self, tenant: UUID, bank: UUID, invalid: Invalid) -> None:
        """A bank that is enrolled and sends what can't be its own has to be looked at."""
        if invalid.code == NOT_ENROLLED:
            return
        async with self._db.transaction(tenant) as tx:
            kind = invalid.code.replace("-", "_")
            await raise_anomaly(tx, bank, kind, f"banks/{bank}", {"why": invalid.detail})
