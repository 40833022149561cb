"""Rights come down: pulled at the start, on a poke and with every heartbeat, and believed only when the server's
pinned key signed them. Whoever holds the broker can keep them away, but can't grant anything."""

from collections.abc import Callable
from contextlib import suppress
from typing import Final

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from cranny.core.errors import Invalid, Unavailable
from cranny.edge import allowance, rights
from cranny.edge.disk import DiskFull
from cranny.edge.journal import Journal
from cranny.edge.link import Line
from cranny.wire import subjects
from cranny.wire.brokers import Incoming
from cranny.wire.messages import Downlink as Page
from cranny.wire.messages import pack, unpack
from cranny.wire.signing import sign, verify

ANSWER_S: Final = 10.0

log = structlog.get_logger(__name__)


class Downlink:
    def __init__(
        self,
        journal: Journal,
        line: Line,
        key: Ed25519PrivateKey,
        server: Ed25519PublicKey,
        *,
        refit: Callable[[], None],
        whole: Callable[[], None],
    ) -> None:
        """`refit` is called when the layout has changed, `whole` when all that there is was taken."""
        self._journal = journal
        self._line = line
        self._key = key
        self._server = server
        self._refit = refit
        self._whole = whole

    async def run(self) -> None:
        """Pull whenever `line.down` is set, until cancelled."""
        subject = subjects.poke(self._line.tenant, self._line.bank)
        subscription = await self._line.broker.subscribe(subject, self._poked)
        try:
            while True:
                self._line.down.clear()
                while self._has_a_place() and await self._pull():
                    pass
                await self._line.down.wait()
        finally:
            await subscription.stop()

    def _has_a_place(self) -> bool:
        """An empty copy takes no rights before the server has taken its first fact: it may have an older history of
        this bank, and then this is no copy to open doors by."""
        mark = self._journal.state.mark
        return mark.applied > 0 or mark.acked > 0

    async def _poked(self, _: Incoming) -> None:
        self._line.down.set()

    async def _pull(self) -> bool:
        """One page. Whether there may be another one."""
        pull = sign(self._key, "pull", pack(self._journal.state.pull()))
        subject = subjects.pull(self._line.tenant, self._line.bank)
        try:
            message = await self._line.broker.request(subject, pull, timeout=ANSWER_S)
        except Unavailable:
            self._line.reached = False
            return False
        try:
            page = self._read(message)
        except Invalid as invalid:
            log.warning("downlink not believed", reason=invalid.code)
            return False
        self._line.heard()
        return await self._apply(page) or await self._in_step(page)

    async def take(self, message: bytes) -> None:
        """A page that somebody carried here. Raises Invalid when it is not to be believed."""
        page = self._read(message)
        if self._has_a_place():
            await self._apply(page)

    def _read(self, message: bytes) -> Page:
        page = unpack(verify(self._server, "downlink", message), Page)
        if (page.tenant, page.bank) != (self._line.tenant, self._line.bank):
            raise Invalid("These rights are another bank's.", code="downlink-foreign")
        return page

    async def _in_step(self, page: Page) -> bool:
        """Nothing is left to fetch: where nothing is left to tell either, that is remembered. Never another page."""
        if page.head <= self._journal.state.mark.applied:
            with suppress(DiskFull):
                now = self._journal.moment
                await self._journal.commit(lambda state: allowance.in_step(state, now), essential=False)
        return False

    async def _apply(self, page: Page) -> bool:
        layout = self._journal.state.layout
        try:
            taken = await self._journal.commit(lambda state: rights.take(state, page.entries), essential=False)
        except DiskFull:
            log.warning("disk full: rights have to wait")
            return False
        if self._journal.state.layout is not layout:
            self._refit()
        if page.head <= self._journal.state.mark.applied:
            self._whole()
        if not taken and page.head > self._journal.state.mark.applied:
            log.warning("gap in the downlink", applied=self._journal.state.mark.applied, head=page.head)
        return bool(taken) and page.head > self._journal.state.mark.applied
