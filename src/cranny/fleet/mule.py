"""Facts that somebody carried here from a bank without a network, and what goes back with them. The bank's signature is
the authentication; the rules are those of every batch, so what comes over the network later changes nothing."""

import asyncio
from typing import Final
from uuid import UUID

from cranny.core.errors import Invalid, Refused, Unavailable
from cranny.fleet import downlink, tables
from cranny.fleet.ingest import NOT_ENROLLED, Arrival, take_one
from cranny.fleet.postgres import stores
from cranny.fleet.realigning import align
from cranny.fleet.verifier import Verifier
from cranny.platform.db import Database
from cranny.platform.keys import Keyring
from cranny.wire import acks, signing
from cranny.wire.messages import Downlink, Pull, pack, unpack
from cranny.wire.mule import LARGEST, MOST_PAGES, Carried, Returned

AT_ONCE: Final = 4
"""Files that are taken together; whoever comes then is asked to come again."""
EVERY_S: Final = 1.0
"""One bank's files, at most."""
BANKS: Final = 10_000


class Carrier:
    def __init__(self, db: Database, keyring: Keyring) -> None:
        self._db = db
        self._keyring = keyring
        self._stores = stores(db, keyring)
        self._verifier = Verifier(db)
        self._busy = 0
        self._last: dict[UUID, float] = {}

    async def take(self, body: bytes) -> bytes:
        """The file for the way back. Raises Invalid, codes `message-unreadable`, `signature-invalid`, `foreign-bank`;
        Refused, code `not-enrolled`; Unavailable, code `too-many-files`."""
        if self._busy >= AT_ONCE:
            raise _later()
        self._busy += 1
        try:
            async with asyncio.timeout(60):
                return await self._take(unpack(body, Carried))
        finally:
            self._busy -= 1

    async def _take(self, carried: Carried) -> bytes:
        tenant, bank = carried.tenant, carried.bank
        try:
            name, pull = await self._verifier.signer(tenant, bank, "pull", carried.pull)
        except Invalid as invalid:
            if invalid.code == NOT_ENROLLED:
                raise Refused("No controller may speak for this bank.", code=NOT_ENROLLED) from invalid
            raise
        self._slow_down(bank)
        answers = [await self._facts(tenant, bank, message) for message in carried.batches]
        pages = await self._rights(tenant, bank, name, unpack(pull, Pull))
        return pack(Returned(tenant, bank, answers, pages))

    async def _facts(self, tenant: UUID, bank: UUID, message: bytes) -> bytes:
        """Taken and committed, then acknowledged."""
        name, batch = await self._verifier.open(tenant, bank, message)
        async with self._stores(tenant) as store:
            ack = await take_one(store, Arrival(batch, name, self._db.clock.now()))
        if ack.refused == NOT_ENROLLED:
            self._verifier.forget(tenant, bank)
        return acks.sign(self._keyring.downlink_key(tenant), tenant, bank, message, ack)

    async def _rights(self, tenant: UUID, bank: UUID, name: str, pull: Pull) -> list[bytes]:
        """Signed pages of what comes after the last entry that the bank holds, as many as a file holds."""
        pages: list[bytes] = []
        room, after = LARGEST // 2, pull.applied
        async with self._db.transaction(tenant) as tx:
            if await tx.value(tables.GET_KEY, tenant, bank) != name:
                raise Refused("Another controller speaks for this bank by now.", code=NOT_ENROLLED)
            await align(tx, bank, pull)
            while room > 0 and len(pages) < MOST_PAGES:
                entries, head = await downlink.pending(tx, bank, after)
                if not entries:
                    break
                page = pack(Downlink(tenant, bank, entries, head))
                pages.append(signing.sign(self._keyring.downlink_key(tenant), "downlink", page))
                room -= len(page)
                after = entries[-1].seq
        return pages

    def _slow_down(self, bank: UUID) -> None:
        now = self._db.clock.monotonic()
        if now - self._last.get(bank, -EVERY_S) < EVERY_S:
            raise _later()
        if len(self._last) >= BANKS:
            self._last.clear()
        self._last[bank] = now


def _later() -> Unavailable:
    return Unavailable("Too many files just now. Send it again in a moment.", code="too-many-files", retry=True)
