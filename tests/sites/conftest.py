"""A tenant with its size classes."""

from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest

from cranny import sites
from cranny.platform.db import Database
from cranny.platform.tenants import add_tenant

BankOf = Callable[..., Awaitable[sites.Bank]]

FRAME = "name: {name}\ntimezone: Europe/Prague\nsite: {site}\ntowers:\n  - name: A\n    compartments:\n"
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
