"""Lives that are lived again in every test run: those that have found a mistake of ours once, shrunk
(`python -m cranny.sim shrink SEED`), and one of each kind."""

from dataclasses import dataclass
from typing import Final

from cranny.sim.plan import DAY, HOUR, MONTH, Plan


@dataclass(frozen=True, slots=True)
class Regression:
    """`why` it is kept: what was wrong, or what it stands for."""

    seed: int
    plan: Plan
    why: str


REGRESSIONS: Final = (
    Regression(2, DAY, "a day with partitions that last for hours"),
    Regression(6, MONTH, "a month without a network: every known grant opens"),
    Regression(61, HOUR, "a clock with a wrong year took every acknowledged fact off a disk, and a backup came back"),
    Regression(23, HOUR, "one of two parcels behind a door was unknown to a restored server, and nobody was told"),
)
