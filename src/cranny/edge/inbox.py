"""Files that somebody carried to the bank. The controller takes them in by itself, as it would from the network; a
command only puts them there, so that memory and disk never disagree."""

import asyncio
from functools import partial
from pathlib import Path
from typing import Final
from uuid import UUID

import structlog

from cranny.core.errors import Invalid
from cranny.edge import mule
from cranny.edge.change import Change, Ruled
from cranny.edge.downlink import Downlink
from cranny.edge.identity import Identity, create_private
from cranny.edge.journal import Journal
from cranny.edge.state import State
from cranny.edge.uplink import acknowledged
from cranny.wire import acks
from cranny.wire.messages import FactAck
from cranny.wire.mule import Returned

EVERY_S: Final = 5.0
SUFFIX: Final = ".cranny"

log = structlog.get_logger(__name__)


def put(folder: Path, name: UUID, me: Identity, body: bytes) -> Returned:
    """Leave a file for the controller. Raises what `mule.check` raises."""
    returned = mule.check(me, body)
    folder.mkdir(mode=0o700, exist_ok=True)
    waiting = folder / f"{name}.part"
    create_private(waiting, body)
    waiting.rename(folder / f"{name}{SUFFIX}")
    return returned


class Inbox:
    def __init__(self, folder: Path, journal: Journal, downlink: Downlink, me: Identity) -> None:
        self._folder = folder
        self._journal = journal
        self._downlink = downlink
        self._me = me

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            for path in sorted(await asyncio.to_thread(self._waiting)):
                await self._take(path)
            await asyncio.sleep(EVERY_S)

    def _waiting(self) -> list[Path]:
        return list(self._folder.glob(f"*{SUFFIX}"))

    async def _take(self, path: Path) -> None:
        try:
            returned = mule.check(self._me, await asyncio.to_thread(path.read_bytes))
            found = [acks.believe(self._me.server(), self._me.tenant, self._me.bank, ack) for ack in returned.acks]
            for ack in found:
                await self._journal.commit(partial(forward, ack=ack))
            if found:
                await self._journal.commit(partial(mule.heard, ack=found[-1]))
            for page in returned.pages:
                await self._downlink.take(page)
        except Invalid as invalid:
            log.warning("carried file refused", file=path.name, reason=invalid.code)
            await asyncio.to_thread(path.rename, path.with_suffix(".refused"))
            return
        await asyncio.to_thread(path.unlink)
        log.info("carried file taken", file=path.name, acks=len(returned.acks), pages=len(returned.pages))


def forward(state: State, ack: FactAck) -> Ruled[None]:
    """What was acknowledged on paper moves the mark on, and never back: the paper may be old."""
    mark = state.mark
    if ack.refused or ack.forked or ack.epoch != mark.epoch or not mark.acked < ack.seq <= mark.seq:
        return Change(), None
    return acknowledged(state, ack)
