"""Open a port, as its one owner: a serial port, or a serial line behind a converter on the network."""

import asyncio
import errno
import fcntl
import os
import socket
import struct
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal, cast

import serialx

from cranny.core.errors import Conflict
from cranny.edge.drivers._serial.address import Port

MOST_UNREAD: Final = 4096
"""Bytes that are kept while nobody asks for them: a line that babbles must not fill the memory."""
CONNECT_S: Final = 5.0
Parity = Literal["none", "even", "odd"]
_AT_ONCE: Final = struct.pack("ii", 1, 0)


class Wire(asyncio.Protocol):
    """An open port."""

    def __init__(self) -> None:
        self._transport: asyncio.WriteTransport | None = None
        self._heard = bytearray()
        self._news = asyncio.Event()
        self.gone = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)  # uvloop's is one without being told to be

    def data_received(self, data: bytes) -> None:
        self._heard += data
        del self._heard[:-MOST_UNREAD]
        self._news.set()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the next connection says why, if it fails
        self._transport = None
        self.gone.set()
        self._news.set()

    def take(self) -> bytes:
        """What has come and was not taken yet."""
        data = bytes(self._heard)
        self._heard.clear()
        self._news.clear()
        return data

    async def more(self) -> bytes:
        """Wait for bytes. Raises ConnectionError when the port is gone."""
        while not self._heard:
            if self.gone.is_set():
                raise ConnectionResetError("The port is gone.")
            await self._news.wait()
            if not self._heard:
                self._news.clear()
        return self.take()

    def write(self, data: bytes) -> None:
        """Raises OSError when the port is gone."""
        if self._transport is None:
            raise ConnectionResetError("The port is gone.")
        try:
            self._transport.write(data)
        except serialx.SerialException as error:
            raise ConnectionResetError(str(error)) from error

    def drop(self) -> None:
        """Let go of the port now, and of everything that was written and has not left yet: what a network holds back
        must not arrive when nobody stands there any more."""
        if self._transport is None:
            return
        sock = self._transport.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        self._transport.abort()


async def open_wire(port: Port, baud: int, parity: Parity = "none") -> Wire:
    """Raises OSError when it can't be opened now, and Conflict, code `board-port-busy`, when somebody else has it."""
    loop = asyncio.get_running_loop()
    if port.host:
        async with asyncio.timeout(CONNECT_S):
            _, wire = await loop.create_connection(Wire, port.host, port.number)
        return wire
    try:
        _, found = await serialx.create_serial_connection(
            loop, Wire, port.device, baudrate=baud, parity=serialx.Parity[parity.upper()], exclusive=True
        )
    except serialx.SerialException as error:
        raise OSError(str(error)) from error
    except OSError as error:
        if error.errno == errno.EBUSY:
            raise busy(port) from error
        raise
    assert isinstance(found, Wire)  # noqa: S101 - it was made by the factory above
    return found


@contextmanager
def owned(port: Port) -> Iterator[None]:
    """Be the only one on this machine who talks to a converter; a serial port's lock is the port's own.
    Raises Conflict, code `board-port-busy`."""
    if not port.host:
        yield
        return
    name = "".join(sign if sign.isalnum() else "-" for sign in f"{port.host}-{port.number}")
    path = Path(tempfile.gettempdir()) / f"cranny-line-{name}.lock"
    try:
        held = _open_lock(path)
    except PermissionError as error:
        raise busy(port) from error
    try:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise busy(port) from error
        yield
    finally:
        os.close(held)


def _open_lock(path: Path) -> int:
    """Whoever used this line before may have been another user: their file is good to lock, though not to write."""
    try:
        return os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except FileNotFoundError:
        made = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        os.fchmod(made, 0o644)
        return made


def busy(port: Port) -> Conflict:
    return Conflict(
        f"{port} is in use by another program or another board of this one. A line has one owner: stop the other "
        "(`fuser` names it), or give all boards of this line one address.",
        code="board-port-busy",
    )
