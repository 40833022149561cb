"""A scanner or a card reader on a serial port, real or over USB (CDC): lines of text."""

import asyncio
import os
import pty
import tempfile
import tty
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import serialx

from cranny.core.clock import Clock
from cranny.core.rng import Rng
from cranny.edge.readers import Bench, Kind, Presented, Reader
from cranny.edge.readers._parts.address import kind, read, wrong
from cranny.edge.readers._parts.again import again
from cranny.edge.readers._parts.lines import Lines

BAUDS: Final = range(1200, 1_000_001)
MOST: Final = 4096


class SerialReader:
    def __init__(self, path: str, baud: int, what: Kind, *, clock: Clock, rng: Rng) -> None:
        self._path = path
        self._baud = baud
        self._kind = what
        self._clock = clock
        self._rng = rng

    def presented(self) -> AsyncIterator[Presented]:
        return again(self._listen, name=self._path, rng=self._rng)

    async def _listen(self) -> AsyncIterator[Presented]:
        lines = Lines(self._clock)
        try:
            reader, writer = await serialx.open_serial_connection(self._path, baudrate=self._baud)
            try:
                while data := await reader.read(MOST):
                    for line in lines.take(data.decode("utf-8", "replace")):
                        yield Presented(self._kind, line)
            finally:
                writer.close()
        except serialx.SerialException as error:
            raise OSError(str(error)) from error


def open_reader(address: str, *, clock: Clock, rng: Rng) -> Reader:
    """`/dev/ttyACM0,baud=9600,kind=text`. Raises Invalid, code `reader-address-invalid`."""
    path, said = read(address, baud="9600", kind="text")
    if not said["baud"].isdecimal() or int(said["baud"]) not in BAUDS:
        raise wrong(f"baud is a number from {BAUDS.start} to {BAUDS.stop - 1}, not {said['baud']!r}")
    return SerialReader(path, int(said["baud"]), kind(said), clock=clock, rng=rng)


def missing() -> str:
    return ""


class FarEnd:
    """At the other end of a pseudo-terminal; its path stays, as udev's names do."""

    shows = "JJD014600006281230701"
    also = "Straße 7"

    def __init__(self, path: Path) -> None:
        self._path = path
        self._near = self._far = -1

    async def hold(self, text: str) -> None:
        os.write(self._near, f"{text}\r\n".encode())

    async def babble(self) -> None:
        os.write(self._near, b"half a li")

    async def plug(self) -> None:
        self._near, self._far = pty.openpty()
        tty.setraw(self._far)
        self._path.symlink_to(os.ttyname(self._far))

    async def unplug(self) -> None:
        self._path.unlink()
        os.close(self._far)
        os.close(self._near)


@asynccontextmanager
async def bench(*, clock: Clock, rng: Rng) -> AsyncIterator[Bench]:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "scanner"
        hand = FarEnd(path)
        await hand.plug()
        yield Bench(open_reader(str(path), clock=clock, rng=rng), hand)
        await asyncio.sleep(0)
        await hand.unplug()
