"""A tenant with its size classes."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import UUID, uuid5

import httpx2
import pytest

from cranny import sites
from cranny.platform.db import Database
from cranny.platform.feature import Parts
from cranny.platform.keys import Keyring
from cranny.platform.server import create_server
from cranny.platform.tenants import add_key, add_tenant
from cranny.wire.brokers.memory import Hub
from cranny.wire.kdf import CheapKdf

BankOf = Callable[..., Awaitable[sites.Bank]]

FRAME = "name: {name}\ntimezone: Europe/Prague\nsite: {site}\ntowers:\n  - name: A\n    compartments:\n"
YAML = {"Content-Type": "application/yaml"}
CORNER = sites.shipped_banks()["corner-20"]
SIZES = {"S": (380, 80, 640), "M": (380, 190, 640), "L": (380, 410, 640), "tiny": (40, 40, 40)}


def bank_file(doors: str, *, name: str = "Corner", site: str = "Shop") -> sites.BankFile:
    """`doors` lists sizes with features: `S S M+chilled L+seated+charging`. Labels are A1, A2…"""
    text = FRAME.format(name=name, site=site)
    for n, kind in enumerate(doors.split()):
        size, *features = kind.split("+")
        width, height, depth = SIZES[size]
        text += (
            f"      - {{label: A{n + 1}, width: {width}, height: {height}, depth: {depth}, centre: 900, "
            f"features: [{', '.join(features)}], unit: 1, channel: {n + 1}}}\n"
        )
    return sites.read_yaml(text)


def once(deed: str) -> dict[str, str]:
    return {"Idempotency-Key": f"{uuid5(UUID(int=0), deed)}"}


async def add(client: httpx2.AsyncClient, text: str, deed: str = "add") -> dict[str, Any]:
    answer = await client.post("/v1/banks", content=text, headers=YAML | once(deed))
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == f"/v1/banks/{answer.json()['id']}"
    bank: dict[str, Any] = answer.json()
    return bank


@pytest.fixture
async def tenant(db: Database) -> UUID:
    async with db.transaction() as tx:
        row, _ = await add_tenant(tx, "Acme lockers")
        await sites.default_size_classes(tx)
    return row.tenant


@pytest.fixture
def bank_of(db: Database, tenant: UUID) -> BankOf:
    """Adds a bank with the doors listed."""

    async def add(doors: str, **about: str) -> sites.Bank:
        async with db.transaction(tenant) as tx:
            return await sites.add_bank(tx, bank_file(doors, **about))

    return add


@pytest.fixture
def parts(db: Database) -> Parts:
    keyring = Keyring(bytes(32), rng=db.rng)
    return Parts(db, Hub().join("server"), keyring, CheapKdf(), db.clock, db.ids, db.rng)


@pytest.fixture
async def client(db: Database, tenant: UUID, parts: Parts) -> AsyncIterator[httpx2.AsyncClient]:
    async with db.transaction(tenant) as tx:
        _, key = await add_key(tx, label="test")
    app = create_server(sites.FEATURE.routes(parts), parts)
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app), base_url="http://localhost", headers=headers
    ) as client:
        yield client
