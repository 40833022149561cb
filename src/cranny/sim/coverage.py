"""What simulated lives have met: which rows of the product's state tables, and which faults in the middle of what. A
simulator is blind where its people and its weather never go."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

from cranny import access
from cranny.core.lifecycle import Lifecycle, Move
from cranny.edge import lifecycle as at_bank
from cranny.sim import conflicts
from cranny.sim.excuses import ELSEWHERE, PAIRS, ROWS
from cranny.sim.trace import Trace
from cranny.usecases import deliveries
from cranny.wire import doors

TABLES: Final[tuple[Lifecycle[Any, Any], ...]] = (
    doors.DOOR,
    doors.POOL,
    at_bank.OPENING,
    at_bank.DELIVERY,
    at_bank.COMMAND,
    at_bank.GRANT,
    access.GRANT,
    deliveries.DELIVERY,
)
"""Those that a life moves through; the others are in `excuses.ELSEWHERE`."""

FAULTS: Final = (
    "power cut",
    "disk error",
    "full disk",
    "silent board",
    "clock jump",
    "partition",
    "broker restart",
    "server killed",
    "server restored",
    "bit rot",
    "tampering",
    "lost message",
    "repeated message",
    "overtaken message",
)
"""The last four strike the bank whose message it is. A message that a partition keeps away is the partition's."""
PHASES: Final = ("nothing", "an intent", "a pulse", "an open door", "facts not sent", "rights not applied")
"""What a bank can be in the middle of: the intent is written and the lock not pulsed, it is pulsed and nobody has seen
the door, it stands open; and what waits for the network."""


@contextmanager
def watching(trace: Trace, tables: Sequence[Lifecycle[Any, Any]] = TABLES) -> Iterator[None]:
    """Every row that is looked up is counted, for as long as the block runs."""
    before = [lifecycle.table for lifecycle in tables]
    for lifecycle in tables:
        lifecycle.table = _Watched(lifecycle, trace)
    try:
        yield
    finally:
        for lifecycle, table in zip(tables, before, strict=True):
            lifecycle.table = table


class _Watched(dict[Any, Move[Any]]):
    def __init__(self, lifecycle: Lifecycle[Any, Any], trace: Trace) -> None:
        super().__init__(lifecycle.table)
        self._names = {key: row_of(lifecycle, *key) for key in lifecycle.table}
        self._trace = trace

    def get(self, key: Any, default: Any = None) -> Any:
        if key in self._names:
            self._trace.count(self._names[key])
        return super().get(key, default)


def all_rows(tables: Sequence[Lifecycle[Any, Any]]) -> list[str]:
    """What they are counted as."""
    return [row_of(lifecycle, *key) for lifecycle in tables for key in lifecycle.table]


def all_pairs() -> list[str]:
    return [pair(fault, phase) for fault in FAULTS for phase in PHASES]


def row_of(lifecycle: Lifecycle[Any, Any], state: Any, trigger: Any) -> str:
    return f"row: {lifecycle.name}: {state.value}, {trigger.value}"


def pair(fault: str, phase: str) -> str:
    return f"met: {fault} in the middle of {phase}"


def missing(counts: Mapping[str, int]) -> list[str]:
    """What was not met and has no excuse; and excuses for what was met, which are none."""
    rows, pairs = set(all_rows(TABLES)), set(all_pairs())
    excused = {f"row: {name}" for name in ROWS} | {pair(*both) for both in PAIRS}
    lost = sorted(name for name in (rows | pairs) - excused if not counts.get(name))
    lost += conflicts.not_met(counts)
    return lost + [f"excused for nothing: {name}" for name in sorted(excused - rows - pairs)]


def told(counts: Mapping[str, int]) -> str:
    """For people: how much of it all was met."""
    rows, pairs = all_rows(TABLES), all_pairs()
    met = sum(conflicts.shown(row, counts) for row in conflicts.MET)
    met_rows, met_pairs = (sum(bool(counts.get(name)) for name in names) for names in (rows, pairs))
    return (
        f"met: {met_rows} of {len(rows)} rows of {len(TABLES)} state tables ({len(ROWS)} excused, {len(ELSEWHERE)} "
        f"tables are proven elsewhere), {met_pairs} of {len(pairs)} faults x critical sections ({len(PAIRS)} excused), "
        f"{met} of {len(conflicts.MET) + len(conflicts.EXCUSED)} conflicts ({len(conflicts.EXCUSED)} excused)"
    )
