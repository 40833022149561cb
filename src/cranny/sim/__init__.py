"""Floor 8: virtual banks and a virtual city. Product code: the demo, integrators and the proofs run on it."""

from cranny.sim.plan import Plan, usual
from cranny.sim.report import Report

__all__ = ["Plan", "Report", "run", "usual"]


def run(seed: int, plan: Plan | None = None) -> Report:
    """Live one simulated life. The same seed and plan give the same report, digest and all."""
    # Here, because it carries the whole server; the event loop alone is asked for in every test of the bank.
    from cranny.sim.loop import VirtualLoop, live
    from cranny.sim.world import World

    loop = VirtualLoop()
    return live(World(seed, plan or Plan(), loop).live(), loop)
