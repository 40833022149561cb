"""Somebody stands at the kiosk and goes from door to door: the inventory as it is led. A door opens only when they ask
for the next one; after some quiet time nobody is there any more, and only the credential that began it goes on.
"""

from collections.abc import Awaitable, Callable
from uuid import UUID

from cranny.core.clock import Clock
from cranny.core.errors import Refused
from cranny.core.ids import Ids
from cranny.edge import inventory, outcomes
from cranny.edge.journal import Journal
from cranny.edge.opening import Opener, Result, Tell
from cranny.edge.outcomes import Counting, Refusal
from cranny.edge.rows import Opening
from cranny.edge.wall import Wall
from cranny.wire import commands
from cranny.wire.kinds import Found

Attend = Callable[[Opening, bool], None]
"""Watch a door that was opened until it is shut; whether nobody saw it open."""


class Counter:
    def __init__(
        self, journal: Journal, wall: Wall, opener: Opener, attend: Attend, *, clock: Clock, ids: Ids, tell: Tell
    ) -> None:
        self._journal = journal
        self._wall = wall
        self._opener = opener
        self._attend = attend
        self._clock = clock
        self._ids = ids
        self._tell = tell
        self.stopped = False
        """Whether somebody stopped the last one."""
        self._touched: float | None = None

    @property
    def session(self) -> UUID | None:
        """The inventory that somebody is leading at this kiosk just now."""
        now = self._journal.state.inventory
        if now is None or self._touched is None:
            return None
        quiet = self._clock.monotonic() - self._touched > self._journal.state.policy.visit_idle_s
        return None if quiet and self._journal.state.under_way(now.door) is None else now.inventory

    async def obey(self, asked: commands.Command) -> None:
        """The server asks for an inventory. Nothing opens by it: somebody has to stand there and press."""
        self._tell(await self.begin(command=asked.command))

    async def begin(self, *, grant: UUID | None = None, command: UUID | None = None) -> Counting:
        """Begin, or go on where it was left."""
        id_ = self._ids.new()
        now = await self._journal.commit(lambda state: inventory.begin(state, id_, grant=grant, command=command))
        self._touched, self.stopped = self._clock.monotonic(), False
        return Counting(now.inventory)

    async def next(self, session: UUID) -> Counting | Refusal:
        """Open the next door."""
        return await self._led(session, self._next)

    async def answer(self, session: UUID, found: Found) -> Counting | Refusal:
        async def deed() -> None:
            now = self._journal.state.inventory
            content = self._wall.content(now.door) if now else None
            await self._journal.commit(lambda state: inventory.answer(state, found, content))

        return await self._led(session, deed)

    async def end(self, session: UUID) -> Counting | Refusal:
        return await self._led(session, self._stop)

    async def _stop(self) -> None:
        await self._journal.commit(inventory.end)
        self.stopped = True

    async def _led(self, session: UUID, deed: Callable[[], Awaitable[None]]) -> Counting | Refusal:
        if self.session != session:
            return Refusal("no_visit")
        self._touched = self._clock.monotonic()
        try:
            await deed()
        except Refused as refused:
            return Refusal("busy" if refused.code == "busy" else "no_visit")
        self._touched = self._clock.monotonic()
        return Counting(session)

    async def _next(self) -> None:
        asked = self._clock.monotonic()
        placed = await self._journal.commit(lambda state: inventory.open_next(state, self._wall, self._ids))
        if placed is None:
            await self._stop()
            return
        result = await self._opener.release(placed.opening, asked)
        if result is Result.STUCK:
            await self._journal.commit(inventory.stuck)
            self._tell(outcomes.Shut(placed.opening.door, placed.opening.opening))
        else:
            self._attend(placed.opening, result is Result.UNSEEN)
