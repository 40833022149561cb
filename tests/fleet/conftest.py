"""A tenant with enrolled banks, each with a controller's key, and the journals of tests/unit/fleet."""

import importlib.util
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from cranny import sites
from cranny.core.rng import SeededRng
from cranny.fleet import enrolment
from cranny.fleet.downlink import open_desk
from cranny.fleet.ingest import Arrival
from cranny.platform.db import Database
from cranny.platform.keys import Keyring
from cranny.platform.tenants import add_tenant
from cranny.wire import nkey, signing
from cranny.wire.messages import FactBatch, pack
from tests.fleet.station import station  # noqa: F401 - a fixture

_spec = importlib.util.spec_from_file_location(
    "fleet_journals", Path(__file__).parents[1] / "unit" / "fleet" / "conftest.py"
)
assert _spec is not None
assert _spec.loader is not None
_journals = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_journals)
Journal = _journals.Journal

DOOR = (
    "      - {{label: {label:02}, width: 380, height: 190, depth: 640, centre: 900, unit: 1, channel: {label}, "
    "features: [{has}]}}\n"
)
HEAD = "name: {name}\ntimezone: Europe/Prague\nsite: Corner\ntowers:\n  - name: A\n    compartments:\n"


@dataclass
class Box:
    """A bank and the controller that speaks for it."""

    tenant: UUID
    bank: UUID
    key: Ed25519PrivateKey
    identity: str
    server: Ed25519PublicKey
    """What it has pinned."""

    def journal(self, epoch: int = 1) -> Journal:
        return Journal(epoch=epoch, tenant=self.tenant, bank=self.bank)

    def arrival(self, batch: FactBatch) -> Arrival:
        return Arrival(batch, self.identity, _journals.NOON + timedelta(hours=1))

    def signed(self, batch: FactBatch) -> bytes:
        return signing.sign(self.key, "facts", pack(batch))


BoxOf = Callable[..., Awaitable[Box]]


def identity_of(n: int) -> tuple[Ed25519PrivateKey, str]:
    """The n-th controller's key, and its NKEY."""
    key = Ed25519PrivateKey.from_private_bytes(SeededRng(n).bytes(32))
    return key, nkey.name(key.public_key())


@pytest.fixture(scope="session")
def keyring() -> Keyring:
    return Keyring(bytes(range(32)), rng=SeededRng(7))


@pytest.fixture
async def tenant(db: Database) -> UUID:
    async with db.transaction() as tx:
        row, _ = await add_tenant(tx, "Reading Room")
    return row.tenant


@pytest.fixture
def box_of(db: Database, tenant: UUID, keyring: Keyring) -> BoxOf:
    """Adds a bank with doors 01, 02…, which all have `features`, and enrols a controller."""

    async def add(n: int = 1, doors: int = 12, features: str = "") -> Box:
        key, identity = identity_of(n)
        text = HEAD.format(name=f"Bank {n}") + "".join(DOOR.format(label=i + 1, has=features) for i in range(doors))
        async with db.transaction(tenant) as tx:
            bank = await sites.add_bank(tx, sites.read_yaml(text))
            await open_desk(tx, bank.id)
            await enrolment.speak_for(tx, bank.id, "", identity)
        return Box(tenant, bank.id, key, identity, keyring.downlink_key(tenant).public_key())

    return add


@pytest.fixture
async def box(box_of: BoxOf) -> Box:
    return await box_of()


@pytest.fixture
def box_with() -> Callable[[UUID, UUID, Ed25519PrivateKey, Ed25519PublicKey], Box]:
    return lambda tenant, bank, key, server: Box(tenant, bank, key, nkey.name(key.public_key()), server)


@pytest.fixture
def new_store() -> Callable[[UUID, str], object]:
    """The plain store, for one bank with the doors 01 and 02."""
    return lambda bank, key: _journals.PlainStore(["01", "02"], bank, key)
