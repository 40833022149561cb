"""A controller by hand: enrolled like any other, on a NATS connection of its own, with a journal that may say
anything."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from cranny.core.clock import SystemClock, millis
from cranny.core.ids import TimeIds
from cranny.core.rng import SystemRng
from cranny.wire import acks, enrolment, nkey, signing, subjects
from cranny.wire.brokers.nats import NatsBroker
from cranny.wire.enrolment import EnrolReply
from cranny.wire.facts import GENESIS, VERSION, Fact, digest, encode
from cranny.wire.kinds import NAMES, Body, CollectFinished, DepositStored
from cranny.wire.kinds import pack as pack_body
from cranny.wire.messages import FactAck, FactBatch, pack

from .house import House
from .patience import eventually

CLOCK, RNG = SystemClock(), SystemRng()
IDS = TimeIds(CLOCK, RNG)
SOME = UUID(int=9)
"""An opening that nobody asks about."""


@dataclass
class Box:
    house: House
    me: EnrolReply
    seed: bytes
    broker: NatsBroker
    epoch: int
    boot: UUID = field(default_factory=IDS.new)
    facts: list[bytes] = field(default_factory=list)
    generations: dict[str, int] = field(default_factory=dict)

    @staticmethod
    @asynccontextmanager
    async def enrolled(house: House, claim: str) -> "AsyncIterator[Box]":
        """As `cranny edge --claim` does it: keys made here, the claim over HTTP, then the broker's own door."""
        seed, sealing = nkey.seed(RNG.bytes(32)), X25519PrivateKey.generate()
        asked = enrolment.ask(claim, seed, sealing, "test")
        answer = await house.client.post("/v1/enrolments", content=msgspec.json.encode(asked))
        assert answer.is_success, answer.text
        me = msgspec.json.decode(answer.content, type=EnrolReply)
        broker = NatsBroker(me.nats, rng=RNG, nkey_seed=seed, inbox_prefix=subjects.inbox(me.bank))
        await broker.connect(within=20)
        try:
            yield Box(house, me, seed, broker, me.epoch)
        finally:
            await broker.close()

    def write(self, kind: str, body: Mapping[str, Any]) -> None:
        """Append a fact to the journal; nothing is sent."""
        head = digest(self.facts[-1]) if self.facts else GENESIS
        now, seq = millis(CLOCK.now()), len(self.facts) + 1
        fact = Fact(
            VERSION, self.me.tenant, self.me.bank, self.epoch, seq, head, kind, dict(body), self.boot, seq * 10,
            now, "good", offline=False,
        )  # fmt: skip
        self.facts.append(encode(fact))

    def say(self, body: Body) -> None:
        self.write(NAMES[type(body)], pack_body(body))

    def stored(self, door: str, delivery: UUID | str, grant: str | None = None) -> None:
        """A deposit behind `door`, under its next generation."""
        self.generations[door] = self.generations.get(door, 0) + 1
        given = UUID(grant) if grant else None
        stored = [UUID(str(delivery))]
        self.say(DepositStored(SOME, door, self.generations[door], stored, given, "sensed"))

    def collected(self, door: str, delivery: UUID, grant: UUID | None = None) -> None:
        generation = self.generations[door]
        self.say(CollectFinished(SOME, door, generation, "collect", grant, [delivery], "sensed"))

    def batch(self, first: int = 1, last: int | None = None, facts: Sequence[bytes] | None = None) -> FactBatch:
        """Facts `first` to `last`, both counted from 1."""
        sent = list(self.facts if facts is None else facts)[first - 1 : last]
        return FactBatch(self.me.tenant, self.me.bank, self.epoch, first, sent, [None] * len(sent), 0)

    async def send(self, batch: FactBatch) -> FactAck:
        message = signing.sign(nkey.private(self.seed), "facts", pack(batch))
        subject = subjects.facts(self.me.tenant, self.me.bank)
        answer = await self.broker.request(subject, message, timeout=10)
        server = Ed25519PublicKey.from_public_bytes(self.me.server_key)
        return acks.read(server, self.me.tenant, self.me.bank, message, answer)

    async def sync(self) -> None:
        """Send everything, and wait until the server has told of it."""
        assert (await self.send(self.batch())).seq == len(self.facts)

        async def told() -> bool:
            status = await self.house.get(f"/v1/banks/{self.me.bank}/status")
            return bool(status["taken"] >= len(self.facts))

        await eventually(told)


def unknown_kind() -> tuple[str, dict[str, Any]]:
    """A fact of a controller that is newer than the server."""
    return "door.painted", {"door": "M1", "colour": "blue"}
