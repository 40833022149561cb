"""Lives that are lived again in every test run: those that have found a mistake of ours once, shrunk
(`python -m cranny.sim shrink SEED`), and one of each kind."""

from dataclasses import dataclass
from typing import Final

from cranny.sim.plan import DAY, MONTH, MORNING, Plan


@dataclass(frozen=True, slots=True)
class Regression:
    """`why` it is kept: what was wrong, or what it stands for."""

    seed: int
    plan: Plan
    why: str


REGRESSIONS: Final = (
    Regression(1, MORNING, "a busy morning with every kind of trouble"),
    Regression(2, DAY, "a day with partitions that last for hours"),
    Regression(6, MONTH, "a month without a network: every known grant opens"),
)
