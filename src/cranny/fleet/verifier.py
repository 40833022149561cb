"""Whose message is it? Checks signatures with the key that is enrolled, and remembers keys."""

from typing import Final
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from cranny.core.errors import Invalid
from cranny.fleet import tables
from cranny.fleet.ingest import NOT_ENROLLED
from cranny.platform.db import Database
from cranny.wire import nkey, signing
from cranny.wire.messages import FactBatch, unpack

MOST: Final = 50_000
"""Keys that are remembered."""


class Verifier:
    def __init__(self, db: Database) -> None:
        self._db = db
        self._keys: dict[tuple[UUID, UUID], tuple[str, Ed25519PublicKey]] = {}

    async def open(self, tenant: UUID, bank: UUID, message: bytes) -> tuple[str, FactBatch]:
        """The NKEY that signed `message`, and the batch inside. Raises Invalid, code `not-enrolled`,
        `signature-invalid`, `message-unreadable` or `foreign-bank`.

        A key that was replaced a moment ago may pass here: who writes compares it once more, under the lock."""
        name, payload = await self.signer(tenant, bank, "facts", message)
        batch = unpack(payload, FactBatch)
        if (batch.tenant, batch.bank) != (tenant, bank):
            raise Invalid("The batch names another bank.", code="foreign-bank")
        return name, batch

    async def signer(self, tenant: UUID, bank: UUID, purpose: signing.Purpose, message: bytes) -> tuple[str, bytes]:
        """The NKEY that signed `message` for `purpose`, and what is inside. Raises Invalid, code `not-enrolled` or
        `signature-invalid`. As with `open`, who acts on it compares the key once more."""
        known = self._keys.get((tenant, bank))
        if known is None:
            name, key = await self._look_up(tenant, bank)
            return name, signing.verify(key, purpose, message)
        name, key = known
        try:
            return name, signing.verify(key, purpose, message)
        except Invalid:
            # The bank may have another controller by now.
            name, key = await self._look_up(tenant, bank)
            return name, signing.verify(key, purpose, message)

    def forget(self, tenant: UUID, bank: UUID) -> None:
        """The key turned out to be an old one."""
        self._keys.pop((tenant, bank), None)

    async def _look_up(self, tenant: UUID, bank: UUID) -> tuple[str, Ed25519PublicKey]:
        self.forget(tenant, bank)
        async with self._db.transaction(tenant) as tx:
            name = await tx.value(tables.GET_KEY, tenant, bank)
        if not name:
            raise Invalid("No controller may speak for this bank.", code=NOT_ENROLLED)
        if len(self._keys) >= MOST:
            self._keys.clear()
        self._keys[tenant, bank] = found = (name, nkey.public(name))
        return found
