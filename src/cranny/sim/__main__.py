"""Lives simulated lives and says what the oracles found. The last line ends with how many violations there were.

python -m cranny.sim --seeds 40       forty lives, each of its usual kind
python -m cranny.sim --seed 17        one life once more, told line by line
python -m cranny.sim --tier 2         with the whole server on a PostgreSQL of its own; all the others, too
python -m cranny.sim shrink 17        the smallest life that still fails as seed 17 does
python -m cranny.sim campaign --seeds 2000 --file lives.jsonl    a long one, that can be resumed
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from cranny import __version__
from cranny.sim import Plan, run, usual
from cranny.sim.campaign import Campaign
from cranny.sim.coverage import missing, told
from cranny.sim.runs import Totals, live_all
from cranny.sim.shrink import shrink
from cranny.sim.shrink import told as plan_told
from cranny.sim.story import tell

if TYPE_CHECKING:
    from cranny.sim.whole.ground import Ground


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main(arguments: list[str]) -> int:
    """1 when anything was found, else 0."""
    shrinks = arguments[:1] == ["shrink"]
    asked = _parser().parse_args(["--seed", *arguments[1:]] if shrinks else arguments[arguments[:1] == ["campaign"] :])
    if asked.file is not None:
        return _campaign(asked)
    with _ground(asked.tier) as ground:
        if shrinks:
            return _shrink(asked.seed, ground)
        if asked.seed is not None:
            return _replay(asked.seed, _plan(asked, asked.seed, ground), ground)
        return _live(asked, ground)


@contextmanager
def _ground(tier: int) -> Iterator[Ground | None]:
    """What lives of this tier need."""
    if tier == 1:
        yield None
        return
    # Here, because it carries the migrations.
    from cranny.sim.whole.ground import standing

    with standing() as ground:
        yield ground


def _live(asked: argparse.Namespace, ground: Ground | None) -> int:
    seeds = range(asked.first, asked.first + asked.seeds)
    plan = _plan(asked, asked.first, ground) if _shaped(asked) else None
    totals = Totals()
    for report in live_all(seeds, plan, jobs=asked.jobs, ground=ground):
        totals.add(report)
        say(report.line())
        for line in tell(report) if report.violations else ():
            say(line)
    for what, count in sorted(totals.counts.items()) if asked.counts else ():
        say(f"{count:8} {what}")
    say(totals.line())
    met, lacking = _coverage(totals.counts, ground)
    say(met)
    for name in lacking if asked.counts else ():
        say(f"  not met: {name}")
    for seed in totals.failed:
        say(f"  python -m cranny.sim {'' if ground is None else '--tier 2 '}--seed {seed}")
    say(f"{totals.violations} violations")
    return bool(totals.violations)


def _coverage(counts: Mapping[str, int], ground: Ground | None) -> tuple[str, list[str]]:
    """What was met, and what was not."""
    if ground is None:
        return told(counts), missing(counts)
    from cranny.sim.whole import coverage

    return coverage.told(counts), coverage.not_met(counts)


def _replay(seed: int, plan: Plan, ground: Ground | None) -> int:
    report = run(seed, plan, ground)
    for line in report.trace:
        say(line)
    say(report.line())
    say(f"digest {report.digest}")
    for violation in report.violations:
        say(f"{violation.invariant}  {violation.subject}: {violation.detail}")
    say(f"{len(report.violations)} violations")
    return bool(report.violations)


def _shrink(seed: int, ground: Ground | None) -> int:
    say(f"seed {seed}:")
    found = shrink(seed, _usual(seed, ground), say, lambda smaller: run(seed, smaller, ground))
    if found is None:
        say(f"seed {seed} does not fail")
        return 0
    plan, report = found
    for line in tell(report):
        say(line)
    say(f'Regression({seed}, {plan_told(plan)}, "..."{"" if ground is None else ", tier=2"})')
    return 1


def _campaign(asked: argparse.Namespace) -> int:
    campaign = Campaign(asked.file, asked.program)
    campaign.load()
    campaign.live(range(asked.first, asked.first + asked.seeds), jobs=asked.jobs, say=say)
    say(campaign.told())
    say(f"{campaign.violations} violations")
    return bool(campaign.violations)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m cranny.sim", description="Simulated lives of banks and a server.")
    parser.add_argument("--seeds", type=int, default=20, help="how many lives")
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    parser.add_argument("--seed", type=int, help="one life, told line by line")
    parser.add_argument("--tier", type=int, choices=(1, 2), default=1, help="2: the whole server on real PostgreSQL")
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1), help="processes")
    parser.add_argument("--counts", action="store_true", help="say how often everything happened")
    parser.add_argument("--banks", type=int, help="instead of the seed's usual kind of life: so many banks …")
    parser.add_argument("--hours", type=float, help="… so many virtual hours of trouble …")
    parser.add_argument("--deliveries", type=int, help="… and so many deliveries at each bank")
    parser.add_argument("--files", type=Path, help="with --seed: keep the journals as files in this empty folder")
    parser.add_argument("--file", type=Path, help="of a campaign: what was lived; it goes on from there")
    parser.add_argument(
        "--program", default=__version__, help="of a campaign: which program lives; another begins anew"
    )
    return parser


def _shaped(asked: argparse.Namespace) -> bool:
    return any(part is not None for part in (asked.banks, asked.hours, asked.deliveries))


def _plan(asked: argparse.Namespace, seed: int, ground: Ground | None) -> Plan:
    plan = Plan() if _shaped(asked) else _usual(seed, ground)
    given = {name: getattr(asked, name) for name in ("banks", "hours", "deliveries")}
    return replace(plan, folder=asked.files, **{name: value for name, value in given.items() if value is not None})


def _usual(seed: int, ground: Ground | None) -> Plan:
    if ground is None:
        return usual(seed)
    from cranny.sim.whole.lives import usual_whole

    return usual_whole(seed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
