"""The product's database, in one run of the server: each transaction takes its time, and the server may be killed in it
or right behind its commit."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final, cast
from uuid import UUID

import asyncpg

from cranny.core.clock import Clock
from cranny.core.errors import Unavailable
from cranny.core.ids import Ids
from cranny.platform.db import Database, Tx
from cranny.sim.dice import Dice
from cranny.sim.machines.fates import Fates, Life, Section
from cranny.sim.trace import Trace
from cranny.sim.whole.line import LinePool
from cranny.wire.brokers import Broker

WORK_S: Final = (0.002, 0.03)


class MortalDatabase(Database):
    """`committed` is told of each transaction that wrote anything, at once. `gives` is asked before the commit of one
    that gives a right to a bank: whether the server dies there."""

    def __init__(
        self,
        pool: LinePool,
        life: Life,
        fates: Fates,
        *,
        clock: Clock,
        ids: Ids,
        dice: Dice,
        broker: Broker,
        committed: Callable[[], None],
        gives: Callable[[], bool],
        trace: Trace,
    ) -> None:
        super().__init__(cast("asyncpg.Pool", pool), clock=clock, ids=ids, rng=dice, poke=self._keep)
        self._life = life
        self._fates = fates
        self._dice = dice
        self._broker = broker
        self._committed = committed
        self._gives = gives
        self._trace = trace
        self._pokes: list[str] = []

    @asynccontextmanager
    async def transaction(self, tenant: UUID | None = None) -> AsyncIterator[Tx]:
        wrote = False
        async with super().transaction(tenant) as tx:
            await asyncio.sleep(self._dice.between(*WORK_S))
            yield tx
            wrote = tx.connection.wrote
            await asyncio.sleep(self._dice.between(*WORK_S))
            struck = wrote and self._fates.strikes(Section.UNCOMMITTED)
            if self._life.over or struck or (tx.connection.gave and self._gives()):
                await self._life.die()
        # Nobody else has run since the commit.
        pokes, self._pokes = self._pokes, []
        if wrote:
            self._committed()
            if self._fates.strikes(Section.UNANSWERED):
                await self._life.die()
        for subject in pokes:
            await self._poke_now(subject)

    async def _keep(self, subject: str) -> None:
        self._pokes.append(subject)

    async def _poke_now(self, subject: str) -> None:
        """As the product's processes do: one that can't be sent is made good by the next round."""
        try:
            await self._broker.publish(subject, b"")
        except Unavailable:
            self._trace.count("pokes lost")
