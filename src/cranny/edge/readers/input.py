"""A scanner or a card reader that is a keyboard to Linux: /dev/input/by-id/…-event-kbd, kept from all other programs,
so that it types into the bank wherever the screen's cursor is. Its layout has to be US, as it comes from most makers.
"""

import asyncio
import struct
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from cranny.core.clock import Clock
from cranny.core.rng import Rng
from cranny.edge.devices import KEYS
from cranny.edge.readers import Bench, Kind, Presented, Reader
from cranny.edge.readers._parts.address import kind, read, wrong
from cranny.edge.readers._parts.again import again
from cranny.edge.readers._parts.device import Pipe, chunks
from cranny.edge.readers._parts.keys import CODES, OTHER_CODES, SHIFT_CODES, key_for, typed
from cranny.edge.readers._parts.lines import Lines

NEEDS: Final = KEYS
EVENT: Final = struct.Struct("llHHi")
"""`struct input_event`: seconds, microseconds, type, code, value."""
KEY: Final = 1
UP: Final = 0
DOWN: Final = 1


class Keyboard:
    """Events to signs. Holding a key down repeats nothing."""

    def __init__(self) -> None:
        self._half = b""
        self._held: set[int] = set()

    def signs(self, data: bytes) -> Iterator[str]:
        data = self._half + data
        whole = len(data) - len(data) % EVENT.size
        self._half = data[whole:]
        for _, _, what, code, value in EVENT.iter_unpack(data[:whole]):
            if what == KEY:
                yield from self._key(code, value)

    def _key(self, code: int, value: int) -> Iterator[str]:
        if code in SHIFT_CODES or code in OTHER_CODES:
            (self._held.discard if value == UP else self._held.add)(code)
        elif value == DOWN and code in CODES and not self._held & OTHER_CODES:
            yield typed(CODES[code], shift=bool(self._held & SHIFT_CODES))


class InputReader:
    def __init__(self, path: str, what: Kind, *, grab: bool, clock: Clock, rng: Rng) -> None:
        self._path = path
        self._kind = what
        self._grab = grab
        self._clock = clock
        self._rng = rng

    def presented(self) -> AsyncIterator[Presented]:
        return again(self._listen, name=self._path, rng=self._rng)

    async def _listen(self) -> AsyncIterator[Presented]:
        keyboard, lines = Keyboard(), Lines(self._clock)
        async for data in chunks(self._path, grab=self._grab):
            for line in lines.take(keyboard.signs(data)):
                yield Presented(self._kind, line)


def open_reader(address: str, *, clock: Clock, rng: Rng) -> Reader:
    """`/dev/input/by-id/usb-…-event-kbd,kind=badge`; `grab=no` lets others hear it too. Raises Invalid, code
    `reader-address-invalid`."""
    path, said = read(address, kind="text", grab="yes")
    if said["grab"] not in ("yes", "no"):
        raise wrong(f"grab is yes or no, not {said['grab']!r}")
    return InputReader(path, kind(said), grab=said["grab"] == "yes", clock=clock, rng=rng)


def missing() -> str:
    return ""


class _Hand:
    """Types as a scanner does, and holds a key down now and then."""

    shows = "JJD014600006281230701"
    also = "https://l.example/p/3F7K-92QX?s#~"

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe
        self._codes = {sign: code for code, sign in reversed(list(CODES.items()))}

    async def hold(self, text: str) -> None:
        for sign in f"{text}\r":
            key, shift = key_for(sign)
            if shift:
                self._event(42, DOWN)
            for value in (DOWN, 2, UP):
                self._event(self._codes[key], value)
            if shift:
                self._event(42, UP)
            await asyncio.sleep(0)

    async def babble(self) -> None:
        self._event(30, DOWN)
        self._event(29, DOWN)
        self._event(31, DOWN)
        self._event(29, UP)
        self._event(999, DOWN)

    async def plug(self) -> None:
        self._pipe.plug()

    async def unplug(self) -> None:
        self._pipe.unplug()

    def _event(self, code: int, value: int) -> None:
        self._pipe.write(EVENT.pack(0, 0, KEY, code, value) + EVENT.pack(0, 0, 0, 0, 0))


@asynccontextmanager
async def bench(*, clock: Clock, rng: Rng) -> AsyncIterator[Bench]:
    with tempfile.TemporaryDirectory() as directory:
        pipe = Pipe(Path(directory) / "event7")
        pipe.plug()
        yield Bench(open_reader(f"{pipe.path},grab=no", clock=clock, rng=rng), _Hand(pipe))
        pipe.unplug()
