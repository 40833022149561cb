"""What keeps the journal's disk usable for years: room for pick-ups, and an end to what everybody has.

A fact is taken off the disk when the server holds it, it is old, and many came after it: until then a server that was
restored from a backup can ask for it again. A clock that once showed a wrong year makes every fact look old.
"""

import asyncio
import sqlite3
from itertools import count
from typing import Final

import structlog

from cranny.edge import schema
from cranny.edge.change import Ruled
from cranny.edge.disk import DiskFull, Work
from cranny.edge.draft import Draft
from cranny.edge.journal import Journal
from cranny.edge.rows import Setting
from cranny.edge.state import State
from cranny.wire.facts import decode
from cranny.wire.kinds import DiskFilled, DiskFreed

EVERY_S: Final = 60.0
FORGET_EVERY: Final = 30
"""Rounds: what is kept for a month need not be looked through every minute."""
KEPT_MS: Final = 30 * 24 * 3600 * 1000
"""So old a fact has to be before it is taken off the disk."""
KEPT_LEAST: Final = 10_000
"""So many facts stay, whatever the clock says: some three megabytes."""
AT_ONCE: Final = 500

log = structlog.get_logger(__name__)


class Upkeep:
    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    async def run(self) -> None:
        """Until cancelled."""
        for turn in count():
            await self._mend()
            if turn % FORGET_EVERY == 0:
                await self._forget()
            await asyncio.sleep(EVERY_S)

    async def _mend(self) -> None:
        """A full disk is told, once, from the room that is kept for what must be written; so is its end."""
        room = await self._journal.disk.mend()
        if not told(self._journal.state, room)[0].bodies:
            return
        try:
            await self._journal.commit(lambda state: told(state, room))
        except DiskFull:
            log.warning("disk full: not even that can be told")

    async def _forget(self) -> None:
        mark, now = self._journal.state.mark, self._journal.edge_ms
        try:
            gone = await self._journal.disk.run(forget(mark.epoch, mark.acked, now - KEPT_MS))
        except DiskFull:
            return
        if gone:
            log.info("old facts forgotten", facts=gone)


def told(state: State, room: bool) -> Ruled[None]:
    """The disk is full, or has room again; nothing where that is known."""
    draft = Draft(state)
    if room is state.disk_full:
        draft.say(DiskFreed() if room else DiskFilled())
        draft.put(Setting("disk", b"" if room else b"full"))
    return draft.change(), None


def forget(epoch: int, acked: int, before_ms: int) -> Work[int]:
    """The transaction that takes the oldest facts off the disk, some at a time: those of earlier epochs, and those of
    `epoch` that the server holds, when they happened before `before_ms` and more than KEPT_LEAST are there. The newest
    of each epoch stays: the chain goes on from it. Returns how many went."""

    def work(connection: sqlite3.Connection) -> int:
        gone = 0
        ((facts,),) = connection.execute(schema.COUNT_FACTS)
        most = max(0, min(AT_ONCE, facts - KEPT_LEAST))
        for at, seq, stored in connection.execute(schema.OLDEST_FACTS, (epoch, epoch, acked, most)).fetchall():
            if decode(stored).wall_ms >= before_ms:
                break
            connection.execute(schema.FORGET_FACT, (at, seq))
            gone += 1
        return gone

    return work
