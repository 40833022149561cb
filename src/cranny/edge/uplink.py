"""Facts go up until the server says that it has committed them. Nothing is forgotten, and nothing is acknowledged
that the server does not say it holds."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import msgspec
import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from cranny.core.errors import Invalid, Unavailable
from cranny.core.rng import Rng
from cranny.edge.backoff import Backoff
from cranny.edge.change import Change, Ruled
from cranny.edge.disk import DiskFull
from cranny.edge.journal import Journal, Stored
from cranny.edge.link import Line
from cranny.edge.renewal import Forked
from cranny.edge.state import State
from cranny.wire import acks, subjects
from cranny.wire.brokers import LARGEST
from cranny.wire.messages import BATCH_MOST, FactAck, FactBatch, pack
from cranny.wire.signing import sign

BATCH_BYTES: Final = LARGEST // 2
ANSWER_S: Final = 10.0
UNCONNECTED_S: Final = 900.0
"""Without a connection only a connection helps, and it wakes us; until then the disk is left alone."""
ASK_S: Final = 3600.0
"""A bank in which nothing happens asks so often whether the server still holds what it has acknowledged: one that was
restored from a backup does not know what it lost."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Behind:
    """The server was restored from a backup, and stands at fact `seq` of an `epoch` that is over here. `opened`: it
    knows that there was such an epoch."""

    epoch: int
    seq: int = 0
    opened: bool = False


class Uplink:
    def __init__(
        self, journal: Journal, line: Line, key: Ed25519PrivateKey, server: Ed25519PublicKey, *, rng: Rng
    ) -> None:
        self._journal = journal
        self._line = line
        self._key = key
        self._server = server
        self._backoff = Backoff(rng)
        self._theirs = 0
        self._behind: Behind | None = None

    async def run(self) -> None:
        """Until cancelled. Raises Forked once the server holds another history of this bank: nothing more of it is
        sent."""
        self._line.forked = False  # as far as this start knows
        while not self._line.forked:
            grown = await _wait(self._journal.grown, ASK_S)
            if await (self._send() if grown else self._ask_where()):
                self._backoff.success()
                continue
            self._line.up.clear()
            connected = self._line.broker.connected
            await _wait(self._line.up, self._backoff.failure() if connected else UNCONNECTED_S)
        log.error("forked", epoch=self._journal.state.mark.epoch)
        await self._until_shut()
        raise Forked(self._theirs + 1)

    async def _until_shut(self) -> None:
        """Let those who stand at an open door finish, for as long as a door may stand open."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._journal.state.policy.unsecured_after_s):
                while self._journal.state.openings:
                    self._journal.grown.clear()
                    await self._journal.grown.wait()

    async def _send(self) -> bool:
        """One batch. False when it has to be tried again later."""
        if not self._line.broker.connected:
            self._line.reached = False
            return False
        self._journal.grown.clear()
        batch = await self._next()
        if batch is None:
            return True
        self._journal.grown.set()
        return await self._exchange(batch)

    async def _ask_where(self) -> bool:
        """Where the server stands, with an empty batch. What it does not hold any more is sent again."""
        mark = self._journal.state.mark
        if mark.acked == mark.seq and self._line.broker.connected:
            await self._exchange(self._batch(mark.epoch, mark.acked + 1, []))
            if self._behind is not None or self._journal.state.mark.acked < mark.acked:
                self._journal.grown.set()
        return True

    async def _exchange(self, batch: FactBatch) -> bool:
        """Whether the server holds more of what the bank knows than before."""
        try:
            ack = await self._ask(sign(self._key, "facts", pack(batch)))
        except Unavailable:
            self._line.reached = False
            return False
        except Invalid as invalid:
            log.warning("acknowledgement not believed", reason=invalid.code)
            return False
        return await self._take(ack, batch.first + len(batch.facts) - 1)

    async def _next(self) -> FactBatch | None:
        """What the server does not hold: of epochs that are over, if it was restored from before their end, then of
        this one. None when there is nothing."""
        while self._behind is not None:
            behind = self._behind
            facts = _that_fit(await self._journal.past(behind.epoch, behind.seq, BATCH_MOST))
            if facts or not behind.opened:
                return self._batch(behind.epoch, behind.seq + 1, facts)  # an empty one: nothing is left of it here
            self._behind = self._after(behind.epoch)
        first, facts = await self._journal.unsent(BATCH_MOST)
        facts = _that_fit(facts)
        return self._batch(self._journal.state.mark.epoch, first, facts) if facts else None

    def _after(self, epoch: int) -> Behind | None:
        return Behind(epoch + 1) if epoch + 1 < self._journal.state.mark.epoch else None

    def _batch(self, epoch: int, first: int, facts: Sequence[Stored]) -> FactBatch:
        mark = self._journal.state.mark
        return FactBatch(
            tenant=mark.tenant,
            bank=mark.bank,
            epoch=epoch,
            first=first,
            facts=[fact.stored for fact in facts],
            beside=[fact.beside for fact in facts],
            applied=mark.applied,
            boot=self._journal.boot,
            mono_ms=self._journal.mono_ms,
        )

    async def _ask(self, message: bytes) -> FactAck:
        subject = subjects.facts(self._line.tenant, self._line.bank)
        answer = await self._line.broker.request(subject, message, timeout=ANSWER_S)
        ack = acks.read(self._server, self._line.tenant, self._line.bank, message, answer)
        self._line.heard()
        return ack

    async def _take(self, ack: FactAck, sent: int) -> bool:
        """Move the mark to what the server holds; back, too, when it was restored from an older copy. `sent` is the
        last fact of the batch: where the disk failed behind a commit, memory may not know of it yet."""
        self._line.refused = ack.refused
        if ack.refused:
            log.warning("refused", why=ack.refused)
            return False
        mark = self._journal.state.mark
        if ack.epoch < mark.epoch:
            return self._catch_up(ack)
        self._behind = None
        newest = max(mark.seq, sent)
        if ack.forked or ack.epoch > mark.epoch or (ack.epoch == mark.epoch and ack.seq > newest):
            self._line.forked, self._theirs = True, ack.epoch
            return False
        before = mark.acked
        if ack.epoch == mark.epoch:
            try:
                await self._journal.commit(lambda state: acknowledged(state, ack), essential=False)
            except DiskFull:
                log.warning("disk full: acknowledgements have to wait")
        if not before:
            self._line.down.set()  # rights have waited for this
        return self._journal.state.mark.acked > before

    def _catch_up(self, ack: FactAck) -> bool:
        """Whether the server has come any nearer. In an epoch that it holds another history of it takes nothing: then
        the next one has to follow."""
        before = self._behind
        self._behind = self._after(ack.epoch) if ack.forked else Behind(ack.epoch, ack.seq, opened=True)
        if before is None:
            log.warning("the server has lost epochs", its=ack.epoch, ours=self._journal.state.mark.epoch)
        return self._behind != before


def _that_fit(facts: list[Stored]) -> list[Stored]:
    """As many as a message holds, one at least."""
    room = BATCH_BYTES
    for index, fact in enumerate(facts):
        room -= len(fact.stored) + len(fact.beside or b"")
        if room < 0:
            return facts[: max(1, index)]
    return facts


def acknowledged(state: State, ack: FactAck) -> Ruled[None]:
    """The server holds everything up to `ack.seq`, and nothing after it."""
    if ack.seq == state.mark.acked:
        return Change(), None
    return Change(rows=[msgspec.structs.replace(state.mark, acked=ack.seq)]), None


async def _wait(event: asyncio.Event, seconds: float) -> bool:
    """Whether it happened."""
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False
