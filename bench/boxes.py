"""Real controllers on a cabinet that takes no time, connected to a real server and worker: what is measured is what
we wrote, not springs and serial lines."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final
from uuid import UUID

import asyncpg

from bench.browser import Connection, connected
from bench.house import CLOCK, IDS, RNG, House, Role, free_port, until_it_answers
from bench.story import add_house, bank_file
from cranny import sites
from cranny.core.errors import Unavailable
from cranny.edge import enrol
from cranny.edge.app import Config, Parts, run_controller
from cranny.edge.controller import Controller
from cranny.edge.desk import Desk
from cranny.edge.disk import ThreadDisk
from cranny.edge.drivers import Address, Changed, Meters, Reading
from cranny.edge.kiosk import kiosk_app
from cranny.edge.outcomes import Collected, Opened, Stored, Told
from cranny.fleet import enrolment
from cranny.platform.db import Database
from cranny.web.serving import serve
from cranny.wire import subjects
from cranny.wire.brokers.nats import NatsBroker
from cranny.wire.kdf import Argon2Kdf, CheapKdf, Kdf

COLLECTED: Final = "SELECT count(*) FROM deliveries WHERE state = 'collected'"
NUMBERS: Final = count()
SOON_S: Final = 60.0


class Cabinet:
    """Doors that swing open at once. `pulsed` is told the channel, and the moment by `time.perf_counter`."""

    has_content = True
    has_latch = True

    def __init__(self) -> None:
        self.meters = Meters()
        self.pulsed: Callable[[int, float], None] = lambda *_: None
        self._open: set[Address] = set()
        self._full: set[Address] = set()
        self._known: dict[Address, None] = {}
        self._watchers: list[Changed] = []

    def fit(self, addresses: Collection[Address]) -> None:
        for address in addresses:
            if address not in self._known:
                self._known[address] = None
                self._tell(address)

    async def pulse(self, unit: int, channel: int) -> None:
        self.pulsed(channel, time.perf_counter())
        self._open.add((unit, channel))
        asyncio.get_running_loop().call_soon(self._tell, (unit, channel))

    async def read(self) -> Mapping[Address, Reading]:
        return {address: self._reading(address) for address in self._known}

    async def watch(self, changed: Changed) -> None:
        self._watchers.append(changed)
        try:
            for address, reading in (await self.read()).items():
                changed(address, reading)
            await asyncio.Event().wait()
        finally:
            self._watchers.remove(changed)

    async def close(self) -> None:
        pass

    def put_and_shut(self, channel: int) -> None:
        self._full.add((1, channel))
        self._shut((1, channel))

    def take_and_shut(self, channel: int) -> None:
        self._full.discard((1, channel))
        self._shut((1, channel))

    def _shut(self, address: Address) -> None:
        self._open.discard(address)
        self._tell(address)

    def _reading(self, address: Address) -> Reading:
        return Reading(address in self._open, address not in self._open, address in self._full)

    def _tell(self, address: Address) -> None:
        for changed in self._watchers:
            changed(address, self._reading(address))


class Listener(Desk):
    """The desk of a kiosk that nobody looks at: who waits for an opening's end is told of it."""

    def __init__(self, driver: Cabinet) -> None:
        super().__init__(driver)
        self.ends: dict[UUID, asyncio.Future[Told]] = {}

    def tell(self, told: Told) -> None:
        super().tell(told)
        if isinstance(told, Stored | Collected) and not (end := self.end_of(told.opening)).done():
            end.set_result(told)

    def end_of(self, opening: UUID) -> asyncio.Future[Told]:
        return self.ends.setdefault(opening, asyncio.get_running_loop().create_future())


@dataclass
class Box:
    bank: UUID
    cabinet: Cabinet
    desk: Listener
    port: int

    @property
    def controller(self) -> Controller:
        return self.desk.controller


@dataclass
class Parcel:
    """What its people know of it."""

    delivery: UUID
    grant: UUID
    tracking: str
    door: str = ""


@dataclass
class Town:
    """A server, a worker and some banks."""

    port: int
    api_key: str
    tenant: UUID
    boxes: list[Box]
    server: Role
    worker: Role
    records: asyncpg.Connection
    mark: str = field(default_factory=lambda: RNG.bytes(4).hex())

    async def collected(self) -> int:
        """How many parcels the server knows of that were collected."""
        return int(await self.records.fetchval(COLLECTED))

    def client(self) -> AbstractAsyncContextManager[Connection]:
        return connected(self.port, api_key=self.api_key)

    async def announce(self, client: Connection, bank: UUID) -> Parcel:
        tracking = f"T{self.mark}{next(NUMBERS):07}"
        wish = {
            "bank": str(bank),
            "items": [{"tracking": tracking, "size": "S"}],
            "recipient": {"name": "Ada Example", "email": f"{tracking}@example.org"},
        }
        answer = await client.post("/v1/deliveries", wish, key=RNG.bytes(12).hex())
        assert answer.status == 201, answer.body
        shown = answer.json()
        return Parcel(UUID(shown["id"]), UUID(shown["grants"]["collect"]), tracking)

    async def code(self, client: Connection, parcel: Parcel) -> str:
        answer = await client.post(f"/v1/grants/{parcel.grant}/reveal", {"reason": "bench"}, key=RNG.bytes(12).hex())
        assert answer.status == 200, answer.body
        return str(answer.json()["code"])


