"""What banks report of their doors is written down; what can't be is refused by the database itself (I2, I11)."""

from uuid import UUID

import asyncpg
import pytest

from cranny import sites
from cranny.core.errors import NotFound
from cranny.platform.db import Database
from cranny.sites.audit import audit

from .conftest import BankOf


async def live(db: Database, tenant: UUID, bank: sites.Bank) -> dict[str, tuple[int, int]]:
    """Label to (generation, number of deliveries)."""
    async with db.transaction(tenant) as tx:
        doors = await sites.list_doors(tx, bank.id)
    return {d.label: (d.generation, len(d.deliveries or ())) for d in doors if d.generation is not None}


async def test_a_day_of_doors(db: Database, tenant: UUID, bank_of: BankOf) -> None:
    bank = await bank_of("S S M")
    async with db.transaction(tenant) as tx:
        now, (first, second, third) = tx.now(), [tx.ids.new() for _ in range(3)]
        put = sites.Occupied(bank.id, "A1", 4, now, [first], tx.ids.new())
        await sites.occupy(tx, [put, sites.Occupied(bank.id, "A3", 1, now, [third])])
    assert await live(db, tenant, bank) == {"A1": (4, 1), "A3": (1, 1)}

    async with db.transaction(tenant) as tx:
        # The same visit goes on, and the batch comes twice.
        for _ in range(2):
            await sites.occupy(tx, [sites.Occupied(bank.id, "A1", 4, now, [second]), put])
    assert await live(db, tenant, bank) == {"A1": (4, 2), "A3": (1, 1)}

    async with db.transaction(tenant) as tx:
        row = await tx.one("SELECT deliveries, grant_id FROM occupancies WHERE label = 'A1'")
        assert row is not None
        assert list(row["deliveries"]) == [first, second]
        assert row["grant_id"] == put.grant
        over = sites.Vacated(bank.id, "A1", 4, now)
        assert await sites.vacate(tx, [over]) == [(bank.id, "A1", 4)]
        assert await sites.vacate(tx, [over]) == []
        await sites.occupy(tx, [sites.Occupied(bank.id, "A1", 5, now, [tx.ids.new()])])
        assert await audit(tx) == []
    assert await live(db, tenant, bank) == {"A1": (5, 1), "A3": (1, 1)}


async def test_hours_offline_arrive_as_one_batch(db: Database, tenant: UUID, bank_of: BankOf) -> None:
    bank = await bank_of("S S")
    async with db.transaction(tenant) as tx:
        now = tx.now()
        await sites.follow(
            tx,
            [
                sites.Occupied(bank.id, "A1", 1, now, [tx.ids.new()]),
                sites.Occupied(bank.id, "A2", 7, now, [tx.ids.new()]),
                sites.Vacated(bank.id, "A1", 1, now),
                sites.Occupied(bank.id, "A1", 2, now, [tx.ids.new()]),
                sites.Blocked(bank.id, "A2", "forced"),
                sites.Vacated(bank.id, "A1", 2, now),
                sites.Occupied(bank.id, "A1", 3, now, [tx.ids.new()]),
                sites.Blocked(bank.id, "A2", "not-opened"),
            ],
        )
        doors = await sites.list_doors(tx, bank.id)
        assert await audit(tx) == []
    assert await live(db, tenant, bank) == {"A1": (3, 1), "A2": (7, 1)}
    assert [door.blocked for door in doors] == [None, "forced"]


@pytest.mark.parametrize(
    ("label_and_generation", "breaks"),
    [
        (("A1", 3), asyncpg.UniqueViolationError),  # a second live occupancy
        (("A1", 1), asyncpg.IntegrityConstraintViolationError),  # a generation that is over
        (("A2", 4), asyncpg.CheckViolationError),  # went back
        (("A2", 5), asyncpg.CheckViolationError),  # what is over never lives again
        (("Z9", 1), asyncpg.ForeignKeyViolationError),  # no such door
    ],
)
async def test_what_contradicts_i2_breaks_a_constraint(
    db: Database, tenant: UUID, bank_of: BankOf, label_and_generation: tuple[str, int], breaks: type[Exception]
) -> None:
    bank = await bank_of("S S")
    async with db.transaction(tenant) as tx:
        now = tx.now()
        await sites.occupy(tx, [sites.Occupied(bank.id, "A1", 2, now, [tx.ids.new()])])
        await sites.occupy(tx, [sites.Occupied(bank.id, "A2", 5, now, [tx.ids.new()])])
        await sites.vacate(tx, [sites.Vacated(bank.id, "A2", 5, now)])
    async with db.transaction(tenant) as tx:
        with pytest.raises(breaks):
            async with tx.attempt():
                await sites.occupy(tx, [sites.Occupied(bank.id, *label_and_generation, now, [tx.ids.new()])])
    assert await live(db, tenant, bank) == {"A1": (2, 1)}


async def test_a_door_leaves_the_pool_and_comes_back(db: Database, tenant: UUID, bank_of: BankOf) -> None:
    bank = await bank_of("S")
    async with db.transaction(tenant) as tx:
        await sites.block(tx, bank.id, "A1", "forced")
        await sites.unblock(tx, bank.id, "A1")
        await sites.unblock(tx, bank.id, "A1")
        assert (await sites.list_doors(tx, bank.id))[0].blocked is None
        for deed in (sites.block(tx, bank.id, "A9", "x"), sites.unblock(tx, bank.id, "A9")):
            with pytest.raises(NotFound):
                await deed
