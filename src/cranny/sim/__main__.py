"""python -m cranny.sim --seeds 20: lives so many simulated lives and says what the oracles found."""

import argparse
import sys
from collections import Counter
from pathlib import Path

from cranny.sim import Plan, run
from cranny.sim.story import tell


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main(arguments: list[str]) -> int:
    """1 when anything was found, else 0."""
    parser = argparse.ArgumentParser(prog="python -m cranny.sim", description="Simulated lives of banks and a server.")
    usual = Plan()
    parser.add_argument("--seeds", type=int, default=20, help="how many lives")
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    parser.add_argument("--banks", type=int, default=usual.banks)
    parser.add_argument("--hours", type=float, default=usual.hours, help="virtual hours of trouble")
    parser.add_argument("--deliveries", type=int, default=usual.deliveries, help="at each bank")
    parser.add_argument("--files", type=Path, help="keep the journals as files in this empty folder")
    parser.add_argument("--trace", action="store_true", help="print every line of what happened")
    asked = parser.parse_args(arguments)
    found, counts = 0, Counter[str]()
    for seed in range(asked.first, asked.first + asked.seeds):
        folder = asked.files / str(seed) if asked.files else None
        if folder:
            folder.mkdir(parents=True)
        report = run(seed, Plan(asked.banks, asked.hours, asked.deliveries, folder=folder))
        found += len(report.violations)
        counts.update(report.counts)
        say(report.line())
        for line in report.trace if asked.trace else tell(report) if report.violations else ():
            say(line)
    for what, count in sorted(counts.items()):
        say(f"{count:8} {what}")
    say(f"{found} violations")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
