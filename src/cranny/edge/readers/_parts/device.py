"""A device file, read without a thread."""

import asyncio
import errno
import fcntl
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

MOST: Final = 4096
EVIOCGRAB: Final = 0x40044590
"""From then on the device types into no other program."""


async def chunks(path: str, *, grab: bool) -> AsyncIterator[bytes]:
    """What comes out of it. Raises OSError when it is not there, or goes away."""
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    loop, ready = asyncio.get_running_loop(), asyncio.Event()
    try:
        if grab:
            fcntl.ioctl(handle, EVIOCGRAB, 1)
        loop.add_reader(handle, ready.set)
        while True:
            await ready.wait()
            ready.clear()
            try:
                data = os.read(handle, MOST)
            except BlockingIOError:
                continue
            if not data:
                raise OSError(errno.ENODEV, f"{path} has gone")
            yield data
    finally:
        loop.remove_reader(handle)
        os.close(handle)


class Pipe:
    """A device file for tests: what is written comes out at `path`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._handle = -1

    def plug(self) -> None:
        os.mkfifo(self.path)
        self._handle = os.open(self.path, os.O_RDWR | os.O_NONBLOCK)

    def unplug(self) -> None:
        self.path.unlink()
        os.close(self._handle)

    def write(self, data: bytes) -> None:
        os.write(self._handle, data)
