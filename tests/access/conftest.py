"""A bank whose rights are kept here, and what it reports."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from cranny import access, fleet, sites
from cranny.core.events import NewEvent
from cranny.core.ids import TimeIds
from cranny.core.rng import SeededRng
from cranny.platform import events, jobs, log, reactions, sequencer, tenants
from cranny.platform.db import Database, open_pool
from cranny.platform.engines import PostgresAddress
from cranny.platform.feature import Parts
from cranny.platform.keys import Keyring
from cranny.wire.brokers.memory import Hub
from cranny.wire.kdf import CheapKdf
from cranny.wire.messages import Given


class Later:
    """A clock that is put forward by hand."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment

    def monotonic(self) -> float:
        return self.moment.timestamp()

    def pass_by(self, **time: float) -> None:
        self.moment += timedelta(**time)


@dataclass
class Yard:
    """One tenant with one bank, `bank`."""

    db: Database
    clock: Later
    keyring: Keyring
    tenant: UUID
    bank: UUID
    parts: Parts = field(init=False)

    def __post_init__(self) -> None:
        db = self.db
        self.parts = Parts(
            db=db,
            broker=Hub().join("server"),
            keyring=self.keyring,
            kdf=CheapKdf(),
            clock=db.clock,
            ids=db.ids,
            rng=db.rng,
        )

    async def issue(self, purpose: str = "collect", *, bank: UUID | None = None, **more: Any) -> access.GrantRow:
        async with self.db.transaction(self.tenant) as tx:
            subject = f"deliveries/{self.db.ids.new()}"
            return await access.issue(tx, self.keyring, bank or self.bank, purpose, subject, **more)

    async def grant(self, id_: UUID) -> access.GrantRow:
        async with self.db.transaction(self.tenant) as tx:
            (row,) = await access.get(tx, [id_])
            return row

    async def revoke(self, *ids: UUID) -> None:
        async with self.db.transaction(self.tenant) as tx:
            await access.revoke(tx, ids, reason="test")

    async def work(self) -> int:
        """Do the jobs that wait."""
        return await jobs.Worker(self.db, access.FEATURE.jobs(self.parts)).drain()

    async def reports(self, kind: str, bank: UUID | None = None, **data: Any) -> None:
        """The bank reports a fact, and everybody who follows the log has read it."""
        bank = bank or self.bank
        plain = {"bank": str(bank), "door": "A1", "generation": 1, "epoch": 1, "seq": 1, "evidence": "sensed"} | data
        async with self.db.transaction(self.tenant) as tx:
            await events.record(tx, [NewEvent(kind, f"banks/{bank}/doors/{plain['door']}", plain)])
        await sequencer.sequence(self.db, self.tenant)
        for reaction in access.FEATURE.reactions(self.parts):
            while await reactions.advance(self.db, reaction, self.tenant):
                pass

    async def told(self, subject: str = "") -> list[str]:
        """The types of the events so far, about `subject` where given."""
        await sequencer.sequence(self.db, self.tenant)
        async with self.db.transaction(self.tenant) as tx:
            return [event.type for event in await log.read(tx, 0, 10_000) if subject in ("", event.subject)]

    async def given(self, bank: UUID | None = None) -> list[Given]:
        """What went down to the bank, behind its layout and policy."""
        async with self.db.transaction(self.tenant) as tx:
            entries, _ = await fleet.pending(tx, bank or self.bank, 0)
        return [entry.given for entry in entries[2:]]

    async def anomalies(self) -> list[tuple[str, str]]:
        async with self.db.transaction(self.tenant) as tx:
            return [(row["kind"], row["subject"]) for row in await tx.all("SELECT kind, subject FROM anomalies")]

    async def audit(self) -> list[Any]:
        async with self.db.transaction(self.tenant) as tx:
            return await access.FEATURE.audit(tx)

    async def one(self, sql: str) -> Any:
        async with self.db.transaction(self.tenant) as tx:
            return await tx.value(sql)


@pytest.fixture
async def yard(database: PostgresAddress) -> AsyncIterator[Yard]:
    async def nobody_listens(_: str) -> None:
        pass

    pool = await open_pool(database.app_dsn, size=12)
    clock, rng = Later(), SeededRng(4)
    db = Database(pool, clock=clock, ids=TimeIds(clock, rng), rng=rng, poke=nobody_listens)
    async with db.transaction() as tx:
        tenant, _ = await tenants.add_tenant(tx, "Reading Room")
        await sites.default_size_classes(tx)
        bank = await sites.add_bank(tx, sites.shipped_bank("corner-20"))
    yield Yard(db, clock, Keyring(bytes(32), rng=rng), tenant.tenant, bank.id)
    await pool.close()
