"""A card reader that speaks PC/SC (USB CCID, most contactless desk readers): the extra `pcsc`, and the system's pcscd.

It reads the card's UID, which anybody can copy: see docs/readers.md.
"""

import asyncio
import importlib.util
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, Final

import structlog

from cranny.core.clock import Clock
from cranny.core.errors import Invalid
from cranny.core.rng import Rng
from cranny.edge.readers import Bench, Presented, Reader
from cranny.edge.readers._parts import vpcd
from cranny.edge.readers._parts.again import again

GET_UID: Final = [0xFF, 0xCA, 0x00, 0x00, 0x00]
"""PC/SC part 3: get data, the UID."""
GOOD: Final = [0x90, 0x00]
WAIT_MS: Final = 250
"""So long the thread may be in the library before it looks whether anybody still listens."""

log = structlog.get_logger(__name__)

Tell = Callable[[str | OSError], None]


class PcscReader:
    """`name` is a part of the reader's name; empty for every reader that there is."""

    def __init__(self, name: str, *, rng: Rng) -> None:
        self._name = name
        self._rng = rng

    def presented(self) -> AsyncIterator[Presented]:
        return again(self._listen, name=f"pcsc {self._name}".strip(), rng=self._rng)

    async def _listen(self) -> AsyncIterator[Presented]:
        loop, stop = asyncio.get_running_loop(), threading.Event()
        told: asyncio.Queue[str | OSError] = asyncio.Queue()

        def tell(what: str | OSError) -> None:
            if not stop.is_set():
                loop.call_soon_threadsafe(told.put_nowait, what)

        threading.Thread(target=_watch, args=(self._name, tell, stop), name="pcsc", daemon=True).start()
        try:
            while True:
                what = await told.get()
                if isinstance(what, OSError):
                    raise what
                yield Presented("badge", what)
        finally:
            stop.set()


def _watch(name: str, tell: Tell, stop: threading.Event) -> None:
    """In a thread of its own: the library waits without end."""
    try:
        cards = _CardsThere(name)
        while not stop.is_set():
            for uid in cards.look():
                tell(uid)
    except OSError as error:
        tell(error)


class _CardsThere:
    """The system's smart card service. Raises OSError when it is not there, or goes."""

    def __init__(self, name: str) -> None:
        from smartcard import scard

        self._scard: Any = scard
        self._name = name
        self._known: dict[str, int] = {}
        code, self._context = scard.SCardEstablishContext(scard.SCARD_SCOPE_USER)
        self._check(code)

    def look(self) -> list[str]:
        """The cards that were put down since the last look, by their UIDs. One that lay there from the beginning was
        put down for nobody: nothing opens by a start."""
        scard = self._scard
        code, names = scard.SCardListReaders(self._context, [])
        if code == scard.SCARD_E_NO_READERS_AVAILABLE:
            names = []
        else:
            self._check(code)
        mine = [name for name in names if self._name in name]
        self._known = {name: self._known.get(name, scard.SCARD_STATE_UNAWARE) for name in mine}
        if not mine:
            threading.Event().wait(WAIT_MS / 1000)
            return []
        code, states = scard.SCardGetStatusChange(self._context, WAIT_MS, list(self._known.items()))
        if code in (scard.SCARD_E_TIMEOUT, scard.SCARD_E_UNKNOWN_READER):
            return []
        self._check(code)
        return [uid for name, state, _ in states if self._put_down(name, state) and (uid := self._uid(name))]

    def _put_down(self, name: str, state: int) -> bool:
        scard, before = self._scard, self._known[name]
        self._known[name] = state & ~scard.SCARD_STATE_CHANGED
        fresh = state & scard.SCARD_STATE_PRESENT and not before & scard.SCARD_STATE_PRESENT
        return bool(fresh) and before != scard.SCARD_STATE_UNAWARE

    def _uid(self, name: str) -> str:
        """Empty for a card that gives none, or was taken away again."""
        scard = self._scard
        both = scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1
        code, card, protocol = scard.SCardConnect(self._context, name, scard.SCARD_SHARE_SHARED, both)
        if code != scard.SCARD_S_SUCCESS:
            log.info("a card could not be read", why=scard.SCardGetErrorMessage(code))
            return ""
        framing = scard.SCARD_PCI_T0 if protocol == scard.SCARD_PROTOCOL_T0 else scard.SCARD_PCI_T1
        code, answer = scard.SCardTransmit(card, framing, GET_UID)
        scard.SCardDisconnect(card, scard.SCARD_LEAVE_CARD)
        if code != scard.SCARD_S_SUCCESS or answer[-2:] != GOOD:
            log.info("a card gave no number", why=scard.SCardGetErrorMessage(code))
            return ""
        return bytes(answer[:-2]).hex().upper()

    def _check(self, code: int) -> None:
        if code != self._scard.SCARD_S_SUCCESS:
            raise OSError(self._scard.SCardGetErrorMessage(code))


def open_reader(address: str, *, clock: Clock, rng: Rng) -> Reader:  # noqa: ARG001 - cards come whole
    """A part of the reader's name as `pcsc_scan` shows it, or nothing for all of them. Raises Invalid, code
    `reader-address-invalid`."""
    if "," in address or "=" in address:
        raise Invalid(
            f"A PC/SC reader's address is a part of its name, not {address!r}. See docs/readers.md.",
            code="reader-address-invalid",
        )
    if importlib.util.find_spec("smartcard") is None:
        raise Invalid("PC/SC readers need the extra: pip install 'cranny[pcsc]'.", code="reader-address-invalid")
    return PcscReader(address, rng=rng)


def missing() -> str:
    if importlib.util.find_spec("smartcard") is None:
        return "PC/SC is not tried here: the extra is not installed (pip install 'cranny[pcsc]')."
    return vpcd.missing()


def bench(*, clock: Clock, rng: Rng) -> AbstractAsyncContextManager[Bench]:
    """The system's own pcscd with a virtual reader (vsmartcard), and a card at the other end of its socket."""
    return vpcd.bench(open_reader("Virtual", clock=clock, rng=rng))
