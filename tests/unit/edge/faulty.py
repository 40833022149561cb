"""A disk, a slow function and a server that do what a test tells them."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cranny.edge.disk import DiskFailed, DiskFull, InlineDisk, Work
from cranny.wire.brokers import Incoming
from cranny.wire.kdf import CheapKdf
from cranny.wire.messages import (
    Downlink,
    Entry,
    FactAck,
    FactBatch,
    Pull,
    pack,
)
from cranny.wire.messages import unpack as unpack_message
from cranny.wire.signing import sign, verify

TENANT, BANK = UUID(int=1), UUID(int=2)


class FaultyDisk:
    """Fails when it is told to: `fail_at` counts the transactions to come, `after` decides whether the one that
    fails is on the disk. `full` refuses whatever is not essential, `stuffed` everything; each write takes `slow_s`."""

    def __init__(self) -> None:
        self.inner = InlineDisk()
        self.low = False
        self.full = False
        self.stuffed = False
        self.slow_s = 0.0
        self.fail_at = 0
        self.after = False

    async def run(self, work: Work[Any], *, essential: bool = False) -> Any:
        if self.stuffed or (self.full and not essential):
            raise DiskFull("The bank's disk is full.")
        await asyncio.sleep(self.slow_s)
        if self.fail_at:
            self.fail_at -= 1
            if not self.fail_at:
                if self.after:
                    await self.inner.run(work)
                raise DiskFailed("planned")
        return await self.inner.run(work, essential=essential)

    async def close(self) -> None:
        await self.inner.close()


class PatientKdf(CheapKdf):
    """Takes a moment, as the real one does."""

    async def derive(self, material: bytes, salt: bytes) -> bytes:
        await asyncio.sleep(0.02)
        return await super().derive(material, salt)


@dataclass
class Server:
    """Takes every chained fact once, and gives entries in order."""

    key: Ed25519PrivateKey
    bank_key: Ed25519PrivateKey
    facts: list[bytes] = field(default_factory=list)
    beside: list[bytes | None] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    page: int = 100
    forked: bool = False
    tamper: Callable[[bytes], bytes] = bytes

    async def take(self, message: Incoming) -> None:
        batch = unpack_message(verify(self.bank_key.public_key(), "facts", message.payload), FactBatch)
        assert len(batch.facts) <= 200
        if batch.first <= len(self.facts) + 1:
            new = len(self.facts) + 1 - batch.first
            assert batch.facts[:new] == self.facts[batch.first - 1 :][: len(batch.facts)]
            self.facts += batch.facts[new:]
            self.beside += batch.beside[new:]
        await message.respond(pack(FactAck(epoch=1, seq=len(self.facts), forked=self.forked)))

    async def pull(self, message: Incoming) -> None:
        applied = unpack_message(message.payload, Pull).applied
        page = Downlink(TENANT, BANK, self.entries[applied : applied + self.page], len(self.entries))
        await message.respond(self.tamper(sign(self.key, "downlink", pack(page))))
