"""A tenant with two banks, their controllers' journals, and everybody who follows the log."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx2
import msgspec
import nkeys
import pytest

from cranny import access, fleet, sites
from cranny.core.clock import millis
from cranny.core.ids import TimeIds
from cranny.core.rng import SeededRng
from cranny.fleet import enrolment
from cranny.fleet.downlink import open_desk
from cranny.fleet.postgres import PostgresStore
from cranny.platform import jobs, log, reactions, sequencer, tenants
from cranny.platform.db import Database, GaveWay, open_pool
from cranny.platform.engines import PostgresAddress
from cranny.platform.feature import Parts
from cranny.platform.keys import Keyring
from cranny.platform.server import create_server
from cranny.usecases import deliveries
from cranny.wire import codes
from cranny.wire.brokers.memory import Hub
from cranny.wire.facts import GENESIS, VERSION, Fact, digest, encode
from cranny.wire.kdf import CheapKdf
from cranny.wire.kinds import NAMES, Body, CollectFinished, DepositStored, pack
from cranny.wire.messages import FactBatch, Given

BOOT = UUID(int=3)
DOOR = (
    "      - {{label: {label}, width: {size}, height: 190, depth: 640, centre: 900, unit: 1, channel: {n}, "
    "features: [{has}]}}\n"
)
HEAD = "name: {name}\ntimezone: Europe/Prague\nsite: Corner\ntowers:\n  - name: A\n    compartments:\n"


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
class Box:
    """A bank's controller as the server hears it: a journal of chained facts."""

    yard: "Yard"
    bank: UUID
    identity: str
    facts: list[bytes] = field(default_factory=list)
    beside: list[bytes | None] = field(default_factory=list)
    acked: int = 0
    generations: Counter[str] = field(default_factory=Counter)

    def write(self, body: Body, beside: dict[str, Any] | None = None) -> None:
        """Into the journal only: the bank is offline until it `sync`s."""
        head = digest(self.facts[-1]) if self.facts else GENESIS
        seq, now = len(self.facts) + 1, millis(self.yard.clock.now())
        kind = NAMES[type(body)]
        fact = Fact(
            VERSION, self.yard.tenant, self.bank, 1, seq, head, kind, pack(body), BOOT, now, now, "good", offline=False
        )
        self.facts.append(encode(fact))
        self.beside.append(None if beside is None else msgspec.msgpack.encode(beside))

    async def sync(self) -> None:
        """Send what the server has not acknowledged, and let everybody read the log."""
        new = self.facts[self.acked :]
        batch = FactBatch(self.yard.tenant, self.bank, 1, self.acked + 1, new, self.beside[self.acked :], 0)
        arrival = fleet.Arrival(batch, self.identity, self.yard.clock.now())
        async with self.yard.db.transaction(self.yard.tenant) as tx:
            ack = await fleet.take_one(PostgresStore(tx, self.yard.keyring), arrival)
        assert (ack.refused, ack.seq) == ("", len(self.facts))
        self.acked = ack.seq
        await self.yard.follow()

    def deposit(self, *ids: UUID, door: str = "A1", grant: UUID | None = None, generation: int = 0, **more: Any) -> int:
        """Into `door`, under its next generation unless one is given. Returns the generation."""
        beside = more.pop("beside", None)
        self.generations[door] = generation or self.generations[door] + 1
        body = DepositStored(UUID(int=9), door, self.generations[door], list(ids), grant, "sensed", **more)
        self.write(body, beside)
        return self.generations[door]

    def found(self, tracking: str, door: str = "A1") -> UUID:
        """Take in a parcel that nobody has announced here. Returns its id."""
        id_ = self.yard.db.ids.new()
        self.deposit(id_, door=door, unannounced=[id_], beside={"tracking": {str(id_): tracking}})
        return id_

    def empty(self, *ids: UUID, door: str = "A1", grant: UUID | None = None, purpose: str = "collect") -> None:
        generation = self.generations[door]
        body = CollectFinished(UUID(int=9), door, generation, purpose, grant, list(ids), "inferred")  # type: ignore[arg-type]
        self.write(body)


