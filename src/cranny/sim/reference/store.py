"""The reference store: the fleet's `Store` over plain rows, with the rules that PostgreSQL's constraints hold.

A transaction takes time, in which the server may be killed; then nothing of it stays. Whoever is killed behind the
commit never says so to anybody, and all of it stays. Restored from its backup it goes back to the moment at which a
right was last given to any bank: facts are lost, and all that came of them, and no right is.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from cranny.fleet import Breach, Change, Ended, Known, Started, Uplink
from cranny.sim.dice import Dice
from cranny.sim.machines.fates import Fates, Life, Section
from cranny.sim.reference.books import Books, KeptFact, Lies
from cranny.wire.kinds import unpack

WORK_S: Final = (0.002, 0.03)


def _nobody() -> None:
    """Nobody listens."""


class ReferenceStore:
    """`grown` is set behind every commit."""

    def __init__(
        self, doors: Mapping[UUID, Collection[str]], fates: Fates, dice: Dice, *, backs_up: bool = False
    ) -> None:
        """`doors` are the labels of each bank. Only who `backs_up` can `restore`."""
        self.books = Books()
        self.grown = asyncio.Event()
        self.committed: Callable[[], None] = _nobody
        """Told of each commit, at once."""
        self._doors = doors
        self._fates = fates
        self._dice = dice
        self._backs_up = backs_up
        self._turn = asyncio.Lock()
        self._copy: list[dict[Any, Any]] | None = None

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
            if self._backs_up and self.books.entries.fresh():
                self._copy = self.books.copy()
            self.committed()
            self.grown.set()
        if self._fates.strikes(Section.UNANSWERED):
            await life.die()

    async def restore(self) -> int:
        """From the backup, when no transaction is under way. How many facts are lost."""
        async with self._turn:
            before = len(self.books.facts.kept)
            if self._copy is not None:
                self.books.go_back(self._copy)
            return before - len(self.books.facts.kept)

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
        head = max(before.down_head, change.lift_downlink)
        time = change.head_time or before.head_time
        books.uplinks.put(change.bank, replace(before, cursor=change.cursor, head_time=time, down_head=head))
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

    def _renew(self, bank: UUID, epoch: int) -> None:
        books, known = self.books, Known()
        uplink = books.uplinks.must(bank)
        for seq in range(books.bases.get(bank) or 1, uplink.down_head + 1):
            if (given := books.entries.get((bank, seq))) is not None:
                known.give(given)
        facts = sorted((key, kept) for key, kept in books.facts.items() if key[0] == bank and kept.projected)
        for _, kept in facts:
            body = unpack(kept.link.fact.kind, kept.link.fact.body) if kept.link.fact else None
            if body is not None:
                known.tell(body)
        base = uplink.down_head + 1
        for seq, given in enumerate(givens := list(known.all(epoch)), base):
            books.entries.put((bank, seq), given)
        books.uplinks.put(bank, replace(uplink, down_head=uplink.down_head + len(givens)))
        books.bases.put(bank, base)

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
