"""Many lives, on as many processors as there are, and what they come to together."""

from __future__ import annotations

import hashlib
import multiprocessing
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cranny.sim import Plan, Report, run, usual

if TYPE_CHECKING:
    from cranny.sim.whole.ground import Ground


@dataclass(slots=True)
class Totals:
    """`digest` changes when any of the lives does."""

    seeds: int = 0
    locker_days: float = 0.0
    faults: int = 0
    violations: int = 0
    failed: list[int] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    digest: str = ""

    def add(self, report: Report) -> None:
        self.seeds += 1
        self.locker_days += report.locker_days
        self.faults += report.faults
        self.violations += len(report.violations)
        self.counts.update(report.counts)
        if report.violations:
            self.failed.append(report.seed)
        self.digest = hashlib.sha256(f"{self.digest}{report.digest}".encode()).hexdigest()

    def line(self) -> str:
        """For the command line."""
        of = self.counts
        return (
            f"{self.seeds} seeds, {self.locker_days:,.1f} locker-days, {self.faults:,} faults, "
            f"{of['pulses']:,} pulses, {of['deposits']:,} deposits, {of['collects']:,} collects, "
            f"digest {self.digest[:16]}"
        )


def live_all(
    seeds: Sequence[int], plan: Plan | None = None, *, jobs: int = 1, ground: Ground | None = None
) -> Iterator[Report]:
    """The reports in the order of `seeds`; each lives its usual life unless there is a `plan`. On a `ground` it is a
    life of the second tier."""
    lives = [(seed, plan, ground) for seed in seeds]
    if jobs < 2 or len(lives) < 2:  # noqa: PLR2004 - one does not share its work
        yield from map(_live, lives)
        return
    # A spawned process has nothing of ours in it, so what one life leaves behind can't reach another one's.
    with multiprocessing.get_context("spawn").Pool(min(jobs, len(lives))) as pool:
        yield from pool.imap(_live, lives)


def _live(life: tuple[int, Plan | None, Ground | None]) -> Report:
    seed, plan, ground = life
    return run(seed, plan or usual(seed)) if ground is None else run(seed, plan, ground)
