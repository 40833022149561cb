"""Somebody who holds the broker: sees every command and every heartbeat, and may send again what was sent, or anything
else. With the server's own key at hand, too, to make the commands that only a mistake of the server's could make."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import cbor2
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cranny.apps.addresses import find
from cranny.apps.settings import read
from cranny.platform.keys import Keyring
from cranny.wire import signing, subjects
from cranny.wire.brokers import Incoming
from cranny.wire.brokers.nats import NatsBroker
from cranny.wire.commands import Command, CommandReply, Target
from cranny.wire.messages import Beat, pack, unpack

from .box import IDS, RNG
from .house import House
from .patience import eventually


@dataclass
class Tap:
    """`commands` and `beats` of one bank, as they went over the wire."""

    broker: NatsBroker
    tenant: UUID
    bank: UUID
    key: Ed25519PrivateKey
    commands: list[bytes] = field(default_factory=list)
    beats: list[Beat] = field(default_factory=list)

    async def hear_command(self, message: Incoming) -> None:
        self.commands.append(message.payload)

    async def hear_beat(self, message: Incoming) -> None:
        self.beats.append(unpack(_unsigned(message.payload), Beat))

    async def beat(self) -> Beat:
        """The newest, once there is one."""

        async def heard() -> bool:
            return bool(self.beats)

        await eventually(heard)
        return self.beats[-1]

    async def command(self, *doors: str, **changed: Any) -> Command:
        """One that the server could have made now."""
        beat = await self.beat()
        made = Command(
            command=IDS.new(),
            tenant=self.tenant,
            bank=self.bank,
            boot=beat.boot,
            token=beat.token,
            ttl_ms=60_000,
            action="open",
            by="keys/test",
            reason="a journey",
            targets=tuple(Target(door) for door in doors),
        )
        return msgspec.structs.replace(made, **changed)

    async def send(self, command: Command, *, key: Ed25519PrivateKey | None = None) -> tuple[str, str]:
        """(outcome, reason)"""
        return await self.post(signing.sign(key or self.key, "command", pack(command)))

    async def post(self, payload: bytes) -> tuple[str, str]:
        answer = await self.broker.request(subjects.command(self.tenant, self.bank), payload, timeout=30)
        reply = unpack(_unsigned(answer), CommandReply)
        return reply.outcome, reply.reason


@asynccontextmanager
async def tapping(house: House, bank: str) -> AsyncIterator[Tap]:
    async with find(read(data=house.data), RNG) as found:
        keyring = Keyring(found.master, rng=RNG)
        broker = NatsBroker([found.nats_url], rng=RNG, nkey_seed=keyring.nats_user_seed("server"))
        await broker.connect(within=20)
        tenant = UUID((await house.get("/v1/events?limit=1"))["items"][0]["subject"].partition("/")[2])
        tap = Tap(broker, tenant, UUID(bank), keyring.downlink_key(tenant))
        try:
            await broker.subscribe(subjects.command(tenant, tap.bank), tap.hear_command)
            await broker.subscribe(subjects.beat(tenant, tap.bank), tap.hear_beat)
            yield tap
        finally:
            await broker.close()


def _unsigned(message: bytes) -> bytes:
    """What stands inside the envelope; whether its signature holds is the server's to check."""
    inside: bytes = cbor2.loads(message).value[2]
    return inside
