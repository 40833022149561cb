"""A real pcscd with a virtual reader (Debian's vsmartcard-vpcd) and a card that is a socket: for tests."""

import asyncio
import fcntl
import os
import shutil
import socket
import struct
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from cranny.edge.readers import Bench, Reader

DRIVER: Final = Path("/usr/lib/pcsc/drivers/serial/libifdvpcd.so")
SERVICE: Final = Path("/run/pcscd/pcscd.comm")
TURN: Final = Path(tempfile.gettempdir()) / "cranny-pcscd.lock"
"""There is one pcscd on a machine, so one test at a time has it."""
ATR: Final = bytes.fromhex("3B8F8001804F0CA000000306030001000000006A")
ATR_ASKED: Final = 4
GET_UID: Final = bytes.fromhex("FFCA0000")
TAKEN_AWAY_S: Final = 0.3
"""A card lies on its reader for a moment."""


def missing() -> str:
    if shutil.which("pcscd") is None or not DRIVER.exists():
        return "PC/SC is not tried here: there is no pcscd with a virtual reader (apt install pcscd vsmartcard-vpcd)."
    if os.geteuid() != 0:
        return "PC/SC is not tried here: only root may start pcscd."
    return ""


class Card:
    """`shows` and `also` are UIDs in hexadecimal digits."""

    shows = "04A1B2C3D4E580"
    also = "DEADBEEF"

    def __init__(self, directory: Path) -> None:
        self._config = directory / "vpcd"
        self._port = 0
        self._process: subprocess.Popen[bytes] | None = None

    async def hold(self, text: str) -> None:
        await self._hold(bytes.fromhex(text) + b"\x90\x00")

    async def babble(self) -> None:
        """A card that gives no number."""
        await self._hold(b"\x6a\x81")

    async def plug(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self._config.write_text(
            f'FRIENDLYNAME "Virtual PCD"\nDEVICENAME /dev/null:{self._port:#x}\nLIBPATH {DRIVER}\nCHANNELID 0x8C7B\n'
        )
        command = ["pcscd", "--foreground", "--config", str(self._config.parent)]
        self._process = await asyncio.to_thread(
            subprocess.Popen, command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    async def unplug(self) -> None:
        if self._process is not None:
            self._process.terminate()
            await asyncio.to_thread(self._process.wait)

    async def _hold(self, answer: bytes) -> None:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        except OSError:  # pcscd is not up yet: nothing was held to anything
            return
        try:
            async with asyncio.timeout(3):
                await _serve(reader, writer, answer)
            await asyncio.sleep(TAKEN_AWAY_S)
        except (TimeoutError, asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()
            await asyncio.sleep(TAKEN_AWAY_S)


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: bytes) -> None:
    """Until the number was asked for. Power on, off and reset are bytes that want no answer."""
    while True:
        (length,) = struct.unpack(">H", await reader.readexactly(2))
        message = await reader.readexactly(length)
        if length == 1 and message[0] != ATR_ASKED:
            continue
        said = ATR if length == 1 else answer if message[:4] == GET_UID else b"\x6d\x00"
        writer.write(struct.pack(">H", len(said)) + said)
        await writer.drain()
        if message[:4] == GET_UID:
            return


@asynccontextmanager
async def bench(reader: Reader) -> AsyncIterator[Bench]:
    with TURN.open("w") as turn, tempfile.TemporaryDirectory() as directory:
        await asyncio.to_thread(fcntl.flock, turn, fcntl.LOCK_EX)
        card = Card(Path(directory))
        await card.plug()
        yield Bench(reader, card)
        await card.unplug()
