"""The reference store: the fleet's `Store` over plain rows, with the rules that PostgreSQL's constraints hold.

A transaction takes time, in which the server may be killed; then nothing of it stays. Whoever is killed behind the
commit never says so to anybody, and all of it stays. Restored from a backup it goes back for up to twice the time
between two of them: facts are lost, all that came of them, and rights that were given to banks meanwhile.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from cranny.fleet import NOTHING_YET, TAGS, Breach, Change, Ended, Finding, Known, Started, Uplink
from cranny.sim.dice import Dice
from cranny.sim.machines.fates import Fates, Life, Section
from cranny.sim.reference.authority import Lost
from cranny.sim.reference.books import Books, DeliveryKept, KeptFact, Lies
from cranny.wire.kinds import unpack
from cranny.wire.messages import Given

WORK_S: Final = (0.002, 0.03)


def _same_place(row: DeliveryKept, now: DeliveryKept | None) -> bool:
    """Whether the server still knows that its bank speaks of it."""
    return now is not None and row.bank == now.bank


def _nobody() -> None:
    """Nobody listens."""


class ReferenceStore:
    """`grown` is set behind every commit."""

    def __init__(
        self,
        doors: Mapping[UUID, Collection[str]],
        fates: Fates,
        dice: Dice,
        *,
        tags: Dice,
        backup_s: float = 0.0,
    ) -> None:
        """`doors` are the labels of each bank. A backup is made every `backup_s` seconds, never where that is 0."""
        self.books = Books()
        self.grown = asyncio.Event()
        self.committed: Callable[[], None] = _nobody
        """Told of each commit, at once."""
        self._doors = doors
        self._fates = fates
        self._dice = dice
        self._tags = tags
        self._backup_s = backup_s
        self._turn = asyncio.Lock()
        self._copies: list[tuple[float, list[dict[Any, Any]]]] = []
        """The last two, with when they were made."""

    @asynccontextmanager
    async def transaction(self, life: Life) -> AsyncIterator["ReferenceStore"]:
        """One at a time; belongs to the run of the server that `life` is."""
        async with self._turn:
            await asyncio.sleep(self._dice.between(*WORK_S))
            self.books.begin()
            try:
                yield self
                await asyncio.sleep(self._dice.between(*WORK_S))
                if life.over or self._fates.strikes(Section.UNCOMMITTED):
                    await life.die()
            except BaseException:
                self.books.rollback()
                raise
            self.books.commit()
            self._enter()
            self._back_up()
            self.committed()
            self.grown.set()
        if self._fates.strikes(Section.UNANSWERED):
            await life.die()

    async def restore(self) -> Lost:
        """From one of the last two backups, when no transaction is under way."""
        async with self._turn:
            books = self.books
            facts, entries = len(books.facts.kept), len(books.entries.kept)
            deliveries, grants = dict(books.deliveries.kept), set(books.grants.kept)
            if self._copies:
                del self._copies[1 + self._dice.below(len(self._copies)) :]
                books.go_back(self._copies[-1][1])
            return Lost(
                facts - len(books.facts.kept),
                entries - len(books.entries.kept),
                {id_: row for id_, row in deliveries.items() if not _same_place(row, books.deliveries.kept.get(id_))},
                frozenset(grants - books.grants.kept.keys()),
            )

    def open_desk(self, bank: UUID, public_key: str, first: Sequence[Given]) -> None:
        """Begin to keep books about `bank`, with its `first` rights."""
        self.books.uplinks.kept[bank] = Uplink(bank, NOTHING_YET, None, 0, public_key)
        self.books.begin()
        self.books.give(bank, first, self._tags.below(TAGS))
        self.books.commit()
        self._enter()

    def _enter(self) -> None:
        """What was just given, in the ledger as well."""
        self.books.ledger.add(self.books.entries.fresh(), self.books.entries.kept)

    def _back_up(self) -> None:
        now = asyncio.get_running_loop().time()
        if self._backup_s and (not self._copies or now - self._copies[-1][0] >= self._backup_s):
            self._copies = [*self._copies[-1:], (now, self.books.copy())]

    # ------------------------------------------------------------ the fleet's port

    async def uplinks(self, banks: Collection[UUID]) -> Mapping[UUID, Uplink]:
        found = {bank: self.books.uplinks.get(bank) for bank in banks}
        return {bank: uplink for bank, uplink in found.items() if uplink is not None}

    async def hashes(self, bank: UUID, epoch: int, seqs: range) -> Mapping[int, bytes]:
        found = {seq: self.books.facts.get((bank, epoch, seq)) for seq in seqs}
        return {seq: fact.link.hash for seq, fact in found.items() if fact is not None}

    async def apply(self, changes: Sequence[Change]) -> None:
        for change in changes:
            self._apply(change)

    @asynccontextmanager
    async def attempt(self) -> AsyncIterator[None]:
        self.books.begin()
        try:
            yield
        except BaseException:
            self.books.rollback()
            raise
        self.books.commit()

    # ------------------------------------------------------------ what PostgreSQL would do

    def _apply(self, change: Change) -> None:
        books = self.books
        before = books.uplinks.must(change.bank)
        time = change.head_time or before.head_time
        books.uplinks.put(change.bank, replace(before, cursor=change.cursor, head_time=time))
        if change.lift_downlink:
            self.realign(change.bank, change.lift_downlink)
        for row in change.rows:
            key = (change.bank, row.link.epoch, row.link.seq)
            if books.facts.get(key) is not None:
                raise Breach("a fact is there already")
            books.facts.put(key, KeptFact(row.link, row.projected))
        for told in change.told:
            books.tell(told.event.type, told.event.subject, told.at, told.event.data)
            self._heard_of(change.bank, told.event.data)
        for deed in change.doors:
            if isinstance(deed, Ended):
                self._vacate(change.bank, deed)
            else:
                self._occupy(change.bank, deed)
        for door, reason in change.blocked.items():
            books.blocked.put((change.bank, self._door(change.bank, door)), reason or "")
        for finding in change.findings:
            books.note(finding)
        if change.renew:
            self._renew(change.bank, change.renew)

    def realign(self, bank: UUID, applied: int) -> None:
        """As the fleet does it; inside a transaction."""
        books, uplink = self.books, self.books.uplinks.must(bank)
        if applied <= (books.aligned.get(bank) or 0):
            return
        books.aligned.put(bank, applied)
        books.note(Finding(bank, "downlink_ahead", f"banks/{bank}", {"held": uplink.down_head, "applied": applied}))
        books.uplinks.put(bank, replace(uplink, down_head=max(uplink.down_head, applied)))
        known = self._known(bank)
        self._begin(bank, [*known.all(max(1, uplink.cursor.epoch)), *known.over()])

    def _renew(self, bank: UUID, epoch: int) -> None:
        self._begin(bank, list(self._known(bank).all(epoch)))

    def _begin(self, bank: UUID, givens: Sequence[Given]) -> None:
        self.books.bases.put(bank, self.books.give(bank, givens, self._tags.below(TAGS)))

    def _known(self, bank: UUID) -> Known:
        books, known = self.books, Known()
        for seq in range(books.bases.get(bank) or 1, books.uplinks.must(bank).down_head + 1):
            if (entry := books.entries.get((bank, seq))) is not None:
                known.give(entry.given)
        facts = sorted((key, kept) for key, kept in books.facts.items() if key[0] == bank and kept.projected)
        for _, kept in facts:
            body = unpack(kept.link.fact.kind, kept.link.fact.body) if kept.link.fact else None
            if body is not None:
                known.tell(body)
        return known

    def _heard_of(self, bank: UUID, data: Mapping[str, object]) -> None:
        door, generation = data.get("door"), data.get("generation")
        if isinstance(door, str) and isinstance(generation, int):
            self.books.newest.put((bank, door), max(generation, self.books.newest.get((bank, door)) or 0))

    def _occupy(self, bank: UUID, deed: Started) -> None:
        books, door = self.books, (bank, self._door(bank, deed.door))
        here = books.lies.get((*door, deed.generation))
        if here is not None and not here.live:
            raise Breach("what is over never lives again")
        if here is None:
            if books.occupied.get(door):
                raise Breach("one live occupancy at a door")
            if any(key[:2] == door and key[2] >= deed.generation for key, _ in books.lies.items()):
                raise Breach("generations only grow")
        held = here.deliveries if here else ()
        books.lies.put((*door, deed.generation), Lies(tuple(dict.fromkeys((*held, *deed.deliveries))), live=True))
        books.occupied.put(door, deed.generation)

    def _vacate(self, bank: UUID, deed: Ended) -> None:
        key = (bank, deed.door, deed.generation)
        here = self.books.lies.get(key)
        if here is not None and here.live:
            self.books.lies.put(key, replace(here, live=False))
            self.books.occupied.put((bank, deed.door), 0)

    def _door(self, bank: UUID, label: str) -> str:
        if label not in self._doors[bank]:
            raise Breach(f"there is no door {label}")
        return label
