"""The worker: everything on the broker's side. Run as many as needed; each piece of work takes its turn."""

import asyncio
from dataclasses import replace
from typing import Final

from cranny.apps.addresses import find
from cranny.apps.clock import make_clock
from cranny.apps.parts import assemble
from cranny.apps.settings import Settings
from cranny.core.rng import SystemRng
from cranny.platform import sweeps
from cranny.platform.feature import Parts
from cranny.platform.jobs import Worker
from cranny.platform.reactions import Reaction, Reactor
from cranny.platform.sequencer import Sequencer
from cranny.platform.sweeps import Sweep
from cranny.wiring.features import features
from cranny.wiring.keepers import informed

QUICKEST_S: Final = 1.0


async def run_worker(parts: Parts, *, factor: float = 1.0) -> None:
    """Until cancelled. If one loop fails the process ends: whoever supervises it starts a clean one. Where time runs
    `factor` times faster, deadlines are looked for as much more often, every second at most."""
    found, parts = features(), informed(parts)
    reactions: list[Reaction] = [r for feature in found for r in feature.reactions(parts)]
    workers = [Worker(parts.db, jobs, at_once=f.jobs_at_once) for f in found if (jobs := f.jobs(parts))]
    every: list[Sweep] = [_paced(sweep, factor) for feature in found for sweep in feature.sweeps(parts)]
    async with asyncio.TaskGroup() as group:
        group.create_task(Sequencer(parts.db, parts.broker).run(), name="sequencer")
        group.create_task(Reactor(parts.db, parts.broker, reactions).run(), name="reactions")
        for worker in workers:
            group.create_task(worker.run(), name="jobs")
        group.create_task(sweeps.run_all(parts.db, every), name="sweeps")
        for feature in found:
            for loop in feature.loops(parts):
                group.create_task(loop.run(), name=loop.name)


async def work(settings: Settings) -> None:
    """A whole worker process, until cancelled."""
    rng = SystemRng()
    async with find(settings, rng) as found, assemble(found, settings, make_clock(settings.clock), rng) as parts:
        await run_worker(parts, factor=settings.clock.factor if settings.clock else 1.0)


def _paced(sweep: Sweep, factor: float) -> Sweep:
    return replace(sweep, every_s=max(sweep.every_s / factor, min(sweep.every_s, QUICKEST_S)))
