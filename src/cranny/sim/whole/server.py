"""The product's server and worker, whole, as one program that is killed now and then.

It is made of what the features bring, as `wiring` finds them. Where the product asks the database again and again
whether there is something to do, the simulation asks when something was committed, and seldom otherwise: that is the
only thing that it decides in the product's place.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Final
from uuid import UUID

from cranny import fleet, outreach
from cranny.access import Grant
from cranny.core.errors import Conflict, Refused
from cranny.core.ids import TimeIds
from cranny.outreach import Message
from cranny.platform.auth import Principal
from cranny.platform.db import Database, Tx
from cranny.platform.feature import Feature, Parts
from cranny.platform.jobs import JobHandler, Worker
from cranny.platform.keys import Keyring
from cranny.platform.reactions import Reactor
from cranny.platform.sequencer import sequence
from cranny.platform.sweeps import Sweep
from cranny.sim.dice import Dice
from cranny.sim.machines.fates import Life, Section
from cranny.sim.reference.authority import NAME, Announced, Lost, Order, Setting, Unknown
from cranny.sim.reference.books import Books
from cranny.sim.whole import deeds
from cranny.sim.whole.backups import Backups
from cranny.sim.whole.database import MortalDatabase
from cranny.sim.whole.letterbox import Letterbox
from cranny.sim.whole.line import LinePool
from cranny.sim.whole.mirror import Mirror
from cranny.sim.whole.people import People
from cranny.wire.codes import parse_code, parse_qr
from cranny.wire.kdf import CheapKdf
from cranny.wiring.features import features

OFF_S: Final = 8.0
REACT_S: Final = 0.6
"""Between a commit and who follows it, on average."""
LOOK_S: Final = 30.0
"""So often it is asked whether there is something to do though nothing was committed: what was put off, or left behind
by a run that was killed."""
SLOWER: Final = 16.0
"""So many times rarer than in the product each sweep goes round: a simulated hour has four thousand seconds, and an
empty round is no event."""
UNSIMULATED: Final = frozenset({"webhooks", "fleet.callout"})
"""Loops of which nothing here hears: there are no endpoints, and the simulator's broker asks nobody who may connect."""
DAYTIME: Final = frozenset({"deliveries"})
"""Whose sweeps rest in the evening: then nobody waits for a clock."""

WAITS_S: Final = 120.0
"""Whoever was turned away, or cut off, before they ask again."""
STAFF: Final = ("recall", "inspect")
"""What staff goes to a bank for."""
AGAIN: Final = frozenset({"no-capacity", "locators-exhausted"})
"""Whoever is told so asks again."""


