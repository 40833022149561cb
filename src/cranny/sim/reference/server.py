"""The server in a simulated world: the product's own ingest over the reference store, killed now and then."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeVar
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cranny.core.clock import Clock
from cranny.core.errors import Invalid, Refused, Unavailable
from cranny.fleet import Arrival, Commits, Place, is_ours
from cranny.sim.dice import Dice
from cranny.sim.machines.fates import Fates, Life, Section
from cranny.sim.machines.net import Net
from cranny.sim.reference import changes, sweeps
from cranny.sim.reference.authority import NAME, Announced, Lost, Unknown
from cranny.sim.reference.books import Books, GrantKept
from cranny.sim.reference.reactions import Reactions
from cranny.sim.reference.rights import TELL, VERIFY, Rights
from cranny.sim.reference.store import ReferenceStore
from cranny.sim.trace import Trace
from cranny.wire import acks, signing, subjects
from cranny.wire.brokers import Broker, Incoming
from cranny.wire.brokers.memory import Hub
from cranny.wire.kdf import CheapKdf
from cranny.wire.messages import Beat, Downlink, FactAck, FactBatch, Pull, pack, unpack
from cranny.wire.nkey import public

M = TypeVar("M")
PAGE: Final = 200
AT_ONCE: Final = 16
OFF_S: Final = 8.0
EVENTS: Final = 20
"""Of one transaction of the reactions."""
LATE_JOBS: Final = 0.02
LATE_JOB_S: Final = 60.0
"""A worker that has other things to do, on average."""
CURSOR: Final = "reactions"


@dataclass(frozen=True, slots=True)
class Outside:
    """Whom the server talks to besides banks: `tell` sends the message that a parcel waits, `flaw` hears of an
    event that no table has a row for."""

    tell: Callable[[GrantKept], None]
    flaw: Callable[[str], None]


class Server:
    def __init__(
        self,
        store: ReferenceStore,
        rights: Rights,
        *,
        key: Ed25519PrivateKey,
        boxes: Mapping[UUID, str],
        clock: Clock,
        hub: Hub,
        net: Net,
        fates: Fates,
        dice: Dice,
        trace: Trace,
        outside: Outside,
        pace: float,
    ) -> None:
        """`boxes` are the NKEYs of the banks."""
        self.store = store
        self.rights = rights
        self.fates = fates
        self._key = key
        self._boxes = boxes
        self._clock = clock
        self._hub = hub
        self._net = net
        self._dice = dice
        self._trace = trace
        self._outside = outside
        self._pace = pace
        self._reactions = Reactions(rights, trace.count)
        self._kdf = CheapKdf()
        self._life = Life()
        self._broker: Broker | None = None

    # ------------------------------------------------------------ a process that comes and goes

    async def live(self) -> None:
        while True:
            await self._one_life()
            off = 1.0 if self.fates.calm else self._dice.soon(OFF_S)
            self._trace.say(NAME, f"off for {off:.0f} s")
            await asyncio.sleep(off)

    def kill(self) -> None:
        if not self._life.over:
            self.fates.note(Section.IDLE)
            self._life.end()

    @property
    def books(self) -> Books:
        return self.store.books

    def listen(self, committed: Callable[[], None]) -> None:
        self.store.committed = committed

    async def restore(self) -> Lost:
        return await self.store.restore()

    def idle(self) -> bool:
        marks, jobs = self.books.marks.kept, self.books.jobs.kept
        return marks[CURSOR] == marks["event"] and all(jobs.values())

    async def announce(self, asked: Announced) -> bool:
        return await self.do(lambda rights: rights.announce(asked))

    async def call_off(self, tracking: str) -> bool:
        return await self.do(partial(self._call_off, tracking))

    async def readdress(self, id_: UUID, owner: UUID) -> bool:
        return await self._asked(lambda rights: changes.readdress(rights, id_, owner)) is not None

    async def reroute(self, id_: UUID, bank: UUID) -> bool:
        return bool(await self._asked(lambda rights: changes.reroute(rights, id_, bank)))

    async def set_policy(self, bank: UUID, unknown_tracking: Unknown) -> bool:
        return await self.do(lambda rights: changes.set_policy(rights, bank, unknown_tracking))

    async def _asked(self, deed: Callable[[Rights], None]) -> bool | None:
        """Whether it was done; None when nobody knows."""
        done = list[bool]()

        def work(rights: Rights) -> None:
            try:
                deed(rights)
            except Refused as refused:
                self._trace.count(f"turned down: {refused.code}")
                done.append(False)
            else:
                done.append(True)

        return done[0] if await self.do(work) else None

    async def inspect(self, bank: UUID, door: str) -> bool:
        return await self.do(lambda rights: _inspect(rights, bank, door))

    def _call_off(self, tracking: str, rights: Rights) -> None:
        row = rights.newest(tracking)
        if row is not None:
            try:
                rights.cancel(row.id)
            except Refused as refused:
                self._trace.say("sender", f"can't call off {tracking}: {refused.code}")

    async def do(self, deed: Callable[[Rights], None]) -> bool:
        """One transaction of somebody's request. False when the server was killed: then nobody knows."""
        life = self._life
        if life.over:
            return False
        work = asyncio.create_task(self._transact(life, deed))
        death = asyncio.create_task(life.ended())
        await asyncio.wait({work, death}, return_when=asyncio.FIRST_COMPLETED)
        done = work.done()
        for task in (work, death):
            task.cancel()
        await asyncio.gather(work, death, return_exceptions=True)
        if done:
            work.result()
        return done

    async def _one_life(self) -> None:
        life = self._life = Life()
        broker = self._net.join(self._hub, NAME)
        self._broker = broker
        commits = Commits(lambda _: self.store.transaction(life))
        await broker.subscribe(subjects.ANY_FACTS, partial(self._facts, commits), queue="ingest", concurrent=AT_ONCE)
        await broker.subscribe(subjects.ANY_PULL, self._pull, queue="downlink", concurrent=AT_ONCE)
        await broker.subscribe(subjects.ANY_BEAT, self._beat, queue="presence")
        self.store.grown.set()
        works = [commits.run(), self._follow(life), self._sweep(life), life.ended()]
        tasks = [asyncio.create_task(work) for work in works]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            life.end()
            self._broker = None
            for task in tasks:
                task.cancel()
            await broker.close()
            results = await asyncio.gather(*tasks, return_exceptions=True)
        for result in results:
            if isinstance(result, Exception):
                raise result

    # ------------------------------------------------------------ the broker's side

    async def _facts(self, commits: Commits, message: Incoming) -> None:
        """As the fleet's Ingestor: whose is it, take it, answer behind the commit."""
        tenant, bank = subjects.owner(message.subject)
        ack = await self._take(commits, tenant, bank, message.payload)
        self._trace.count("batches answered")
        await self._answer(message, acks.sign(self._key, tenant, bank, message.payload, ack))

    async def _take(self, commits: Commits, tenant: UUID, bank: UUID, payload: bytes) -> FactAck:
        box = self._boxes[bank]
        try:
            batch = unpack(signing.verify(public(box), "facts", payload), FactBatch)
        except Invalid as invalid:
            return FactAck(epoch=0, seq=0, refused=invalid.code)
        if (batch.tenant, batch.bank) != (tenant, bank):
            return FactAck(epoch=0, seq=0, refused="foreign-bank")
        return await commits.take(Arrival(batch, box, self._clock.now()))

    def _believed(self, bank: UUID, purpose: signing.Purpose, payload: bytes, kind: type[M]) -> M | None:
        """What the bank itself has said."""
        try:
            return unpack(signing.verify(public(self._boxes[bank]), purpose, payload), kind)
        except Invalid:
            self._trace.count(f"not believed: {purpose}")
            return None

    async def _pull(self, message: Incoming) -> None:
        """As the fleet's Downlinker: what is committed behind the entry that the bank names, signed."""
        tenant, bank = subjects.owner(message.subject)
        pull = self._believed(bank, "pull", message.payload, Pull)
        if pull is None:
            return
        books = self.store.books
        place = self._place(bank, pull)
        if not is_ours(place, pull):
            self._trace.count("realigned: by number" if pull.applied > place.head else "realigned: by tag")
            await self._transact(self._life, lambda _: self.store.realign(bank, pull.applied))
        head = books.uplinks.kept[bank].down_head
        first = pull.applied + 1 if pull.applied else books.bases.kept.get(bank, 1)
        last = min(head, first - 1 + PAGE)
        found = (books.entries.kept.get((bank, seq)) for seq in range(first, last + 1))
        entries = [entry for entry in found if entry is not None]
        page = Downlink(tenant, bank, entries, head)
        await self._answer(message, signing.sign(self._key, "downlink", pack(page)))

    def _place(self, bank: UUID, pull: Pull) -> Place:
        books = self.store.books
        entry = books.entries.kept.get((bank, pull.applied))
        aligned = books.aligned.kept.get(bank, 0)
        return Place(books.uplinks.kept[bank].down_head, aligned, entry.tag if entry else None)

    async def _answer(self, message: Incoming, payload: bytes) -> None:
        """When the broker is there: who hears nothing asks again."""
        try:
            await message.respond(payload)
        except Unavailable:
            self._trace.count("answers lost")

    async def _beat(self, message: Incoming) -> None:
        tenant, bank = subjects.owner(message.subject)
        beat = self._believed(bank, "beat", message.payload, Beat)
        if beat is None:
            return
        if beat.applied < self.store.books.uplinks.kept[bank].down_head:
            await self._poke(tenant, bank)

    async def _poke(self, tenant: UUID, bank: UUID) -> None:
        try:
            if self._broker is not None:
                await self._broker.publish(subjects.poke(tenant, bank), b"")
        except Unavailable:
            self._trace.count("pokes lost")

    # ------------------------------------------------------------ what follows from the log

    async def _follow(self, life: Life) -> None:
        """Reactions and jobs, whenever something was committed."""
        while True:
            await self.store.grown.wait()
            self.store.grown.clear()
            await asyncio.sleep(self._dice.between(0.01, 0.3))
            while await self._react(life):
                pass
            await self._work(life)

    async def _react(self, life: Life) -> bool:
        """Some events, with the cursor, in one transaction. Whether there were any."""
        books = self.store.books
        after, head = books.marks.kept.get(CURSOR, 0), books.marks.kept.get("event", 0)
        if after == head:
            return False
        last = min(head, after + EVENTS)

        def deed(_: Rights) -> None:
            for position in range(after + 1, last + 1):
                event = books.events.must(position)
                try:
                    self._reactions.react(event)
                except Refused as refused:
                    self._outside.flaw(f"{event.type}: {refused.code}")
            books.marks.put(CURSOR, last)

        await self._transact(life, deed)
        return True

    async def _work(self, life: Life) -> None:
        """The jobs that are waiting."""
        for (job, id_), done in list(self.store.books.jobs.kept.items()):
            if done:
                continue
            late = not self.fates.calm and self._dice.chance(LATE_JOBS)
            await asyncio.sleep(self._dice.soon(LATE_JOB_S if late else 0.3))
            if job == VERIFY:
                await self._transact(life, partial(self._verify, id_))
            elif job == TELL:
                self._outside.tell(self.store.books.grants.kept[id_])
                await self._transact(life, partial(_told, id_))

    async def _sweep(self, life: Life) -> None:
        """For as long as the day lasts: in the evening nobody waits for a clock."""
        before: list[sweeps.Due] = []
        while True:
            await asyncio.sleep(self._dice.soon(sweeps.EVERY_S * self._pace))
            if self.fates.calm:
                await life.ended()
                return
            fresh = sweeps.read(self.store.books, self._dice)
            due, before = [*fresh, *sweeps.again(before, self._dice)], before + fresh
            await asyncio.sleep(self._dice.soon(sweeps.LATE_S))
            if due:
                refused = partial(self._trace.count, "sweeps: refused")
                await self._transact(life, partial(sweeps.act, due=due, refused=refused))

    async def _verify(self, id_: UUID, rights: Rights) -> None:
        await rights.verify(id_, self._kdf)

    async def _transact(self, life: Life, deed: Callable[[Rights], Awaitable[None] | None]) -> None:
        async with self.store.transaction(life):
            self.rights.pokes = set()
            work = deed(self.rights)
            if work is not None:
                await work
            poked = sorted(self.rights.pokes)
        for bank in poked:
            await self._poke(self.rights.tenant, bank)


def _inspect(rights: Rights, bank: UUID, door: str) -> None:
    rights.inspect(bank, door)


def _told(id_: UUID, rights: Rights) -> None:
    rights.books.jobs.put((TELL, id_), True)
