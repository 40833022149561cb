"""A bank of twenty simulated doors in virtual time, with a plain server at the other end of the wire.

`live(story)` runs `story(lab)`: the lab gives rights, hands act at the doors, `crash` drops the controller where it
stands and `boot` starts another one on the same disk.
"""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cranny.core.ids import TimeIds
from cranny.core.rng import SeededRng
from cranny.edge.app import Bank, Config, Parts, start
from cranny.edge.disk import Disk
from cranny.edge.drivers import Address
from cranny.edge.drivers.simulated import SimulatedBoard
from cranny.edge.identity import Identity
from cranny.edge.journal import read_state
from cranny.edge.link import Line
from cranny.edge.outcomes import Changed, Opening, Told
from cranny.edge.schema import ALL_FACTS
from cranny.edge.state import State
from cranny.fleet import Known
from cranny.sim.loop import VirtualClock, VirtualLoop, live
from cranny.wire import acks, nkey, subjects
from cranny.wire.brokers import Incoming
from cranny.wire.brokers.memory import Hub
from cranny.wire.codes import (
    Code,
    Qr,
    code_material,
    collector_digest,
    qr_verifier,
    show_code,
    show_qr,
    tracking_digest,
)
from cranny.wire.facts import Fact, decode
from cranny.wire.kinds import Body, unpack
from cranny.wire.messages import (
    CompartmentGiven,
    DeliveryGiven,
    Downlink,
    Entry,
    FactAck,
    FactBatch,
    Given,
    GrantGiven,
    ItemGiven,
    Layout,
    Policy,
    Pull,
    Renewed,
    pack,
)
from cranny.wire.messages import unpack as unpack_message
from cranny.wire.signing import sign, verify

from .chain import chained
from .faults import FaultyDisk, Mains, PatientKdf, PoweredBoard, PoweredDisk, stop

TENANT, BANK = UUID(int=1), UUID(int=2)
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
PEPPER = b"p" * 32
SMALL, MEDIUM, LARGE = (100, 350, 450), (200, 350, 450), (400, 350, 450)


def layout(doors: int = 20) -> Layout:
    """Doors 01…: half small, then medium, the last two large."""
    boxes = []
    for number in range(1, doors + 1):
        height, width, depth = LARGE if number > doors - 2 else MEDIUM if number > doors // 2 else SMALL
        boxes.append(CompartmentGiven(f"{number:02}", width, height, depth, 300 + 50 * number, [], 1, number))
    return Layout("Main hall", "Europe/Vienna", boxes)


@dataclass(frozen=True)
class Parcel:
    """A delivery as its sender and its collector know it."""

    delivery: UUID
    grant: UUID
    deposit_grant: UUID
    tracking: tuple[str, ...]
    code: Code
    qr: Qr

    @property
    def digits(self) -> str:
        return show_code(self.code)

    @property
    def symbol(self) -> str:
        return show_qr(self.qr)

    @property
    def wrong(self) -> str:
        return show_code(Code(self.code.locator, (self.code.secret + 1) % 1_000_000))


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
    epoch: int = 1
    base: int = 0
    past: list[bytes] = field(default_factory=list)
    tamper: Callable[[bytes], bytes] = bytes
    """What becomes of a page of rights on its way."""
    twist: Callable[[bytes], bytes] = bytes
    """What becomes of an acknowledgement on its way."""

    async def take(self, message: Incoming) -> None:
        batch = unpack_message(verify(self.bank_key.public_key(), "facts", message.payload), FactBatch)
        assert len(batch.facts) <= 200
        if batch.epoch > self.epoch:
            self._renew(batch.epoch)
        if batch.epoch == self.epoch and not self.forked and batch.first <= len(self.facts) + 1:
            new = len(self.facts) + 1 - batch.first
            self.forked = batch.facts[:new] != self.facts[batch.first - 1 :][: len(batch.facts)]
        if batch.epoch == self.epoch and not self.forked and batch.first <= len(self.facts) + 1:
            self.facts += batch.facts[new:]
            self.beside += batch.beside[new:]
        await self.answer(message, FactAck(epoch=self.epoch, seq=len(self.facts), forked=self.forked))

    async def answer(self, message: Incoming, ack: FactAck) -> None:
        await message.respond(self.twist(acks.sign(self.key, TENANT, BANK, message.payload, ack)))

    def _renew(self, epoch: int) -> None:
        """What the fleet does when an epoch begins."""
        known = Known()
        for entry in self.entries[self.base :]:
            known.give(entry.given)
        for fact in map(decode, [*self.past, *self.facts]):
            if body := unpack(fact.kind, fact.body):
                known.tell(body)
        self.base = len(self.entries)
        self.entries += [Entry(seq, given) for seq, given in enumerate(known.all(epoch), self.base + 1)]
        self.past += self.facts
        self.epoch, self.forked, self.facts, self.beside = epoch, False, [], []

    async def pull(self, message: Incoming) -> None:
        applied = unpack_message(verify(self.bank_key.public_key(), "pull", message.payload), Pull).applied
        first = max(applied, self.base)
        page = Downlink(TENANT, BANK, self.entries[first : first + self.page], len(self.entries))
        await message.respond(self.tamper(sign(self.key, "downlink", pack(page))))


