"""After a new epoch began: which doors are known to be empty, once all rights have come down and the sensors have
spoken."""

from typing import Final

from cranny.core.clock import Clock
from cranny.edge import renewal
from cranny.edge.crew import Crew
from cranny.edge.journal import Journal
from cranny.edge.opening import Tell
from cranny.edge.outcomes import Changed
from cranny.edge.wall import Wall
from cranny.wire.doors import Door

SEEN_S: Final = 10.0
"""Seconds in which every door that can be seen has been."""


class Stock:
    def __init__(self, journal: Journal, wall: Wall, *, crew: Crew, clock: Clock, tell: Tell) -> None:
        self._journal = journal
        self._wall = wall
        self._crew = crew
        self._clock = clock
        self._tell = tell

    def whole(self) -> None:
        """All rights there are have come down."""
        if renewal.uncounted(self._journal.state):
            self._crew.spawn(self._take(), name="take stock")

    async def _take(self) -> None:
        until = self._clock.monotonic() + SEEN_S
        for label in list(self._journal.state.boxes):
            await self._wall.leaves(label, Door.UNSEEN, max(0.0, until - self._clock.monotonic()))
        await self._journal.commit(lambda state: renewal.take_stock(state, self._wall))
        self._tell(Changed())
