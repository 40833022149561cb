"""Two hundred simulated lives of every kind: no oracle finds anything, and together they meet everything that can go
wrong. What they use of the processor is counted, not the time that passes: a loaded machine is no reason to fail."""

import resource
from collections.abc import Callable

import pytest

from cranny.sim.coverage import missing, told
from cranny.sim.runs import Totals, live_all
from cranny.sim.story import tell

pytestmark = pytest.mark.prove
SEEDS = range(1, 201)
LEAST_DAYS = 300
CPU_S = 600


def test_two_hundred_lives(record_property: Callable[[str, object], None]) -> None:
    before = spent()
    totals, stories = Totals(), list[str]()
    for report in live_all(SEEDS, jobs=2):
        totals.add(report)
        stories += tell(report) if report.violations else []
    cpu = spent() - before
    record_property("figure", f"simulated lives: {totals.line()}, {cpu:.0f} CPU-s, {totals.violations} violations")
    record_property("figure", f"simulated lives {told(totals.counts)}")
    assert not stories, "\n".join(stories)
    assert missing(totals.counts) == [], "meet it, or say why not in cranny/sim/excuses.py"
    assert totals.seeds >= 200
    assert totals.locker_days >= LEAST_DAYS
    assert cpu <= CPU_S


def spent() -> float:
    """CPU seconds of the processes that we started and that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