@dataclass
class Yard:
    db: Database
    clock: Later
    keyring: Keyring
    tenant: UUID
    key: str
    boxes: int = 0
    asleep: set[str] = field(default_factory=set)
    """Features whose reactions do not run just now."""
    box: Box = field(init=False)
    other: Box = field(init=False)

    @property
    def parts(self) -> Parts:
        db = self.db
        broker = Hub().join("server")
        return Parts(db=db, broker=broker, keyring=self.keyring, kdf=CheapKdf(), clock=db.clock, ids=db.ids, rng=db.rng)

    async def anew(self) -> None:
        """Another tenant, with two banks that know nothing yet."""
        async with self.db.transaction() as tx:
            tenant, self.key = await tenants.add_tenant(tx, "Reading Room")
            await sites.default_size_classes(tx)
        self.tenant = tenant.tenant
        self.box = await self.add_box(self.boxes + 1, doors=6)
        self.other = await self.add_box(self.boxes + 2, doors=6)
        self.boxes += 2

    async def add_box(self, n: int, doors: int, features: str = "") -> Box:
        """`doors` of 380 x 190 x 640 mm, labelled A1, A2…, which all have `features`."""
        seed = nkeys.encode_seed(SeededRng(n).bytes(32), nkeys.PREFIX_BYTE_USER)
        identity = nkeys.from_seed(seed).public_key.decode()
        text = HEAD.format(name=f"Bank {n}") + "".join(
            DOOR.format(label=f"A{i + 1}", size=380, n=i + 1, has=features) for i in range(doors)
        )
        async with self.db.transaction(self.tenant) as tx:
            bank = await sites.add_bank(tx, sites.read_yaml(text))
            await open_desk(tx, bank.id)
            await enrolment.speak_for(tx, bank.id, "", identity)
        return Box(self, bank.id, identity)

    def asked(self, tracking: str = "JD 01", **more: Any) -> deliveries.DeliveryAsked:
        plain = {
            "bank": self.box.bank,
            "items": [{"tracking": tracking, "width": 300, "height": 100, "depth": 400}],
            "recipient": {"name": "Ada", "email": "ada@example.org", "language": "de"},
        }
        return msgspec.convert(plain | more, deliveries.DeliveryAsked)

    async def announce(self, tracking: str = "JD 01", **more: Any) -> deliveries.DeliveryShown:
        async with self.db.transaction(self.tenant) as tx:
            shown = await deliveries.announce(tx, self.keyring, self.asked(tracking, **more))
            assert shown == await deliveries.get(tx, shown.id)
        await self.follow()
        return shown

    async def cancel(self, id_: UUID, reason: str = "changed my mind") -> deliveries.DeliveryShown:
        try:
            await self._cancel(id_, reason)
        except GaveWay:
            await self._cancel(id_, reason)  # as the API does by itself
        await self.follow()
        return await self.get(id_)

    async def _cancel(self, id_: UUID, reason: str) -> None:
        async with self.db.transaction(self.tenant) as tx:
            await deliveries.cancel(tx, self.keyring, id_, reason=reason)

    async def reroute(self, id_: UUID, bank: UUID) -> deliveries.DeliveryShown:
        async with self.db.transaction(self.tenant) as tx:
            await deliveries.reroute(tx, self.keyring, id_, bank, reason="moved")
        await self.follow()
        return await self.get(id_)

    async def readdress(self, id_: UUID, recipient: dict[str, str]) -> deliveries.DeliveryShown:
        async with self.db.transaction(self.tenant) as tx:
            asked = msgspec.convert(recipient, deliveries.RecipientAsked)
            await deliveries.readdress(tx, self.keyring, id_, asked)
        await self.follow()
        return await self.get(id_)

    async def get(self, id_: UUID) -> deliveries.DeliveryShown:
        async with self.db.transaction(self.tenant) as tx:
            return await deliveries.get(tx, id_)

    async def state(self, id_: UUID) -> str:
        return (await self.get(id_)).state.value

    async def grant(self, id_: UUID | None) -> access.GrantRow:
        assert id_ is not None
        async with self.db.transaction(self.tenant) as tx:
            (row,) = await access.get(tx, [id_])
            return row

    async def reveal(self, id_: UUID | None) -> access.Revealed:
        assert id_ is not None
        async with self.db.transaction(self.tenant) as tx:
            return await access.reveal(tx, self.keyring, id_, who="keys/1", why="test")

    async def work(self) -> int:
        """Do the jobs that wait, and let everybody read the log."""
        done = await jobs.Worker(self.db, access.FEATURE.jobs(self.parts)).drain()
        await self.follow()
        return done

    async def follow(self) -> None:
        """Everybody reads the log to its end, what they write themselves included."""
        while True:
            await sequencer.sequence(self.db, self.tenant)
            handled = 0
            followers = [deliveries.FEATURE, access.FEATURE, sites.FEATURE, fleet.FEATURE]
            if self.db.rng.below(2):
                followers.reverse()
            for feature in followers:
                if feature.name not in self.asleep:
                    for reaction in feature.reactions(self.parts):
                        handled += await self._read(reaction)
            if not handled:
                return

    async def _read(self, reaction: reactions.Reaction) -> int:
        handled = 0
        while (step := await reactions.advance(self.db, reaction, self.tenant)) is not None:
            handled += step
        return handled

    async def sweep(self) -> int:
        """One round of every sweep of deliveries."""
        swept = 0
        for sweep in deliveries.FEATURE.sweeps(self.parts):
            swept += await sweep.run(self.db, self.tenant)
        await self.follow()
        return swept

    async def told(self, id_: UUID) -> list[str]:
        """What the log tells of a delivery, without the noun."""
        async with self.db.transaction(self.tenant) as tx:
            found = await log.read(tx, 0, 10_000, subject=f"deliveries/{id_}")
        return [event.type.removeprefix("delivery.") for event in found]

    async def given(self, box: Box | None = None) -> list[Given]:
        """What went down to the bank, behind its layout and policy."""
        async with self.db.transaction(self.tenant) as tx:
            entries, _ = await fleet.pending(tx, (box or self.box).bank, 0, 1000)
        return [entry.given for entry in entries[2:]]

    async def anomalies(self) -> list[tuple[str, str]]:
        sql = "SELECT kind, subject FROM anomalies ORDER BY id"
        async with self.db.transaction(self.tenant) as tx:
            return [(row["kind"], row["subject"]) for row in await tx.all(sql)]

    async def parked(self) -> int:
        return await self.one("SELECT count(*) FROM reaction_parked")

    async def violations(self) -> list[Any]:
        """What the audits find once things have settled."""
        self.clock.pass_by(minutes=2)
        async with self.db.transaction(self.tenant) as tx:
            return [
                violation
                for feature in (deliveries.FEATURE, access.FEATURE, sites.FEATURE)
                for violation in await feature.audit(tx)
            ]

    async def chain(self) -> list[Any]:
        """What the audit of the banks' logs finds."""
        async with self.db.transaction(self.tenant) as tx:
            return await fleet.FEATURE.audit(tx)

    async def rows(self, sql: str) -> Any:
        async with self.db.transaction(self.tenant) as tx:
            return await tx.all(sql)

    async def one(self, sql: str, *args: object) -> Any:
        async with self.db.transaction(self.tenant) as tx:
            return await tx.value(sql, *args)

    def digest(self, tracking: str, box: Box | None = None) -> bytes:
        return codes.tracking_digest(self.keyring.pepper((box or self.box).bank), tracking)

    @asynccontextmanager
    async def client(self) -> AsyncIterator[httpx2.AsyncClient]:
        """Speaks HTTP to the server, with an API key."""
        parts = self.parts
        routes = [
            route for feature in (deliveries.FEATURE, access.FEATURE, fleet.FEATURE) for route in feature.routes(parts)
        ]
        app = create_server(routes, parts)
        up, over = asyncio.Event(), asyncio.Event()

        async def live() -> None:
            async with app.lifespan():
                up.set()
                await over.wait()

        lifespan = asyncio.create_task(live())
        await up.wait()
        headers = {"Authorization": f"Bearer {self.key}"}
        async with httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app), base_url="http://server", headers=headers
        ) as client:
            yield client
        over.set()
        await lifespan


@pytest.fixture
async def yard(database: PostgresAddress) -> AsyncIterator[Yard]:
    async def nobody_listens(_: str) -> None:
        pass

    pool = await open_pool(database.app_dsn, size=24)
    clock, rng = Later(), SeededRng(4)
    db = Database(pool, clock=clock, ids=TimeIds(clock, rng), rng=rng, poke=nobody_listens)
    yard = Yard(db, clock, Keyring(bytes(32), rng=rng), UUID(int=0), "")
    await yard.anew()
    yield yard
    await pool.close()
