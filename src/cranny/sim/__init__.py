"""Floor 8: virtual banks and a virtual city. Product code: the demo, integrators and the proofs run on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cranny.sim.plan import Plan, usual
from cranny.sim.report import Report

if TYPE_CHECKING:
    from cranny.sim.whole.ground import Ground

__all__ = ["Plan", "Report", "run", "usual"]


def run(seed: int, plan: Plan | None = None, ground: Ground | None = None) -> Report:
    """Live one simulated life. The same seed and plan give the same report, digest and all. On a `ground` it is one of
    the second tier: with the product's whole server on its PostgreSQL."""
    # Here, because it carries the whole server; the event loop alone is asked for in every test of the bank.
    if ground is not None:
        from cranny.sim.whole.lives import run_whole, usual_whole

        return run_whole(seed, plan or usual_whole(seed), ground)
    from cranny.sim.loop import VirtualLoop, live
    from cranny.sim.world import World

    loop = VirtualLoop()
    return live(World(seed, plan or Plan(), loop).live(), loop)
