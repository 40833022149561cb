"""python -m bench [figures] [--turns N] [--patience SECONDS] [--quick] [--json]"""

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import Final

from bench import announce, cycles, ingest, memory, mixed, pulse
from bench.house import stand
from bench.report import Figure, Machine, as_json, machine, table
from cranny.web import telemetry

Measure = Callable[..., Awaitable[Figure]]
FIGURES: Final[dict[str, Measure]] = {
    "ingest": ingest.measure,
    "announce": announce.measure,
    "api": mixed.measure,
    "cycles-1": cycles.through_one,
    "cycles-50": cycles.through_fifty,
    "pulse": pulse.typed,
    "screen": pulse.seen,
    "memory": memory.measure,
}


async def run(names: list[str], *, turns: int, patience_s: float, quick: bool) -> tuple[Machine, list[Figure]]:
    found: list[Figure] = []
    async with stand() as house:
        about = machine(house.place)
        for name in names:
            print(f"{name} …", file=sys.stderr, flush=True)
            found.append(await FIGURES[name](house, turns=turns, patience_s=patience_s, quick=quick))
            print(table(found[-1:]), file=sys.stderr, flush=True)
    return about, found


def main() -> None:
    words = argparse.ArgumentParser(prog="make bench", description="Measures; the method is in docs/performance.md.")
    words.add_argument("figures", nargs="*", metavar="figure", help=f"of {', '.join(FIGURES)}; all when left out")
    words.add_argument("--turns", type=int, default=3, help="how often product and limit are measured, in turns")
    words.add_argument(
        "--patience", type=float, default=0, help="seconds that each figure may wait for a quiet machine"
    )
    words.add_argument("--quick", action="store_true", help="short runs, to see that it works: no figures to rely on")
    words.add_argument("--json", action="store_true", help="as JSON on standard output")
    said = words.parse_args()
    if unknown := set(said.figures) - set(FIGURES):
        words.error(f"there is no figure {', '.join(sorted(unknown))}")
    telemetry.set_up(json=False, level="WARNING")
    names = said.figures or list(FIGURES)
    about, found = asyncio.run(run(names, turns=said.turns, patience_s=said.patience, quick=said.quick))
    print(as_json(about, found) if said.json else f"{about}\n\n{table(found)}")


if __name__ == "__main__":
    main()
