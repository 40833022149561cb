"""Answers the pulls of banks, in every worker."""

import asyncio
from typing import Final
from uuid import UUID

import structlog

from cranny.core.errors import Invalid, NotFound
from cranny.fleet import downlink, tables
from cranny.fleet.ingest import NOT_ENROLLED
from cranny.fleet.realigning import align
from cranny.fleet.verifier import Verifier
from cranny.platform.db import Database
from cranny.platform.keys import Keyring
from cranny.wire import subjects
from cranny.wire.brokers import Broker, Incoming
from cranny.wire.messages import Pull, unpack

AT_ONCE: Final = 8
"""Banks that are answered at the same time."""

log = structlog.get_logger(__name__)


class Downlinker:
    def __init__(self, db: Database, broker: Broker, keyring: Keyring) -> None:
        self._db = db
        self._broker = broker
        self._keyring = keyring
        self._verifier = Verifier(db)

    async def run(self) -> None:
        """Until cancelled."""
        subscription = await self._broker.subscribe(
            subjects.ANY_PULL, self.answer, queue="downlink", concurrent=AT_ONCE
        )
        try:
            await asyncio.Event().wait()
        finally:
            await subscription.stop()

    async def answer(self, message: Incoming) -> None:
        """Send what comes after the entry that the bank names. Who is no bank of ours, or speaks for it no longer, gets
        no answer."""
        try:
            tenant, bank = subjects.owner(message.subject)
            name, payload = await self._verifier.signer(tenant, bank, "pull", message.payload)
            pull = unpack(payload, Pull)
            signed = await self._page(tenant, bank, name, pull)
        except (Invalid, NotFound) as refused:
            log.warning("pull refused", subject=message.subject, reason=refused.code)
            return
        await message.respond(signed)

    async def _page(self, tenant: UUID, bank: UUID, name: str, pull: Pull) -> bytes:
        async with self._db.transaction(tenant) as tx:
            if await tx.value(tables.GET_KEY, tenant, bank) == name:
                await align(tx, bank, pull)
                return await downlink.answer(tx, self._keyring, bank, pull.applied)
        self._verifier.forget(tenant, bank)
        raise Invalid("Another controller speaks for this bank by now.", code=NOT_ENROLLED)
