"""A tenant with people who can be told things, and the other sides of the channels."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from cranny import outreach, people
from cranny.core.ids import TimeIds
from cranny.core.rng import SeededRng
from cranny.outreach.channels import Channel
from cranny.outreach.channels.email import Email, Server
from cranny.outreach.channels.sms import Sms
from cranny.outreach.sending import give_up, send_job
from cranny.platform import jobs, log, sequencer, tenants
from cranny.platform.db import Database, open_pool
from cranny.platform.engines import PostgresAddress
from cranny.platform.feature import Outlet, Parts
from cranny.platform.keys import Keyring
from cranny.sim.mailbox import Mailbox, open_mailbox
from cranny.sim.phones import Phones, open_phones
from cranny.wire.brokers.memory import Hub
from cranny.wire.kdf import CheapKdf

CODE, QR = "042 193 550", "CAAVEK4TFOQXGCZLSMFXGK4TBNRWGCYLM"
ADA = people.Contact(name="Ada", email="ada@example.org", phone="+4915112345678", language="de")
AT_ONCE = "UPDATE pgqueuer SET execute_after = now() - interval '1 s' WHERE status = 'queued'"


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


def mailer(port: int, *, within: float = 0.5, **server: Any) -> Email:
    """E-mail to that port of this machine, in the clear unless said otherwise."""
    plain = {"user": None, "password": None, "wrapped": False, "upgraded": False}
    there = Server(server.pop("host", "127.0.0.1"), port, **plain | server)
    return Email(there, "Lockers <lockers@example.org>", answer_within=within, all_within=2 * within)


@dataclass
class Yard:
    """`channels` are those of the worker; `box` and `phones` are what they talk to."""

    db: Database
    clock: Later
    keyring: Keyring
    tenant: UUID
    key: str
    box: Mailbox
    phones: Phones
    channels: Mapping[str, Channel] = field(init=False)

    def __post_init__(self) -> None:
        sms = Sms(Outlet(self.phones.url, "demo", "Lockers"), all_within=1.0)
        self.channels = {"email": mailer(self.box.port), "sms": sms}

    @property
    def parts(self) -> Parts:
        db, broker = self.db, Hub().join("server")
        return Parts(db=db, broker=broker, keyring=self.keyring, kdf=CheapKdf(), clock=db.clock, ids=db.ids, rng=db.rng)

    def telling(self, person: UUID, **more: Any) -> outreach.Telling:
        plain = {"site": "Hall", "bank": "Wall 2", "timezone": "Europe/Berlin", "code": CODE, "qr": QR}
        details = outreach.Details(until=self.clock.now() + timedelta(hours=72), **plain | more.pop("details", {}))
        ids = {"grant": self.db.ids.new(), "about": (self.db.ids.new(),)}
        return outreach.Telling(
            person=person, details=details, **{"kind": "ready_to_collect", "number": 1} | ids | more
        )

    async def person(self, contact: people.Contact = ADA) -> UUID:
        async with self.db.transaction(self.tenant) as tx:
            return await people.remember(tx, contact)

    async def tell(self, telling: outreach.Telling | None = None, **more: Any) -> UUID:
        """Queue a notice, to Ada unless said otherwise. Returns its id."""
        telling = telling or self.telling(await self.person(more.pop("contact", ADA)), **more)
        async with self.db.transaction(self.tenant) as tx:
            id_ = await outreach.tell(tx, self.keyring, telling)
        assert id_ is not None
        return id_

    async def work(self, channels: Mapping[str, Channel] | None = None) -> int:
        """Do the jobs that are due; returns how many."""
        handler = send_job(self.keyring, self.channels if channels is None else channels)
        return await jobs.Worker(self.db, {outreach.SEND: handler}).drain()

    async def later(self, **time: float) -> int:
        """Let time pass, and do what waited for it."""
        self.clock.pass_by(**time)
        await self.db.pool.execute(AT_ONCE)
        return await self.work()

    async def sweep(self) -> int:
        return await give_up(self.db, self.tenant)

    async def notice(self, id_: UUID) -> outreach.NoticeRow:
        async with self.db.transaction(self.tenant) as tx:
            grant = await tx.value("SELECT grant_id FROM notices WHERE id = $1", id_)
            return next(row for row in await outreach.told(tx, [grant]) if row.id == id_)

    async def withdraw(self, id_: UUID) -> int:
        grant = (await self.notice(id_)).grant_id
        async with self.db.transaction(self.tenant) as tx:
            return await outreach.withdraw(tx, [grant])

    async def told(self, id_: UUID) -> list[tuple[str, dict[str, Any]]]:
        """What the log tells of a notice."""
        await sequencer.sequence(self.db, self.tenant)
        async with self.db.transaction(self.tenant) as tx:
            found = await log.read(tx, 0, 1000, subject=f"notices/{id_}")
        return [(event.type.removeprefix("notice."), event.data) for event in found]

    async def queued(self) -> int:
        return int(await self.db.pool.fetchval("SELECT count(*) FROM pgqueuer"))

    async def audit(self) -> list[Any]:
        async with self.db.transaction(self.tenant) as tx:
            return await outreach.FEATURE.audit(tx)


@pytest.fixture
async def yard(database: PostgresAddress) -> AsyncIterator[Yard]:
    async def nobody_listens(_: str) -> None:
        pass

    pool = await open_pool(database.app_dsn, size=12)
    clock, rng = Later(), SeededRng(4)
    db = Database(pool, clock=clock, ids=TimeIds(clock, rng), rng=rng, poke=nobody_listens)
    async with db.transaction() as tx:
        tenant, key = await tenants.add_tenant(tx, "Reading Room")
    async with open_mailbox() as box, open_phones() as phones:
        yield Yard(db, clock, Keyring(bytes(32), rng=rng), tenant.tenant, key, box, phones)
    await pool.close()
