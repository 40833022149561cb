"""Announcing costs few round trips, and many announcements cost no more than one."""

import pytest

from cranny.usecases import deliveries

pytestmark = pytest.mark.engines


async def statements(yard, *trackings: str) -> list[str]:
    seen: list[str] = []
    asked = [yard.asked(tracking) for tracking in trackings]
    async with yard.db.transaction(yard.tenant) as tx:
        tx.connection.add_query_logger(log := lambda record: seen.append(record.query))
        await deliveries.announce_many(tx, yard.keyring, asked)
        tx.connection.remove_query_logger(log)
    return seen


async def test_four_cost_no_more_statements_than_one(yard) -> None:
    await yard.announce("JD 0")
    one = await statements(yard, "JD 1")
    assert len(one) == 11, "\n".join(one)
    assert len(await statements(yard, *(f"ONE {n}" for n in range(4)))) == len(one)