async def arrived(box: Box, parcel: Parcel) -> None:
    """Until the bank holds the delivery and the verifiers of its code."""
    async with asyncio.timeout(SOON_S):
        while True:
            state = box.controller.journal.state
            if parcel.delivery in state.deliveries and parcel.grant in state.grants:
                return
            await asyncio.sleep(0.02)


async def all_collected(here: Town, parcels: int) -> None:
    """Until the server knows that so many were collected, all told."""
    async with asyncio.timeout(SOON_S):
        while await here.collected() < parcels:  # noqa: ASYNC110 - who says it is a database
            await asyncio.sleep(0.05)


async def deposit(box: Box, parcel: Parcel) -> None:
    opened = await box.controller.scan(parcel.tracking)
    assert isinstance(opened, Opened), opened
    parcel.door = opened.door
    box.cabinet.put_and_shut(int(opened.door))
    async with asyncio.timeout(SOON_S):
        await box.desk.end_of(opened.opening)


async def collect(box: Box, code: str) -> None:
    opened = await box.controller.type_code(code)
    assert isinstance(opened, Opened), opened
    box.cabinet.take_and_shut(int(opened.door))
    async with asyncio.timeout(SOON_S):
        await box.desk.end_of(opened.opening)


@asynccontextmanager
async def town(
    house: House, database: str, *, boxes: int, argon2: bool = False, kiosks: bool = False
) -> AsyncIterator[Town]:
    """On a new copy of the empty database `cranny`. `argon2`: with the real slow function, in the worker and at the
    banks, instead of a cheap one. With `kiosks` each bank's listens on its port."""
    await house.copy("cranny", database)
    port = free_port()
    async with AsyncExitStack() as stack:
        async with house.open(database) as db:
            tenant, key = await add_house(db)
            claims = [await _claim(db, tenant, number) for number in range(boxes)]
        worker = await stack.enter_async_context(house.role(database, "worker", *(["argon2"] if argon2 else [])))
        server = await stack.enter_async_context(house.role(database, "server", str(port)))
        await server.answers(port)
        records = await asyncpg.connect(house.named(database).admin_dsn)
        stack.push_async_callback(records.close)
        running = await stack.enter_async_context(_running())
        kdf: Kdf = Argon2Kdf() if argon2 else CheapKdf()
        found = [await _box(house, port, claim, kdf, running, kiosk=kiosks) for claim in claims]
        await asyncio.gather(*map(_ready, found))
        yield Town(port, key, tenant, found, server, worker, records)


async def _claim(db: Database, tenant: UUID, number: int) -> str:
    async with db.transaction(tenant) as tx:
        bank = await sites.add_bank(tx, sites.read_yaml(bank_file(f"Bank {number}")))
        return (await enrolment.create_claim(tx, bank.id)).claim


Run = Callable[[Coroutine[Any, Any, None]], None]


async def _box(house: House, server: int, claim: str, kdf: Kdf, run: Run, *, kiosk: bool) -> Box:
    home = house.place / f"box-{next(NUMBERS)}"
    home.mkdir(mode=0o700)
    me = await enrol.enrol(home, f"http://127.0.0.1:{server}", claim, rng=RNG, version="bench")
    broker = NatsBroker(
        me.nats, rng=RNG, name=f"bank-{me.bank}", nkey_seed=me.seed.encode(), inbox_prefix=subjects.inbox(me.bank)
    )
    await broker.connect(within=10)
    cabinet, port = Cabinet(), free_port()
    desk = Listener(cabinet)
    parts = Parts(CLOCK, RNG, IDS, ThreadDisk(home / "journal.sqlite"), broker, kdf, cabinet)
    run(_control(Config(me, "bench"), parts, desk))
    if kiosk:
        run(serve(kiosk_app(desk, port=port, version="bench", clock=CLOCK, ids=IDS), "127.0.0.1", port))
        await until_it_answers(port)
    return Box(me.bank, cabinet, desk, port)


async def _control(config: Config, parts: Parts, desk: Listener) -> None:
    try:
        await run_controller(config, parts, desk)
    finally:
        await parts.broker.close()
        await parts.disk.close()


async def _ready(box: Box) -> None:
    """Until it holds its layout and sees its doors."""
    async with asyncio.timeout(SOON_S):
        while True:
            with suppress(Unavailable):
                if box.controller.free():
                    return
            await asyncio.sleep(0.05)


@asynccontextmanager
async def _running() -> AsyncIterator[Run]:
    """Takes work that ends with the block."""
    tasks: list[asyncio.Task[None]] = []
    try:
        yield lambda work: tasks.append(asyncio.create_task(work))
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
