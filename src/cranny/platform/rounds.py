"""Work that follows a poke, tenant by tenant; a poke that is lost is made good by a round over all tenants."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final
from uuid import UUID

import structlog

from cranny.platform import tenants
from cranny.platform.db import Database, heed_cancellation
from cranny.wire.brokers import Broker, Incoming

log = structlog.get_logger(__name__)

AT_ONCE: Final = 4


class Rounds:
    def __init__(
        self,
        db: Database,
        broker: Broker,
        *,
        name: str,
        subject: str,
        work: Callable[[UUID], Awaitable[object]],
        every_s: float = 1.0,
    ) -> None:
        """Calls `work(tenant)` for a poke on `subject` (`cranny.<tenant>.…`; of all processes one gets it),
        and for every tenant each `every_s` seconds; never twice at once for a tenant in this process."""
        self._db = db
        self._broker = broker
        self._name = name
        self._subject = subject
        self._work = work
        self._every_s = every_s
        self._waiting: dict[UUID, None] = {}
        self._busy: set[UUID] = set()
        self._wake = asyncio.Event()

    async def run(self) -> None:
        """Until cancelled."""
        subscription = await self._broker.subscribe(self._subject, self._poked, queue=self._name)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._go_round())
                for _ in range(AT_ONCE):
                    group.create_task(self._serve())
        finally:
            await subscription.stop()

    async def _poked(self, message: Incoming) -> None:
        self._add(UUID(hex=message.subject.split(".")[1]))

    def _add(self, tenant: UUID) -> None:
        self._waiting[tenant] = None
        self._wake.set()

    async def _go_round(self) -> None:
        while True:
            try:
                for tenant in await tenants.every(self._db):
                    self._add(tenant)
            except Exception as error:
                heed_cancellation(error)
                log.exception("round failed", name=self._name)
            await asyncio.sleep(self._every_s)

    async def _serve(self) -> None:
        while True:
            tenant = next((t for t in self._waiting if t not in self._busy), None)
            if tenant is None:
                self._wake.clear()
                await self._wake.wait()
                continue
            del self._waiting[tenant]
            self._busy.add(tenant)
            try:
                await self._work(tenant)
            except Exception as error:
                heed_cancellation(error)
                # The next round tries again; the others go on meanwhile.
                log.exception("work failed", name=self._name, tenant=str(tenant))
            finally:
                self._busy.discard(tenant)
                self._wake.set()
