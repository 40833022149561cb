"""One life of the second tier."""

import os

from cranny.sim.coverage import watching
from cranny.sim.loop import live
from cranny.sim.plan import WHOLE_DAY, WHOLE_HOUR, Plan
from cranny.sim.report import Report
from cranny.sim.whole.coverage import SERVER
from cranny.sim.whole.founding import Founding
from cranny.sim.whole.frozen import FrozenLoop
from cranny.sim.whole.ground import Ground
from cranny.sim.whole.homestead import Homestead
from cranny.sim.whole.outside import Outside
from cranny.sim.world import World


def usual_whole(seed: int) -> Plan:
    """What kind of life a seed lives when nobody asks for another one: of three, two dense hours and a day."""
    return (WHOLE_DAY, WHOLE_HOUR, WHOLE_HOUR)[seed % 3]


def run_whole(seed: int, plan: Plan, ground: Ground) -> Report:
    """The same seed and plan give the same report, digest and all, in every process and on every `ground`."""
    outside = Outside()
    founding = Founding(Homestead(outside, ground, f"life_{os.getpid()}_{seed}"))
    loop = FrozenLoop()

    async def story() -> Report:
        world = World(seed, plan, loop, founding)
        with watching(world.trace, SERVER):
            return await world.live()

    try:
        return live(story(), loop)
    finally:
        founding.leave()
        outside.close()