class Lab:
    def __init__(self, loop: VirtualLoop, *, content: bool, doors: int) -> None:
        self.clock = VirtualClock(loop, NOON)
        self.rng = SeededRng(7)
        self.ids = TimeIds(self.clock, self.rng)
        self.disk = FaultyDisk()
        self.pulsed: list[Address] = []
        self.intents: set[tuple[int, int, str]] = set()  # (epoch, number, door); the disk forgets old ones
        self.board = SimulatedBoard(rng=self.rng, content=content, released=self._released)
        self.hub = Hub()
        self.broker = self.hub.join("bank")
        bank_key = Ed25519PrivateKey.from_private_bytes(bytes(32))
        self.server = Server(Ed25519PrivateKey.from_private_bytes(bytes(range(32))), bank_key)
        raw = serialization.Encoding.Raw, serialization.PublicFormat.Raw
        self.identity = Identity(
            tenant=TENANT,
            bank=BANK,
            nats=[],
            seed=nkey.seed(bytes(32)).decode(),
            server_key=self.server.key.public_key().public_bytes(*raw),
            pepper=PEPPER,
        )
        self.line = Line(self.broker, TENANT, BANK)
        self.told: list[Told] = []
        self.kdf = PatientKdf()
        self.mains = Mains()
        self.layout = layout(doors)
        self.climate: Path | None = None
        self.beat_s = 15.0
        self._bank: Bank | None = None
        self._locator = 0

    async def open(self, **policy: Any) -> None:
        """Server, rights, first boot."""
        server = self.hub.join("server")
        await server.subscribe(subjects.ANY_FACTS, self.server.take)
        await server.subscribe(subjects.ANY_PULL, self.server.pull)
        if self.identity.epoch > 1:
            self._append(Renewed(self.identity.epoch))
        for given in (self.layout, Policy(**policy)):
            self._append(given)
        await self.boot()

    async def boot(self) -> None:
        self.mains = Mains()
        config = Config(self.identity, "0.1", None, beat_s=self.beat_s)
        self._bank = await start(config, self._parts(), self.line, self.told.append)
        await self.settle()

    async def crash(self) -> None:
        """Power off for the controller: tasks die where they stand, the cabinet stays as it is."""
        self.mains.off = True
        if self._bank is not None:
            bank, self._bank = self._bank, None
            await stop(bank)

    async def restart(self) -> None:
        await self.crash()
        await self.boot()

    async def settle(self, seconds: float = 1.0) -> None:
        await asyncio.sleep(seconds)

    @property
    def controller(self) -> Any:
        assert self._bank is not None
        return self._bank.controller

    @property
    def bank(self) -> Bank:
        assert self._bank is not None
        return self._bank

    @property
    def state(self) -> State:
        found: State = self.controller.journal.state
        return found

    def _parts(self) -> Parts:
        disk: Disk = PoweredDisk(self.disk, self.mains)
        board: Any = PoweredBoard(self.board, self.mains)
        return Parts(self.clock, self.rng, self.ids, disk, self.broker, self.kdf, board, self.climate)

    def _append(self, given: Given) -> None:
        self.server.entries.append(Entry(len(self.server.entries) + 1, given))

    async def give(self, *given: Given) -> None:
        for one in given:
            self._append(one)
        await self.hub.join("giver").publish(subjects.poke(TENANT, BANK), b"")
        await self.settle(0.2)

    async def announce(
        self,
        *tracking: str,
        collector: int = 0,
        size: tuple[int, int, int] = (80, 200, 200),
        features: tuple[str, ...] = (),
    ) -> Parcel:
        """A delivery with one item per tracking number, and its collect grant. Collector 0: somebody new."""
        self._locator += 1
        code = Code(self._locator, self.rng.below(1_000_000))
        parcel = Parcel(
            self.ids.new(), self.ids.new(), self.ids.new(), tracking, code, Qr(self._locator, self.rng.bytes(16))
        )
        person = UUID(int=collector) if collector else self.ids.new()
        items = [ItemGiven(self.ids.new(), tracking_digest(PEPPER, text), *size) for text in tracking]
        await self.give(
            DeliveryGiven(
                parcel.delivery,
                parcel.deposit_grant,
                parcel.grant,
                collector_digest(PEPPER, person),
                items,
                list(features),
                seated=False,
            ),
            await self.grant(parcel),
        )
        return parcel

    async def grant(
        self, parcel: Parcel, purpose: Any = "collect", grant: UUID | None = None, door: str = "", generation: int = 0
    ) -> GrantGiven:
        """The entry with a parcel's verifiers; another grant has the same code unless the caller changes it."""
        salt = self.rng.bytes(16)
        return GrantGiven(
            grant=grant or parcel.grant,
            purpose=purpose,
            delivery=parcel.delivery,
            locator=parcel.code.locator,
            salt=salt,
            code_verifier=await self.kdf.derive(code_material(PEPPER, TENANT, BANK, parcel.code), salt),
            qr_verifier=qr_verifier(PEPPER, TENANT, BANK, parcel.qr),
            door=door,
            generation=generation,
        )

    async def special(self, parcel: Parcel, purpose: str, door: str, generation: int) -> Parcel:
        """A recall or inspect grant with a code of its own."""
        self._locator += 1
        code, qr = Code(self._locator, self.rng.below(1_000_000)), Qr(self._locator, self.rng.bytes(16))
        other = Parcel(parcel.delivery, self.ids.new(), parcel.deposit_grant, (), code, qr)
        await self.give(await self.grant(other, purpose, other.grant, door, generation))
        return other

    def at(self, door: str) -> Address:
        box = next(box for box in self.layout.compartments if box.label == door)
        return box.unit, box.channel

    async def put(self, door: str, thing: object = "parcel") -> None:
        self.board.put(self.at(door), thing)

    async def shut(self, door: str) -> None:
        self.board.shut(self.at(door))
        await self.settle()

    async def deposit(self, parcel: Parcel) -> str:
        """Scan, put in, shut. The door."""
        answer = await self.controller.scan(parcel.tracking[0])
        assert answer.__class__.__name__ == "Opened", answer
        self.board.put(self.at(answer.door), parcel)
        await self.shut(answer.door)
        return str(answer.door)

    async def take(self, door: str) -> list[object]:
        things = self.board.take(self.at(door))
        await self.shut(door)
        return things

    def _released(self, address: Address) -> None:
        """I3: no pulse without an intent on the disk."""
        self.pulsed.append(address)
        label = next(box.label for box in self.layout.compartments if (box.unit, box.channel) == address)
        intents = [fact for fact in self.facts() if fact.kind == "opening.intended"]
        self.intents |= {(fact.epoch, fact.seq, fact.body["door"]) for fact in intents}
        tries = sum(1 for *_, door in self.intents if door == label)
        assert tries >= self.pulsed.count(address), f"door {label} was pulsed without an intent"

    def stored(self) -> list[bytes]:
        return [stored for (stored,) in self.connection.execute(ALL_FACTS)]

    def facts(self) -> list[Fact]:
        """All that is on the disk."""
        return chained(self.stored())

    def bodies(self, *kinds: str) -> list[Body]:
        found = [unpack(fact.kind, fact.body) for fact in self.facts() if not kinds or fact.kind in kinds]
        return [body for body in found if body is not None]

    def kinds(self, since: int = 0) -> list[str]:
        """Kinds of the facts, without those that every start writes."""
        return [fact.kind for fact in self.facts()[since:] if fact.kind != "bank.started"]

    @property
    def connection(self) -> sqlite3.Connection:
        return self.disk.inner._connection

    def outcomes(self) -> list[Told]:
        """What the screen was told, without the flicker of the wall."""
        return [told for told in self.told if not isinstance(told, Changed | Opening)]

    def check(self) -> None:
        """The controller runs, memory is what the disk holds, and nothing contradicts itself."""
        assert not self.bank._crew._failed.done(), self.bank._crew._failed.exception()
        held = read_state(self.connection)
        assert held == self.state
        labels = [row for (row,) in self.connection.execute("SELECT label FROM occupancies WHERE NOT ended")]
        assert len(labels) == len(set(labels))


Story = Callable[[Lab], Awaitable[None]]


@pytest.fixture
def live_bank() -> Iterator[Callable[..., None]]:
    """`live_bank(story, content=True, doors=20, **policy)`."""

    def run(
        story: Story, *, content: bool = True, doors: int = 20, opened: bool = True, loop: Any = None, **policy: Any
    ) -> None:
        loop = loop or VirtualLoop()

        async def whole() -> None:
            lab = Lab(loop, content=content, doors=doors)
            if opened:
                await lab.open(**policy)
            await story(lab)
            if lab._bank is not None:
                lab.check()
            await lab.crash()
            await lab.board.close()

        live(whole(), loop)

    return run
