"""A bank that writes facts, and a plain store to take them."""

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from cranny.core.clock import millis
from cranny.fleet.changes import Breach, Change, Ended
from cranny.fleet.ingest import Arrival
from cranny.fleet.rules import NOTHING_YET
from cranny.fleet.store import Uplink
from cranny.wire.facts import GENESIS, Fact, digest, encode
from cranny.wire.kinds import NAMES, Body, CollectFinished, DepositStored
from cranny.wire.kinds import pack as pack_body
from cranny.wire.messages import FactBatch

TENANT, BANK, BOOT = UUID(int=1), UUID(int=2), UUID(int=3)
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
KEY = "UBANK"


@dataclass
class Journal:
    """What a controller would have on its disk: one epoch of chained facts."""

    epoch: int = 1
    facts: list[bytes] = field(default_factory=list)
    tenant: UUID = TENANT
    bank: UUID = BANK

    def write(self, kind: str, body: Mapping[str, object], **odd: object) -> bytes:
        """Append a fact; `odd` replaces fields."""
        head = digest(self.facts[-1]) if self.facts else GENESIS
        seq = len(self.facts) + 1
        fact = Fact(
            1, self.tenant, self.bank, self.epoch, seq, head, kind, dict(body), BOOT, seq * 1000,
            millis(NOON) + seq * 1000, "good", False,
        )  # fmt: skip
        self.facts.append(encode(replace_fact(fact, odd)))
        return self.facts[-1]

    def say(self, body: Body, **odd: object) -> bytes:
        return self.write(NAMES[type(body)], pack_body(body), **odd)

    def stored(self, door: str, generation: int, *deliveries: UUID, grant: UUID | None = None) -> bytes:
        return self.say(DepositStored(UUID(int=9), door, generation, list(deliveries), grant, "sensed"))

    def collected(self, door: str, generation: int, *deliveries: UUID) -> bytes:
        return self.say(CollectFinished(UUID(int=9), door, generation, "collect", None, list(deliveries), "sensed"))

    def batch(self, first: int = 1, last: int | None = None, **odd: object) -> FactBatch:
        facts = self.facts[first - 1 : last]
        plain = FactBatch(self.tenant, self.bank, self.epoch, first, facts, [None] * len(facts), 0)
        return replace_batch(plain, odd)


def replace_fact(fact: Fact, odd: Mapping[str, object]) -> Fact:
    values = {name: getattr(fact, name) for name in Fact.__struct_fields__}
    return Fact(**{**values, **odd})  # type: ignore[arg-type]


def replace_batch(batch: FactBatch, odd: Mapping[str, object]) -> FactBatch:
    values = {name: getattr(batch, name) for name in FactBatch.__struct_fields__}
    return FactBatch(**{**values, **odd})  # type: ignore[arg-type]


def arrival(batch: FactBatch, key: str = KEY) -> Arrival:
    return Arrival(batch, key, datetime(2026, 11, 22, 13, tzinfo=UTC))


@dataclass
class Books:
    """Everything a store holds of one bank."""

    uplink: Uplink
    facts: dict[tuple[int, int], tuple[bytes, bytes, bool]] = field(default_factory=dict)
    events: list[tuple[str, str, dict[str, object]]] = field(default_factory=list)
    doors: dict[str, dict[int, tuple[tuple[UUID, ...], bool]]] = field(default_factory=dict)
    """Door, generation: (deliveries, live)."""
    blocked: dict[str, str] = field(default_factory=dict)
    findings: list[str] = field(default_factory=list)
    triggers: list[str] = field(default_factory=list)
    lifted: int = 0

    def live(self, door: str) -> list[int]:
        return [generation for generation, (_, live) in self.doors.get(door, {}).items() if live]


class PlainStore:
    """Rows in dictionaries, with the same rules as the real one: one live occupancy per door, generations that
    only grow, no door that is not there."""

    def __init__(self, doors: Collection[str] = ("01", "02", "03"), bank: UUID = BANK, key: str = KEY) -> None:
        self.doors = set(doors)
        self.books = {bank: Books(Uplink(bank, NOTHING_YET, None, 0, key))}
        self.applied = 0

    @property
    def book(self) -> Books:
        return self.books[BANK]

    async def uplinks(self, banks: Collection[UUID]) -> Mapping[UUID, Uplink]:
        return {bank: self.books[bank].uplink for bank in banks if bank in self.books}

    async def hashes(self, bank: UUID, epoch: int, seqs: range) -> Mapping[int, bytes]:
        facts = self.books[bank].facts
        return {seq: facts[epoch, seq][0] for seq in seqs if (epoch, seq) in facts}

    async def apply(self, changes: Sequence[Change]) -> None:
        assert len({change.bank for change in changes}) == len(changes)
        for change in changes:
            self.applied += 1
            self._apply(self.books[change.bank], change)

    @asynccontextmanager
    async def attempt(self) -> AsyncIterator[None]:
        before = deepcopy(self.books)
        try:
            yield
        except BaseException:
            self.books = before
            raise

    def _apply(self, book: Books, change: Change) -> None:
        book.uplink = replace(
            book.uplink, cursor=change.cursor, head_time=change.head_time or book.uplink.head_time,
            down_head=max(book.uplink.down_head, change.lift_downlink),
        )  # fmt: skip
        for row in change.rows:
            place = (row.link.epoch, row.link.seq)
            assert place not in book.facts
            book.facts[place] = (row.link.hash, row.link.stored, row.projected)
        book.events += [(told.event.type, told.event.subject, told.event.data) for told in change.told]
        for deed in change.doors:
            if isinstance(deed, Ended):
                self._end(book, deed.door, deed.generation)
            else:
                self._start(book, deed.door, deed.generation, deed.deliveries)
        for door, reason in change.blocked.items():
            if door not in self.doors:
                raise Breach("there is no such door")
            book.blocked.pop(door, None)
            if reason is not None:
                book.blocked[door] = reason
        book.findings += [finding.kind for finding in change.findings]
        book.triggers += [change.trigger] if change.trigger else []

    def _start(self, book: Books, door: str, generation: int, deliveries: tuple[UUID, ...]) -> None:
        here = book.doors.setdefault(door, {})
        if generation in here:
            before, live = here[generation]
            if not live:
                raise Breach("what is over never lives again")
            here[generation] = (tuple(dict.fromkeys(before + deliveries)), True)
            return
        if door not in self.doors or book.live(door) or generation <= max(here, default=0):
            raise Breach("one live occupancy per door, and generations grow")
        here[generation] = (tuple(dict.fromkeys(deliveries)), True)

    def _end(self, book: Books, door: str, generation: int) -> None:
        if generation in book.doors.get(door, {}):
            book.doors[door][generation] = (book.doors[door][generation][0], False)


@pytest.fixture
def journal() -> Journal:
    return Journal()


@pytest.fixture
def store() -> PlainStore:
    return PlainStore()


@pytest.fixture(name="new_journal", scope="session")
def _journals() -> type[Journal]:
    return Journal


@pytest.fixture(name="new_store", scope="session")
def _stores() -> type[PlainStore]:
    return PlainStore


@pytest.fixture(scope="session")
def arrive() -> Callable[..., Arrival]:
    return arrival