class WholeServer:
    def __init__(
        self,
        setting: Setting,
        tenant: UUID,
        *,
        keyring: Keyring,
        backups: Backups,
        pool: LinePool,
        mirror: Mirror,
        people: People,
    ) -> None:
        self._setting = setting
        self._tenant = tenant
        self._keyring = keyring
        self._backups = backups
        self._pool = pool
        self._mirror = mirror
        self._people = people
        self._dice = Dice(setting.seed, NAME)
        self._ids = TimeIds(setting.clock, Dice(setting.seed, NAME, "ids"))
        self._features = [feature for feature in features() if feature.name not in UNSIMULATED]
        self._grown = asyncio.Event()
        self._listen: Callable[[], None] = _nobody
        self._shown: set[UUID] = set()
        self._life = Life()
        self._db: Database | None = None
        self._dispatcher: fleet.Dispatcher | None = None
        ids = TimeIds(setting.clock, Dice(setting.seed, NAME, "keys"))
        self._operators = (Principal(tenant, ids.new()), Principal(tenant, ids.new()))

    @property
    def books(self) -> Books:
        return self._mirror.books

    def listen(self, committed: Callable[[], None]) -> None:
        self._listen = committed

    def idle(self) -> bool:
        return not self._mirror.waiting

    # ------------------------------------------------------------ a process that comes and goes

    async def live(self) -> None:
        while True:
            await self._one_life()
            await self._backups.go_back()
            off = 1.0 if self._setting.fates.calm else self._dice.soon(OFF_S)
            self._setting.trace.say(NAME, f"off for {off:.0f} s")
            await asyncio.sleep(off)

    def kill(self) -> None:
        if not self._life.over:
            self._setting.fates.note(Section.IDLE)
            self._life.end()

    async def restore(self) -> Lost:
        return Lost(await self._backups.lose(), 0, {}, frozenset())

    async def _one_life(self) -> None:
        life = self._life = Life()
        setting = self._setting
        broker = setting.net.join(setting.hub, NAME)
        db = self._db = MortalDatabase(
            self._pool,
            life,
            setting.fates,
            clock=setting.clock,
            ids=self._ids,
            dice=self._dice,
            broker=broker,
            committed=self._committed,
            gives=self._backups.gives,
            trace=setting.trace,
        )
        parts = Parts(
            db=db,
            broker=broker,
            keyring=self._keyring,
            kdf=CheapKdf(),
            clock=setting.clock,
            ids=self._ids,
            rng=self._dice,
        )
        dispatcher = self._dispatcher = fleet.Dispatcher(db, broker, self._keyring)
        self._grown.set()
        works = [
            loop.run() for feature in self._features for loop in feature.loops(parts) if loop.name not in UNSIMULATED
        ]
        works += [self._follow(parts), life.ended()]
        works += [self._sweep(db, feature, sweep) for feature in self._features for sweep in feature.sweeps(parts)]
        tasks = [asyncio.create_task(work) for work in works]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            life.end()
            self._db = self._dispatcher = None
            for task in tasks:
                task.cancel()
            await dispatcher.stop()
            await broker.close()
            results = await asyncio.gather(*tasks, return_exceptions=True)
        for result in results:
            if isinstance(result, Exception):
                raise result

    def _committed(self) -> None:
        self._mirror.look()
        self._listen()
        self._grown.set()
        if self.books.entries.fresh():
            self._backups.gave()

    # ------------------------------------------------------------ what follows from the log

    async def _follow(self, parts: Parts) -> None:
        """Positions, reactions and jobs, whenever something was committed."""
        reactions = [reaction for feature in self._features for reaction in feature.reactions(parts)]
        reactor = Reactor(parts.db, parts.broker, reactions)
        workers = [
            Worker(parts.db, jobs, at_once=feature.jobs_at_once)
            for feature in self._features
            if (jobs := self._jobs(feature, parts))
        ]
        while True:
            try:
                async with asyncio.timeout(LOOK_S * self._setting.plan.pace**0.5):
                    await self._grown.wait()
            except TimeoutError:
                self._setting.trace.count("server: looks by itself")
            self._grown.clear()
            await asyncio.sleep(self._dice.soon(REACT_S))
            if not self._mirror.waiting:
                continue
            await sequence(parts.db, self._tenant)
            await reactor.catch_up(self._tenant)
            for worker in workers:
                await worker.drain()
            await self._show(parts.db)

    def _jobs(self, feature: Feature, parts: Parts) -> Mapping[str, JobHandler]:
        jobs = dict(feature.jobs(parts))
        if outreach.SEND in jobs:
            jobs[outreach.SEND] = outreach.send_job(self._keyring, {"email": Letterbox(self._deliver)})
        return jobs

    async def _sweep(self, db: Database, feature: Feature, sweep: Sweep) -> None:
        while True:
            await asyncio.sleep(self._dice.soon(sweep.every_s * SLOWER * self._setting.plan.pace**0.5))
            if not (self._setting.fates.calm and feature.name in DAYTIME):
                await sweep.run(db, self._tenant)

    # ------------------------------------------------------------ people

    def _deliver(self, letter: Message) -> None:
        """A message arrives."""
        qr, code = parse_qr(letter.qr or ""), parse_code(letter.code or "")
        self._setting.trace.count(f"letters: {'with a code' if code else 'without'}")
        owner = str(self._people.whose(letter.to))
        for id_, locator in self._mirror.locators.items():
            grant = self.books.grants.kept[id_]
            row = self.books.deliveries.kept.get(grant.delivery) if grant.delivery else None
            if qr and code and locator == qr.locator and grant.live and row and row.owner == owner:
                self._setting.tell(replace(grant, code=code, qr=qr))

    async def _show(self, db: Database) -> None:
        """Whoever looks after banks reads the codes that nobody is sent: to take something back, to look inside."""
        wanted = [one for one in self.books.grants.kept.values() if one.purpose in STAFF and one.state is Grant.ACTIVE]
        for grant in wanted:
            if grant.id in self._shown:
                continue
            async with db.transaction(self._tenant) as tx:
                found = await deeds.reveal(tx, self._keyring, grant.id)
            self._shown.add(grant.id)
            if found is not None:
                self._setting.tell(replace(grant, code=parse_code(found.code or ""), qr=parse_qr(found.qr)))

    async def announce(self, asked: Announced) -> bool:
        deed = partial(deeds.announce, keyring=self._keyring, asked=asked, people=self._people)
        if await self._ask(deed):
            return True
        await asyncio.sleep(self._dice.soon(WAITS_S))
        return False

    async def call_off(self, tracking: str) -> bool:
        row = next((row for row in reversed(self.books.deliveries.kept.values()) if row.tracking == tracking), None)
        if row is None:
            return True
        return await self._ask(partial(deeds.call_off, keyring=self._keyring, delivery=row.id))

    async def readdress(self, id_: UUID, owner: UUID) -> bool:
        deed = partial(deeds.readdress, keyring=self._keyring, delivery=id_, owner=owner, people=self._people)
        return await self._ask(deed)

    async def reroute(self, id_: UUID, bank: UUID) -> bool:
        done = list[bool]()

        async def deed(tx: Tx) -> None:
            await deeds.reroute(tx, self._keyring, id_, bank)
            done.append(True)

        return await self._ask(deed) and bool(done)

    async def set_policy(self, bank: UUID, unknown_tracking: Unknown) -> bool:
        return await self._ask(partial(deeds.set_policy, bank=bank, unknown_tracking=unknown_tracking))

    async def inspect(self, bank: UUID, door: str) -> bool:
        place = (door, self.books.newest.kept.get((bank, door)) or 0)
        return await self._ask(partial(deeds.inspect, keyring=self._keyring, bank=bank, place=place))

    async def order(self, order: Order) -> Sequence[str]:
        """A command, and some time later what the server says became of it."""
        dispatcher, outgoing = self._dispatcher, list[tuple[UUID, fleet.Outgoing]]()

        async def deed(tx: Tx) -> None:
            outgoing.append(await deeds.order(tx, order, *self._operators))

        if not await self._ask(deed) or not outgoing or dispatcher is not self._dispatcher or dispatcher is None:
            return ()
        ((id_, command),) = outgoing
        dispatcher.dispatch(command)
        await asyncio.sleep(command.wait_s)
        shown = list[fleet.CommandShown]()

        async def look(tx: Tx) -> None:
            shown.append(await fleet.get_command(tx, id_))

        await self._ask(look)
        for one in shown:
            self._setting.trace.count(f"orders: {one.state} {one.answer}".rstrip())
        return shown[0].opened if shown else ()

    async def _ask(self, deed: Callable[[Tx], Awaitable[None]]) -> bool:
        """One request. False when the server was killed meanwhile: then nobody knows."""
        life, db = self._life, self._db
        if life.over or db is None:
            return False
        work = asyncio.create_task(self._transact(db, deed))
        death = asyncio.create_task(life.ended())
        await asyncio.wait({work, death}, return_when=asyncio.FIRST_COMPLETED)
        done = work.done()
        for task in (work, death):
            task.cancel()
        await asyncio.gather(work, death, return_exceptions=True)
        return done and work.result()

    async def _transact(self, db: Database, deed: Callable[[Tx], Awaitable[None]]) -> bool:
        try:
            async with db.transaction(self._tenant) as tx:
                await deed(tx)
        except (Refused, Conflict) as refused:
            self._setting.trace.count(f"turned down: {refused.code}")
            return refused.code not in AGAIN
        return True


def _nobody() -> None:
    """Nobody listens."""
