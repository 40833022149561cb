"""Lives that are lived again in every test run: those that have found a mistake of ours once, shrunk
(`python -m cranny.sim shrink SEED`), and one of each kind."""

from dataclasses import dataclass
from typing import Final

from cranny.sim.plan import DAY, HOUR, MONTH, MORNING, Plan


@dataclass(frozen=True, slots=True)
class Regression:
    """`why` it is kept: what was wrong, or what it stands for."""

    seed: int
    plan: Plan
    why: str


REGRESSIONS: Final = (
    Regression(2, DAY, "a day with partitions that last for hours"),
    Regression(6, MONTH, "a month without a network: every known grant opens"),
    Regression(77, HOUR, "people used up their tries on a dead screen, and blamed the bank"),
    Regression(136, DAY, "people gave up before their bank's next heartbeat: it had not heard of their right yet"),
    Regression(165, MORNING, "an oracle forgot that a right to look inside ends when somebody else uses the door"),
)
