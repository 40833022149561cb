"""A long campaign of lives, in a file that it can be resumed from: a line for each seed that was lived."""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from cranny.sim import Report
from cranny.sim.coverage import told
from cranny.sim.runs import live_all
from cranny.sim.story import tell

KEPT: Final = ("deposits", "collects", "pulses")


@dataclass(slots=True)
class Campaign:
    """What the file holds. `program` is the version that lived it; another one begins anew."""

    path: Path
    program: str
    seeds: set[int] = field(default_factory=set)
    locker_days: float = 0.0
    faults: int = 0
    violations: int = 0
    counts: Counter[str] = field(default_factory=Counter)

    def load(self) -> None:
        lines = self.path.read_text().splitlines() if self.path.exists() else []
        for line in lines:
            self._take(json.loads(line))

    def live(self, seeds: range, *, jobs: int, say: Callable[[str], None]) -> None:
        """Those of `seeds` that were not lived yet."""
        with self.path.open("a") as file:
            for report in live_all([seed for seed in seeds if seed not in self.seeds], jobs=jobs):
                line = self._line(report)
                self._take(line)
                file.write(json.dumps(line) + "\n")
                file.flush()
                if report.violations:
                    say("\n".join(tell(report)))
                if len(self.seeds) % 100 == 0:
                    say(self.told())

    def told(self) -> str:
        of = self.counts
        return (
            f"{len(self.seeds):,} seeds, {self.locker_days:,.0f} locker-days, {self.faults:,} faults, "
            f"{of['pulses']:,} pulses, {of['deposits']:,} deposits, {of['collects']:,} collects, "
            f"{self.violations} violations\n{told(of)}"
        )

    def _line(self, report: Report) -> dict[str, Any]:
        return {
            "program": self.program,
            "seed": report.seed,
            "digest": report.digest,
            "locker_days": report.locker_days,
            "faults": report.faults,
            "violations": [f"{one.invariant} {one.subject}: {one.detail}" for one in report.violations],
            "counts": {
                what: many for what, many in report.counts.items() if what in KEPT or what[:4] in ("row:", "met:")
            },
        }

    def _take(self, line: dict[str, Any]) -> None:
        if line["program"] != self.program or line["seed"] in self.seeds:
            return
        self.seeds.add(line["seed"])
        self.locker_days += line["locker_days"]
        self.faults += line["faults"]
        self.violations += len(line["violations"])
        self.counts.update(line["counts"])
