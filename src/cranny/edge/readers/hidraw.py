"""A scanner or a card reader that is a USB keyboard, read past the system's keyboard driver: /dev/hidraw…, reports of
8 bytes in the boot protocol's form. For boxes whose kernel has no input devices, or whose screen must not get its keys.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from cranny.core.clock import Clock
from cranny.core.rng import Rng
from cranny.edge.devices import HID
from cranny.edge.readers import Bench, Kind, Presented, Reader
from cranny.edge.readers._parts.address import kind, read
from cranny.edge.readers._parts.again import again
from cranny.edge.readers._parts.device import Pipe, chunks
from cranny.edge.readers._parts.keys import USAGES, key_for, typed
from cranny.edge.readers._parts.lines import Lines

NEEDS: Final = HID
REPORT: Final = 8
"""Bytes: modifiers, nothing, and up to six keys that are down."""
SHIFTS: Final = 0b0010_0010
ROLLED_OVER: Final = 1
"""More keys than it can tell: in such a report nothing is believed."""


class Reports:
    """Reports to signs: a key counts when it goes down."""

    def __init__(self) -> None:
        self._half = b""
        self._down: frozenset[int] = frozenset()

    def signs(self, data: bytes) -> Iterator[str]:
        data = self._half + data
        whole = len(data) - len(data) % REPORT
        self._half = data[whole:]
        for at in range(0, whole, REPORT):
            yield from self._report(data[at : at + REPORT])

    def _report(self, report: bytes) -> Iterator[str]:
        modifiers, keys = report[0], report[2:]
        if ROLLED_OVER in keys:
            return
        fresh = [key for key in keys if key and key not in self._down]
        self._down = frozenset(keys)
        if modifiers & ~SHIFTS:
            return
        for key in fresh:
            if key in USAGES:
                yield typed(USAGES[key], shift=bool(modifiers & SHIFTS))


class HidrawReader:
    def __init__(self, path: str, what: Kind, *, clock: Clock, rng: Rng) -> None:
        self._path = path
        self._kind = what
        self._clock = clock
        self._rng = rng

    def presented(self) -> AsyncIterator[Presented]:
        return again(self._listen, name=self._path, rng=self._rng)

    async def _listen(self) -> AsyncIterator[Presented]:
        reports, lines = Reports(), Lines(self._clock)
        async for data in chunks(self._path, grab=False):
            for line in lines.take(reports.signs(data)):
                yield Presented(self._kind, line)


def open_reader(address: str, *, clock: Clock, rng: Rng) -> Reader:
    """`/dev/hidraw0,kind=badge`. Raises Invalid, code `reader-address-invalid`."""
    path, said = read(address, kind="text")
    return HidrawReader(path, kind(said), clock=clock, rng=rng)


def missing() -> str:
    return ""


class _Hand:
    """Types as a badge reader does: each report holds the key before as well, as quick ones do."""

    shows = "0012345678"
    also = "Badge_{7F:2b}"

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe
        self._usages = {sign: usage for usage, sign in reversed(list(USAGES.items()))}

    async def hold(self, text: str) -> None:
        last = 0
        for sign in f"{text}\r":
            key, shift = key_for(sign)
            usage = self._usages[key]
            if usage == last:
                self._report(0)
                last = 0
            self._report(0x20 if shift else 0, usage, last)
            last = usage
            await asyncio.sleep(0)
        self._report(0)

    async def babble(self) -> None:
        self._report(0, 4, 5)
        self._report(0, *[ROLLED_OVER] * 6)
        self._report(0x01, 6)
        self._report(0)

    async def plug(self) -> None:
        self._pipe.plug()

    async def unplug(self) -> None:
        self._pipe.unplug()

    def _report(self, modifiers: int, *keys: int) -> None:
        self._pipe.write(bytes([modifiers, 0, *keys]).ljust(REPORT, b"\0"))


@asynccontextmanager
async def bench(*, clock: Clock, rng: Rng) -> AsyncIterator[Bench]:
    with tempfile.TemporaryDirectory() as directory:
        pipe = Pipe(Path(directory) / "hidraw0")
        pipe.plug()
        yield Bench(open_reader(str(pipe.path), clock=clock, rng=rng), _Hand(pipe))
        pipe.unplug()
