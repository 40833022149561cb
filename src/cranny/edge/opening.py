"""One opening, from its journalled intent to its end. The only place that pulses a lock.

The order never changes: intent on the disk, pulse, sensor, result on the disk. A pulse follows its intent at once or
not at all, so a door never opens for somebody who has left. No pulse comes from a start, a reading or a reconnect.
"""

import math
from collections.abc import Callable
from contextlib import suppress
from enum import Enum, auto
from typing import Final
from uuid import UUID

from cranny.core.clock import Clock
from cranny.edge import outcomes, steps
from cranny.edge.change import Ruled
from cranny.edge.disk import DiskFailed, DiskFull
from cranny.edge.drivers import Beeper, BoardFault, BoardSilent, Driver
from cranny.edge.journal import Journal
from cranny.edge.outcomes import PleaseShut, Settled
from cranny.edge.rows import Opening
from cranny.edge.state import State
from cranny.edge.views import place
from cranny.edge.wall import Wall
from cranny.wire.doors import Door, Happening

TRIES: Final = 2
BEEP_S: Final = 10.0
"""Between two beeps at a door that should be shut."""
LATE_S: Final = 5.0
"""Seconds that the disk may take for an intent; later the person may not stand there any more."""

Tell = Callable[[outcomes.Told], None]


class Result(Enum):
    OPENED = auto()
    STUCK = auto()
    """All tries were spent: journalled, the door is out of the pool."""
    UNSEEN = auto()
    """The board fell silent after the pulse: the opening stays under way until it speaks."""


class Opener:
    def __init__(self, journal: Journal, wall: Wall, driver: Driver, *, clock: Clock, tell: Tell) -> None:
        self._journal = journal
        self._wall = wall
        self._driver = driver
        self._clock = clock
        self._tell = tell

    async def release(self, opening: Opening, asked: float, *, until: float = math.inf) -> Result:
        """Pulse until the door is seen open, `TRIES` times at most. The intent of the first try is on the disk;
        it was asked for at the moment `asked`, and no lock is pulsed after `until`. Raises DiskFailed when a result
        can't be journalled."""
        try:
            return await self._release(opening, asked, until)
        except DiskFull as error:
            raise DiskFailed("The disk is full and a door was pulsed: only a restart can tell.") from error

    async def _release(self, opening: Opening, asked: float, until: float) -> Result:
        while True:
            if refusal := self._refusal(opening, min(asked, until - LATE_S)):
                return await self._give_up(opening, refusal, pulsed=opening.attempt > 1)
            fault = await self._pulse(opening)
            here = await self._wall.leaves(opening.door, Door.RELEASED, 0 if fault else self._patience())
            if here is not Door.RELEASED:
                return await self._seen(opening, here)
            if fault or opening.attempt >= TRIES:
                return await self._give_up(opening, fault or "not-seen-open", pulsed=True)
            asked = self._clock.monotonic()
            opening = await self._try_again(opening.opening)

    async def attend(self, opening: UUID, settle: Callable[[State], Ruled[Settled]], *, cut_off: bool) -> Settled:
        """Watch a door that was opened until it is shut, then journal what became of it. `cut_off`: nobody
        watched it for a while."""
        door = self._journal.state.openings[opening].door
        while True:
            here = self._wall.state(door)
            if here in (Door.UNKNOWN, Door.UNSEEN):
                cut_off = True
            else:
                cut_off = cut_off or here is Door.FORCED
                if cut_off:
                    await self._note_doubt(opening, door_open=here is not Door.SHUT)
                    cut_off = False
                if here is Door.SHUT and self._wall.state(door) is Door.SHUT:
                    return await self._journal.commit(settle)
            await self._watch(opening, door, here)

    async def _watch(self, opening: UUID, door: str, here: Door) -> None:
        """Until the door moves on. One that is open for too long is told of, once."""
        policy = self._journal.state.policy
        if here is Door.OPEN:
            await self._wall.leaves(door, here, policy.beep_after_s)
            until = self._clock.monotonic() + policy.unsecured_after_s - policy.beep_after_s
            while self._wall.state(door) is Door.OPEN and (left := until - self._clock.monotonic()) > 0:
                await self._please(door)
                await self._wall.leaves(door, here, min(left, BEEP_S))
            if self._wall.state(door) is Door.OPEN:
                self._wall.happen(door, Happening.TOO_LONG)
                await self._journal.commit(lambda state: steps.overdue(state, opening))
                await self._please(door)
            return
        if here is Door.UNSECURED:
            waits = policy.left_open_after_s - policy.unsecured_after_s
            if await self._wall.leaves(door, here, waits) is here:
                await self._journal.commit(lambda state: steps.left_open(state, opening, policy.left_open_after_s))
        await self._wall.leaves(door, here, None)

    async def _please(self, door: str) -> None:
        """Ask to shut it: on the screen, and by the cabinet's own beeper where there is one."""
        self._tell(PleaseShut(door))
        if isinstance(self._driver, Beeper):
            with suppress(BoardSilent, BoardFault):
                await self._driver.beep()

    async def _pulse(self, opening: Opening) -> str:
        """Why trying again can't help; empty when the lock may have been released."""
        box = self._journal.state.boxes[opening.door]
        self._tell(
            outcomes.Opening(
                door=opening.door,
                place=place(self._journal.state, opening.door),
                purpose=opening.purpose,
                opening=opening.opening,
                visit=opening.visit,
                attempt=opening.attempt,
                afar=opening.credential == "command",
            )
        )
        self._wall.happen(opening.door, Happening.RELEASE)
        try:
            await self._driver.pulse(box.unit, box.channel)
        except BoardSilent:
            return ""
        except BoardFault as fault:
            return fault.code if fault.permanent else ""
        return ""

    async def _try_again(self, opening: UUID) -> Opening:
        return await self._journal.commit(lambda state: steps.try_again(state, opening))

    async def _seen(self, opening: Opening, here: Door) -> Result:
        if here is Door.UNKNOWN:
            return Result.UNSEEN
        await self._journal.commit(lambda state: steps.opened(state, opening.opening))
        return Result.OPENED

    async def _give_up(self, opening: Opening, reason: str, *, pulsed: bool) -> Result:
        self._wall.happen(opening.door, Happening.WAIT_OVER)
        await self._journal.commit(lambda state: steps.not_opened(state, opening.opening, reason, pulsed=pulsed))
        return Result.STUCK

    async def _note_doubt(self, opening: UUID, *, door_open: bool) -> None:
        await self._journal.commit(lambda state: steps.cut_off(state, opening, door_open=door_open))

    def _refusal(self, opening: Opening, asked: float) -> str:
        """Why the lock must not be pulsed now. The door has to be as it was when the intent was decided, or as our
        own last pulse left it."""
        known = opening.door in self._journal.state.boxes
        if not known or self._wall.state(opening.door) not in (Door.SHUT, Door.RELEASED):
            return "not-ready"
        return "late" if self._clock.monotonic() - asked > LATE_S else ""

    def _patience(self) -> float:
        return self._journal.state.policy.open_wait_s
