"""However many bad batches one tenant sends, another one's do not wait for them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import pytest

from cranny.fleet.changes import Breach
from cranny.fleet.commits import Commits
from cranny.sim.loop import VirtualLoop, live

BAD, GOOD = UUID(int=66), UUID(int=1)
TRANSACTION_S = 0.05


class SlowStore:
    """Every statement takes a while; what is of the bad tenant breaks a rule, fact by fact."""

    def __init__(self, inner: object, tenant: UUID) -> None:
        self._inner = inner
        self._tenant = tenant

    def __getattr__(self, name: str) -> object:
        return getattr(self._inner, name)

    @asynccontextmanager
    async def attempt(self) -> AsyncIterator[None]:
        yield  # what breaks a rule here has written nothing yet

    async def apply(self, changes: object) -> None:
        await asyncio.sleep(TRANSACTION_S)
        if self._tenant == BAD and any(row.projected for change in changes for row in change.rows):  # type: ignore[attr-defined]
            raise Breach("planned")
        await self._inner.apply(changes)  # type: ignore[attr-defined]


@pytest.mark.slow
def test_a_hostile_tenant_holds_up_nobody_else(new_journal, new_store, arrive):
    loop = VirtualLoop()

    def batch(tenant: UUID, bank: int, facts: int):
        journal = new_journal(tenant=tenant, bank=UUID(int=bank))
        for n in range(facts):
            journal.stored("01", n + 1)
            journal.collected("01", n + 1)
        return arrive(journal.batch())

    async def whole() -> None:
        books = {UUID(int=n): new_store(bank=UUID(int=n)) for n in range(1, 130)}

        @asynccontextmanager
        async def stores(tenant: UUID) -> AsyncIterator[SlowStore]:
            merged = new_store()
            merged.books = {bank: store.books[bank] for bank, store in books.items()}
            yield SlowStore(merged, tenant)

        commits = Commits(stores)
        running = asyncio.create_task(commits.run())
        flood = [asyncio.create_task(commits.take(batch(BAD, 100 + n, 10))) for n in range(24)]
        await asyncio.sleep(0.01)
        worst = 0.0
        for n in range(1, 30):
            began = loop.time()
            ack = await commits.take(batch(GOOD, n, 1))
            assert (ack.seq, ack.refused) == (2, "")
            worst = max(worst, loop.time() - began)
        assert worst <= 3 * TRANSACTION_S, f"somebody waited {worst:.2f} s"
        assert sum(task.done() for task in flood) < 24, "the flood was over before anybody was tried"
        # The bad ones are taken all the same, each by itself, and nobody is told a lie.
        await asyncio.wait(flood)
        assert {task.result().seq for task in flood} == {20}
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    live(whole(), loop)


def test_a_bank_that_mends_its_ways_is_taken_with_the_others_again(new_journal, new_store, arrive):
    loop = VirtualLoop()

    async def whole() -> None:
        store = new_store()
        groups: list[int] = []

        @asynccontextmanager
        async def stores(_: UUID) -> AsyncIterator[object]:
            groups.append(1)
            async with store.attempt():
                yield store

        commits = Commits(stores)
        running = asyncio.create_task(commits.run())
        journal = new_journal()
        journal.stored("01", 1)
        journal.stored("01", 2)  # two at one door: a breach
        assert (await commits.take(arrive(journal.batch()))).seq == 2
        tried = len(groups)
        assert tried == 3  # with the others, by itself, taken apart
        for n in range(3, 6):
            journal.collected("01", n)
            assert (await commits.take(arrive(journal.batch(n)))).seq == n
        assert len(groups) == tried + 3
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    live(whole(), loop)
