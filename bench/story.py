"""Tenants, banks and days at banks, made up: enough of them to be worth measuring."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bench.house import CLOCK, IDS, RNG
from cranny import sites
from cranny.core.clock import millis
from cranny.fleet import enrolment
from cranny.fleet.downlink import open_desk
from cranny.platform.db import Database
from cranny.platform.tenants import add_tenant
from cranny.wire import nkey, signing
from cranny.wire.facts import GENESIS, Fact, digest, encode
from cranny.wire.kinds import (
    NAMES,
    Body,
    CollectFinished,
    DepositAbandoned,
    DepositStored,
    DoorOpened,
    DoorShut,
    OpeningIntended,
    Purpose,
    pack,
)
from cranny.wire.messages import FactBatch
from cranny.wire.messages import pack as pack_message

BATCH: Final = 100
"""Facts in a batch: 12 deposits that are collected, and one that is called off. What starts in a batch ends in it."""
DOORS: Final = 128
Credential = Literal["code", "tracking"]
_DOOR: Final = "      - {{label: '{label}', width: 380, height: 190, depth: 640, centre: 900, unit: 1, channel: {n}}}"


@dataclass(frozen=True)
class Box:
    bank: UUID
    key: Ed25519PrivateKey


def bank_file(name: str, doors: int = DOORS) -> str:
    """A bank of equal doors."""
    rows = "\n".join(_DOOR.format(label=f"{n:03}", n=n) for n in range(1, doors + 1))
    head = f"name: {name}\ntimezone: Europe/Prague\nsite: Site\ntowers:\n  - name: A\n    compartments:\n"
    return f"{head}{rows}\n"


async def add_house(db: Database) -> tuple[UUID, str]:
    """A tenant and its API key."""
    async with db.transaction() as tx:
        row, key = await add_tenant(tx, "Bench")
        await sites.default_size_classes(tx)
    return row.tenant, key


async def add_banks(db: Database, tenant: UUID, count: int) -> list[Box]:
    """Banks whose controllers have keys that we know."""
    boxes: list[Box] = []
    for number in range(count):
        box = Ed25519PrivateKey.from_private_bytes(RNG.bytes(32))
        async with db.transaction(tenant) as tx:
            bank = await sites.add_bank(tx, sites.read_yaml(bank_file(f"Bank {number}")))
            await open_desk(tx, bank.id)
            await enrolment.speak_for(tx, bank.id, "", nkey.name(box.public_key()))
        boxes.append(Box(bank.id, box))
    return boxes


def signed_batches(tenant: UUID, box: Box, count: int) -> list[bytes]:
    """What this bank sends, from its first fact on."""
    boot, head, facts = IDS.new(), GENESIS, list[bytes]()
    for seq, body in enumerate(_days(count), 1):
        kind, now = NAMES[type(body)], millis(CLOCK.now())
        fact = encode(Fact(1, tenant, box.bank, 1, seq, head, kind, pack(body), boot, seq, now, "good", False))
        facts.append(fact)
        head = digest(fact)
    return [_signed(tenant, box, boot, first, facts[first : first + BATCH]) for first in range(0, len(facts), BATCH)]


def _signed(tenant: UUID, box: Box, boot: UUID, before: int, facts: Sequence[bytes]) -> bytes:
    batch = FactBatch(tenant, box.bank, 1, before + 1, list(facts), [None] * len(facts), 0, boot, before)
    return signing.sign(box.key, "facts", pack_message(batch))


def _days(batches: int) -> Iterator[Body]:
    turn = 0
    for _ in range(batches):
        for _ in range(12):
            yield from _parcel(f"{turn % DOORS + 1:03}", turn // DOORS + 1)
            turn += 1
        yield from _abandoned(f"{turn % DOORS + 1:03}", turn // DOORS + 1)


def _parcel(door: str, generation: int) -> Iterator[Body]:
    delivery, grant = IDS.new(), IDS.new()
    yield from _opening(opening := IDS.new(), door, generation, "deposit")
    yield DepositStored(opening, door, generation, [delivery], grant, "sensed")
    yield from _opening(opening := IDS.new(), door, generation, "collect")
    yield CollectFinished(opening, door, generation, "collect", grant, [delivery], "sensed")


def _abandoned(door: str, generation: int) -> Iterator[Body]:
    yield from _opening(opening := IDS.new(), door, generation, "deposit")
    yield DepositAbandoned(opening, door, generation, [IDS.new()], "empty")


def _opening(opening: UUID, door: str, generation: int, purpose: Purpose) -> Iterator[Body]:
    credential: Credential = "tracking" if purpose == "deposit" else "code"
    yield OpeningIntended(opening, door, generation, purpose, IDS.new(), credential)
    yield DoorOpened(opening, door, generation)
    yield DoorShut(opening, door, generation)
