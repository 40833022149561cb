"""Many at once: one place, one key, one tracking number."""

import asyncio
from collections import Counter

import pytest

from cranny.core.errors import Refused
from cranny.usecases import deliveries

pytestmark = pytest.mark.engines


async def test_twenty_for_the_last_place(yard) -> None:
    for n in range(5):
        await yard.announce(f"JD {n}")

    async def one(n: int) -> str:
        try:
            async with yard.db.transaction(yard.tenant) as tx:
                await deliveries.announce(tx, yard.keyring, yard.asked(f"RACE {n}"))
        except Refused as refused:
            return refused.code
        return "announced"

    assert Counter(await asyncio.gather(*map(one, range(20)))) == {"announced": 1, "no-capacity": 19}
    assert await yard.one("SELECT count(*) FROM reservations WHERE state = 'held'") == 6
    assert await yard.one("SELECT count(*) FROM grants") == 12
    assert await yard.violations() == []


async def test_twenty_with_one_idempotency_key(yard) -> None:
    body = {
        "bank": str(yard.box.bank),
        "items": [{"tracking": "JD 1", "width": 300, "height": 100, "depth": 400}],
        "recipient": {"email": "ada@example.org"},
    }
    async with yard.client() as client:
        answers = await asyncio.gather(
            *(client.post("/v1/deliveries", json=body, headers={"Idempotency-Key": "once"}) for _ in range(20))
        )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert sum("idempotent-replayed" in answer.headers for answer in answers) == 19
    assert await yard.one("SELECT count(*) FROM deliveries") == 1
    assert await yard.one("SELECT count(*) FROM reservations") == 1
    assert await yard.one("SELECT count(*) FROM events WHERE type = 'delivery.announced'") == 1


async def test_twenty_with_one_tracking_number(yard) -> None:
    async def one(n: int) -> str:
        try:
            async with yard.db.transaction(yard.tenant) as tx:
                asked = yard.asked("JD 1", bank=(yard.box, yard.other)[n % 2].bank)
                await deliveries.announce(tx, yard.keyring, asked)
        except Refused as refused:
            return refused.code
        return "announced"

    assert Counter(await asyncio.gather(*map(one, range(20)))) == {"announced": 1, "tracking-taken": 19}
    assert await yard.one("SELECT count(*) FROM reservations") == 1


async def test_twenty_for_people_that_are_new_at_two_banks(yard) -> None:
    """Nobody waits for each other in a circle, whatever order they are announced in."""

    async def some(n: int) -> int:
        banks = (yard.box.bank, yard.other.bank)[:: 1 if n % 2 else -1]
        asked = [
            yard.asked(f"R{n} {place}", bank=bank, recipient={"email": f"p{(place + n) % 2}@example.org"})
            for place, bank in enumerate(banks)
        ]
        async with yard.db.transaction(yard.tenant) as tx:
            return len(await deliveries.announce_many(tx, yard.keyring, asked))

    assert await asyncio.gather(*map(some, range(6))) == [2] * 6
    assert await yard.one("SELECT count(*) FROM persons") == 2


async def test_cancel_and_deposit_at_the_same_moment(yard) -> None:
    for n in range(5):
        shown = await yard.announce(f"JD {n}")
        await yard.work()
        yard.box.deposit(shown.id, grant=shown.grants.collect)
        await asyncio.gather(yard.box.sync(), yard.cancel(shown.id))
        await yard.follow()
        over = await yard.get(shown.id)
        assert over.state == "recalling"
        await yard.work()
        yard.box.empty(shown.id, grant=over.grants.recall, purpose="recall")
        await yard.box.sync()
        assert await yard.state(shown.id) == "returned"
    assert await yard.violations() == []


async def test_all_or_none_of_many(yard) -> None:
    asked = [yard.asked(f"JD {n}") for n in range(7)]
    with pytest.raises(Refused) as refused:
        async with yard.db.transaction(yard.tenant) as tx:
            await deliveries.announce_many(tx, yard.keyring, asked)
    assert refused.value.code == "no-capacity"
    assert await yard.one("SELECT count(*) FROM deliveries") == 0
    async with yard.db.transaction(yard.tenant) as tx:
        shown = await deliveries.announce_many(tx, yard.keyring, asked[:6])
    assert [(await yard.get(one.id)).items[0].tracking for one in shown] == [f"JD {n}" for n in range(6)]
