"""Lives that are lived again in every test run: those that have found a mistake of ours once, shrunk
(`python -m cranny.sim shrink SEED`), and one of each kind."""

from dataclasses import dataclass
from typing import Final, Literal

from cranny.sim.plan import DAY, HOUR, MONTH, WHOLE_HOUR, Plan


@dataclass(frozen=True, slots=True)
class Regression:
    """`why` it is kept: what was wrong, or what it stands for. `tier` 2 is lived by the whole server. `meets`: what it
    has to count, so that it is still the life it was kept for."""

    seed: int
    plan: Plan
    why: str
    tier: Literal[1, 2] = 1
    meets: str = ""


REGRESSIONS: Final = (
    Regression(2, DAY, "a day with partitions that last for hours"),
    Regression(6, MONTH, "a month without a network: every known grant opens"),
    Regression(61, HOUR, "a clock with a wrong year took every acknowledged fact off a disk, and a backup came back"),
    Regression(23, HOUR, "one of two parcels behind a door was unknown to a restored server, and nobody was told"),
    Regression(
        502,
        Plan(hours=24, deliveries=24, pace=9.6, beat_s=300, without=frozenset({"server", "restores", "rot"})),
        "sent on, fetched there, and back at a bank that had heard of nothing: it lay there for nobody",
        meets="stored under its earlier name",
    ),
    Regression(13, WHOLE_HOUR, "a restored server gave locators anew that it had given out before", tier=2),
)
