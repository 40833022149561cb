"""The second tier: the product's own server on a real PostgreSQL, in virtual time. A few lives in every run, more in
`make prove`; and do the oracles see what only this tier can show?"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import pytest

from cranny import outreach, sites
from cranny.sim import Plan, Report, run
from cranny.sim.coverage import all_rows
from cranny.sim.oracles.chain import Chain
from cranny.sim.plan import WHOLE_HOUR
from cranny.sim.regressions import REGRESSIONS, Regression
from cranny.sim.runs import Totals, live_all
from cranny.sim.story import tell
from cranny.sim.whole import coverage
from cranny.sim.whole.homestead import Homestead
from tests.sim.whole_mistakes import WHOLE_MISTAKES

if TYPE_CHECKING:
    from cranny.sim.whole.ground import Ground

# They share a PostgreSQL, which costs more to start than a life takes.
pytestmark = pytest.mark.xdist_group("whole")
SHORT = Plan(banks=1, hours=1.2, deliveries=16, beat_s=60, kills=5)
HASTY = replace(SHORT, hasty=True)
PROGRAM = """
import sys
from cranny.sim import Plan, run
from cranny.sim.whole.ground import Ground
print(run(4, Plan(banks=1, hours=1.2, deliveries=16, beat_s=60, kills=5), Ground(*sys.argv[1:])).digest)
"""
SEEDS = range(1, 25)
BROKEN = {
    "a_locator_is_given_out_twice": "BUG",
    "a_job_ends_before_it_is_done": "I5",
    "the_cursor_moves_first": "I5",
    "what_lies_there_has_any_door": "I7",
}
ALWAYS = "a_locator_is_given_out_twice"


@pytest.fixture(scope="module")
def life(ground: Ground) -> Report:
    return run(4, SHORT, ground)


def test_nothing_is_found(life: Report) -> None:
    assert not life.violations, "\n".join(tell(life))
    for what in ("deposits", "collects", "letters: with a code", "messages lost"):
        assert life.counts[what] > 2, f"{what}: {life.counts.get(what)}"


@pytest.mark.prove
@pytest.mark.parametrize(
    "kept", [one for one in REGRESSIONS if one.tier == 2], ids=lambda kept: f"{kept.seed}: {kept.why}"
)
def test_it_does_not_fail_again(kept: Regression, ground: Ground) -> None:
    report = run(kept.seed, kept.plan, ground)
    assert not report.violations, "\n".join(tell(report))


@pytest.mark.prove
def test_what_was_acknowledged_is_lost_from_when_the_database_has_gone_back(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = list[str]()
    go_back, restored = Homestead.go_back, Chain.restored
    monkeypatch.setattr(Homestead, "go_back", lambda home: [order.append("back"), go_back(home)])
    monkeypatch.setattr(Chain, "restored", lambda chain: [order.append("told"), restored(chain)])
    run(23, WHOLE_HOUR, ground)
    banks = WHOLE_HOUR.banks
    assert order == ["back", *["told"] * banks] * order.count("back") != []


@pytest.mark.prove
def test_the_same_seed_lives_the_same_life_in_another_process_with_other_hashes(ground: Ground, life: Report) -> None:
    other = {"0": "1"}.get(os.environ.get("PYTHONHASHSEED", ""), "0")
    told = subprocess.run(  # noqa: S603
        [sys.executable, "-c", PROGRAM, *asdict(ground).values()],
        env={**os.environ, "PYTHONHASHSEED": other},
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.strip() == life.digest


def test_every_mistake_has_its_oracle() -> None:
    assert BROKEN.keys() == WHOLE_MISTAKES.keys()


@pytest.mark.parametrize(
    "mistake", [one if one == ALWAYS else pytest.param(one, marks=pytest.mark.prove) for one in BROKEN]
)
def test_a_mistake_is_found_that_the_first_tier_does_not_see(
    mistake: str,
    ground: Ground,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, object], None],
) -> None:
    WHOLE_MISTAKES[mistake](monkeypatch)
    seed = next(_breaking(BROKEN[mistake], ground), None)
    assert seed is not None, f"no seed has broken {BROKEN[mistake]}"
    record_property("figure", f"planted in the server: {mistake.replace('_', ' ')}: found by seed {seed}")
    assert not run(seed, HASTY).violations


def _breaking(wanted: str, ground: Ground) -> Iterator[int]:
    for seed in SEEDS:
        report = run(seed, HASTY, ground)
        if wanted in {violation.invariant for violation in report.violations}:
            yield seed


@pytest.mark.prove
def test_two_dozen_lives(ground: Ground, record_property: Callable[[str, object], None]) -> None:
    before = _spent()
    totals, stories = Totals(), list[str]()
    for report in live_all(SEEDS, jobs=2, ground=ground):
        totals.add(report)
        stories += tell(report) if report.violations else []
    cpu = _spent() - before
    told = f"{totals.line()}, {cpu:.0f} CPU-s without PostgreSQL's, {totals.violations} violations"
    record_property("figure", f"lives of the whole server: {told}")
    record_property("figure", f"lives of the whole server {coverage.told(totals.counts)}")
    assert not stories, "\n".join(stories)
    of = totals.counts
    for table in (sites.RESERVATION, outreach.NOTICE):
        assert any(of[name] for name in all_rows([table])), f"no row of {table.name} was met"
    for what, least in {"deposits": 100, "collects": 80, "misfortune: server restored": 2}.items():
        assert of[what] >= least, f"{what}: {of[what]}"


def _spent() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
