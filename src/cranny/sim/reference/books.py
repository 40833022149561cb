"""What the simulated server writes down: plain rows in place of the product's tables."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from cranny.access import LIVE, Grant
from cranny.fleet import Finding, Link, Uplink
from cranny.sim.reference.ledger import Ledger
from cranny.sim.reference.table import Table
from cranny.usecases.deliveries import Delivery
from cranny.wire.codes import Code, Qr
from cranny.wire.kinds import Purpose
from cranny.wire.messages import Entry, Given

Door = tuple[UUID, str]
"""Bank and label."""


@dataclass(frozen=True, slots=True)
class KeptFact:
    link: Link
    projected: bool


@dataclass(frozen=True, slots=True)
class KeptEvent:
    type: str
    subject: str
    at: datetime
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Lies:
    """An occupancy."""

    deliveries: tuple[UUID, ...]
    live: bool


@dataclass(frozen=True, slots=True)
class DeliveryKept:
    """`owner` is the person it is for, empty when nobody announced it. `known_as` is the id that a bank gave it."""

    id: UUID
    bank: UUID
    state: Delivery
    owner: str
    tracking: str
    deposit_grant: UUID | None = None
    collect_grant: UUID | None = None
    recall_grant: UUID | None = None
    door: str = ""
    generation: int = 0
    known_as: UUID | None = None
    reroute_to: UUID | None = None
    """It is fetched here, and goes on there."""
    doubled: bool = False
    """Another one goes by its tracking number: nobody finds this one by it."""
    came_by: tuple[UUID, ...] = ()
    """Banks that it was to go through before."""


@dataclass(frozen=True, slots=True)
class GrantKept:
    """A deposit grant has neither code nor QR."""

    id: UUID
    bank: UUID
    purpose: Purpose
    delivery: UUID | None
    state: Grant
    code: Code | None = None
    qr: Qr | None = None
    door: str = ""
    generation: int = 0
    verified: bool = False
    code_off: bool = False

    @property
    def live(self) -> bool:
        return self.state in LIVE


@dataclass(slots=True)
class Books:
    """`newest` is the highest generation that any fact named, `occupied` the live one at a door, 0 when it is free.
    An empty copy of a bank begins with entry `bases`; `aligned` is the fleet's.
    `tasks` are jobs by name, done or not; `marks` are cursors."""

    uplinks: Table[UUID, Uplink] = field(default_factory=Table)
    facts: Table[tuple[UUID, int, int], KeptFact] = field(default_factory=Table)
    events: Table[int, KeptEvent] = field(default_factory=Table)
    lies: Table[tuple[UUID, str, int], Lies] = field(default_factory=Table)
    newest: Table[Door, int] = field(default_factory=Table)
    occupied: Table[Door, int] = field(default_factory=Table)
    blocked: Table[Door, str] = field(default_factory=Table)
    anomalies: Table[tuple[UUID, str, str], Finding] = field(default_factory=Table)
    entries: Table[tuple[UUID, int], Entry] = field(default_factory=Table)
    bases: Table[UUID, int] = field(default_factory=Table)
    aligned: Table[UUID, int] = field(default_factory=Table)
    deliveries: Table[UUID, DeliveryKept] = field(default_factory=Table)
    grants: Table[UUID, GrantKept] = field(default_factory=Table)
    jobs: Table[tuple[str, UUID], bool] = field(default_factory=Table)
    marks: Table[str, int] = field(default_factory=Table)
    ledger: Ledger = field(default_factory=Ledger)
    """Of all times: no table, and never restored."""

    def tables(self) -> Iterator[Table[Any, Any]]:
        for one in fields(self):
            if one.name != "ledger":
                yield getattr(self, one.name)

    def copy(self) -> list[dict[Any, Any]]:
        """All that is committed, for `go_back`."""
        return [dict(table.kept) for table in self.tables()]

    def go_back(self, copy: list[dict[Any, Any]]) -> None:
        """To what it was when `copy` was made. Not within a transaction."""
        for table, kept in zip(self.tables(), copy, strict=True):
            table.kept.clear()
            table.kept.update(kept)

    def begin(self) -> None:
        for table in self.tables():
            table.begin()

    def commit(self) -> None:
        for table in self.tables():
            table.commit()

    def rollback(self) -> None:
        for table in self.tables():
            table.rollback()

    def next(self, mark: str) -> int:
        """The number after the last one of this name."""
        number = (self.marks.get(mark) or 0) + 1
        self.marks.put(mark, number)
        return number

    def give(self, bank: UUID, givens: Sequence[Given], tag: int) -> int:
        """Numbered entries for `bank`, in this order. The number of the first."""
        uplink = self.uplinks.must(bank)
        first = uplink.down_head + 1
        for seq, given in enumerate(givens, first):
            self.entries.put((bank, seq), Entry(seq, given, tag))
        self.uplinks.put(bank, replace(uplink, down_head=uplink.down_head + len(givens)))
        return first

    def tell(self, type_: str, subject: str, at: datetime, data: dict[str, Any]) -> None:
        """Into the log."""
        self.events.put(self.next("event"), KeptEvent(type_, subject, at, data))

    def note(self, finding: Finding) -> None:
        """Into the list of anomalies, once."""
        key = (finding.bank, finding.kind, finding.subject)
        if self.anomalies.get(key) is None:
            self.anomalies.put(key, finding)

    def behind(self, bank: UUID, door: str, generation: int) -> list[DeliveryKept]:
        """The deliveries that wait behind a door."""
        inside = (Delivery.STORED, Delivery.OVERDUE, Delivery.RECALLING)
        return [
            row
            for row in self.deliveries.values()
            if (row.bank, row.door, row.generation) == (bank, door, generation) and row.state in inside
        ]
