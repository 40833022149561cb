"""Answers the pulls of banks, in every worker."""

import asyncio
from typing import Final

import structlog

from cranny.core.errors import Invalid, NotFound
from cranny.fleet import downlink
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
        """Send what comes after the entry that the bank names. Who is no bank of ours gets no answer."""
        try:
            tenant, bank = subjects.owner(message.subject)
            pull = unpack(message.payload, Pull)
            async with self._db.transaction(tenant) as tx:
                signed = await downlink.answer(tx, self._keyring, bank, pull.applied)
        except (Invalid, NotFound) as refused:
            log.warning("pull refused", subject=message.subject, reason=refused.code)
            return
        await message.respond(signed)
