"""What lives meet is counted against the tables themselves: a new row, or a new table, is missed until it is met."""

import re
from pathlib import Path

import cranny
from cranny.sim import conflicts, coverage, excuses
from cranny.sim.coverage import FAULTS, PHASES, TABLES, missing, pair, row_of, told, watching
from cranny.sim.trace import Trace
from cranny.wire.doors import DOOR, Door, Happening

SOURCE = Path(cranny.__file__).parent


def everything() -> dict[str, int]:
    rows = [row_of(table, *key) for table in TABLES for key in table.table]
    pairs = [pair(fault, phase) for fault in FAULTS for phase in PHASES]
    return dict.fromkeys([*rows, *pairs, *(name for names in conflicts.MET.values() for name in names)], 1)


def test_every_state_table_is_watched_or_proven_elsewhere() -> None:
    made = [
        name for file in SOURCE.rglob("*.py") for name in re.findall(r'= Lifecycle\(\s+"([^"]+)"', file.read_text())
    ]
    assert sorted(made) == sorted([*(table.name for table in TABLES), *excuses.ELSEWHERE])


def test_what_was_not_met_is_missed() -> None:
    counts = everything()
    assert missing(counts) == []
    name = row_of(DOOR, Door.OPEN, Happening.SHUT)
    del counts[name]
    assert missing(counts) == [name]
    assert "met: " in told(counts)


def test_every_row_of_the_conflict_table_is_met_or_says_why_not() -> None:
    page = (Path(__file__).parents[2] / "docs/conflicts.md").read_text(encoding="utf-8")
    cells = [tuple(cell.strip() for cell in line.split("|")[1:3]) for line in page.splitlines() if "::test_" in line]
    assert sorted(cells) == sorted([*conflicts.MET, *conflicts.EXCUSED])
    counts = everything()
    del counts["row: delivery: recalling, take_back"]
    assert "conflict: pick-up x a recall at the same bank" in missing(counts)


def test_an_excuse_for_what_is_not_there_is_none() -> None:
    known = {row_of(table, *key).removeprefix("row: ") for table in TABLES for key in table.table}
    assert excuses.ROWS.keys() <= known
    assert {fault for fault, _ in excuses.PAIRS} <= set(FAULTS)
    assert all(len(reason) > 10 for reason in [*excuses.ROWS.values(), *excuses.PAIRS.values()])


def test_rows_are_counted_while_somebody_watches() -> None:
    trace = Trace(lambda: 0.0)
    before = DOOR.table
    with watching(trace):
        DOOR.move(Door.OPEN, Happening.SHUT)
    DOOR.move(Door.OPEN, Happening.SHUT)
    assert trace.counts == {row_of(DOOR, Door.OPEN, Happening.SHUT): 1}
    assert DOOR.table is before
    assert coverage.told(trace.counts).startswith("met: 1 of ")
