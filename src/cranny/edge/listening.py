"""What readers read goes in by the kiosk's own door, and what comes of it is shown on its screen."""

import asyncio
from typing import Final

import structlog

from cranny.core.clock import Clock
from cranny.core.errors import CrannyError
from cranny.edge.desk import Desk
from cranny.edge.outcomes import Answer, Refusal
from cranny.edge.readers import Presented, Reader

AT_ONCE: Final = 4
"""So many scans may wait for their doors. More is a scanner gone wild, or a child with it."""
PAUSE_S: Final = 1.0
"""After a badge that nobody knows the next one has to wait: numbers are not for trying out."""

log = structlog.get_logger(__name__)


class Listener:
    def __init__(self, reader: Reader, desk: Desk, *, clock: Clock) -> None:
        self._reader = reader
        self._desk = desk
        self._clock = clock
        self._waiting = 0
        self._pause_until = 0.0

    async def run(self) -> None:
        """Until cancelled. Each thing counts from the moment when it was held there: a scan that waited too long for
        the ones before it is refused, as at the screen."""
        async with asyncio.TaskGroup() as group:
            async for presented in self._reader.presented():
                if self._waiting < AT_ONCE and self._clock.monotonic() >= self._pause_until:
                    self._waiting += 1
                    group.create_task(self._take(presented))

    async def _take(self, presented: Presented) -> None:
        try:
            answer = await self._answer(presented)
        except CrannyError as error:  # it is just restarting, or its disk is full: nothing was opened
            log.warning("nothing came of what a reader read", reason=error.code)
            answer = Refusal("help")
        except Exception:  # the controller stops by it and starts anew; a reader has to go on
            log.exception("a mistake of ours at a reader")
            answer = Refusal("help")
        finally:
            self._waiting -= 1
        if presented.kind == "badge" and answer == Refusal("unknown_badge"):
            self._pause_until = self._clock.monotonic() + PAUSE_S
        self._desk.tell(answer)

    async def _answer(self, presented: Presented) -> Answer:
        controller = self._desk.controller
        if presented.kind == "badge":
            return await controller.show_badge(presented.text)
        return await controller.scan(presented.text)
