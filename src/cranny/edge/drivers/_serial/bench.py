"""The other end of a line: simulated boards that speak their bytes over a pseudo-terminal or TCP, with a cabinet behind
them and all the bad luck that a cable can have. For tests, and for trying a bank out without steel."""

import asyncio
import os
import pty
import tempfile
import tty
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from cranny.core.clock import Clock
from cranny.core.rng import Rng
from cranny.edge.drivers import Address, Bench, Driver
from cranny.edge.drivers._serial.address import Settings
from cranny.edge.drivers._serial.split import Look, split
from cranny.edge.drivers._steel import Cabinet

UNITS: Final = (1, 2)
QUICK: Final = "timeout-ms=400,unlock-timeout-ms=400,poll-ms=30,rest-ms=20"
"""Boards that answer at once need not be waited for."""
_SPOIL: Final = 0x5A


class Steel:
    """What a board's firmware feels of its cabinet."""

    def __init__(self, cabinet: Cabinet) -> None:
        self._cabinet = cabinet

    def release(self, address: Address) -> None:
        self._cabinet.release(address)

    def is_shut(self, address: Address) -> bool:
        return not self._cabinet.box(address).door_open

    def pulses(self, address: Address) -> int:
        return self._cabinet.pulses(address)

    def is_full(self, address: Address) -> bool:
        return bool(self._cabinet.box(address).things)


def bitmap(count: int, value: Callable[[int], bool], settings: Settings) -> bytes:
    """Values of the locks 1 to `8 * count`, the byte for the locks 1 to 8 first."""
    places = range(8) if settings.word("bit-order") == "low-first" else range(7, -1, -1)
    return bytes(sum(value(8 * byte + lock + 1) << place for lock, place in enumerate(places)) for byte in range(count))


@dataclass(frozen=True, slots=True)
class Boards:
    """One kind of board from its own side. `look` finds requests, `unit` says whom one is meant for, and `answer` does
    what it says and returns what that board answers, which may be nothing."""

    look: Look
    unit: Callable[[bytes], int]
    answer: Callable[[bytes, Steel], bytes]


class Cable(Protocol):
    """What carries the bytes. `address` is where a driver finds it, also after it was pulled out and put in again."""

    @property
    def address(self) -> str: ...

    async def plug(self, hear: Callable[[bytes], None]) -> None: ...

    async def unplug(self) -> None: ...

    def send(self, data: bytes) -> None:
        """Lost while nobody is at the other end."""
        ...


class SimulatedLine:
    """Boards with the addresses `units`; all others are not there. `heard` is every request that reached a board."""

    def __init__(self, boards: Boards, cabinet: Cabinet, cable: Cable, units: Collection[int]) -> None:
        self.noise = b""
        self.echo = False
        self.mute: set[int] = set()
        self.spoiled = 0
        self.torn = 0
        self.byte_s = 0.0
        self.late_s = 0.0
        self.heard: list[bytes] = []
        self._boards = boards
        self._cabinet = cabinet
        self._steel = Steel(cabinet)
        self._cable = cable
        self._units = set(units)
        self._rest = b""
        self._out: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        self._sender: asyncio.Task[None] | None = None

    async def plug(self) -> None:
        await self._cable.plug(self._hear)
        self._rest = b""
        self._sender = self._sender or asyncio.create_task(self._send())

    async def unplug(self) -> None:
        await self._cable.unplug()

    async def close(self) -> None:
        await self.unplug()
        if self._sender is not None:
            self._sender.cancel()
            await asyncio.gather(self._sender, return_exceptions=True)

    def babble(self, data: bytes) -> None:
        """Bytes that nobody asked for."""
        self._out.put_nowait((0.0, data))

    def _hear(self, data: bytes) -> None:
        if self.echo:
            self.babble(data)
        if not self._cabinet.powered:
            self._rest = b""
            return
        found = split(self._rest + data, self._boards.look)
        self._rest = found.rest
        for request in found.frames:
            self._obey(request)

    def _obey(self, request: bytes) -> None:
        unit = self._boards.unit(request)
        if unit not in self._units:
            return
        self.heard.append(request)
        answer = self._boards.answer(request, self._steel)
        if answer and unit not in self.mute:
            self._out.put_nowait((self.late_s, self._damaged(answer)))

    def _damaged(self, answer: bytes) -> bytes:
        if self.spoiled:
            self.spoiled -= 1
            answer = answer[:-1] + bytes([answer[-1] ^ _SPOIL])
        if self.torn:
            self.torn -= 1
            answer = answer[: len(answer) // 2]
        return self.noise + answer

    async def _send(self) -> None:
        while True:
            late_s, data = await self._out.get()
            await asyncio.sleep(late_s)
            if not self.byte_s:
                self._cable.send(data)
                continue
            for byte in data:
                self._cable.send(bytes([byte]))
                await asyncio.sleep(self.byte_s)


class PtyCable:
    """A pseudo-terminal, as a program sees a serial port. `link` leads to whichever is plugged in."""

    def __init__(self, link: Path) -> None:
        self._link = link
        self._ends: tuple[int, int] | None = None

    @property
    def address(self) -> str:
        return str(self._link)

    async def plug(self, hear: Callable[[bytes], None]) -> None:
        ours, theirs = self._ends = pty.openpty()
        tty.setraw(ours)
        os.set_blocking(ours, False)
        self._link.unlink(missing_ok=True)
        self._link.symlink_to(os.ttyname(theirs))
        asyncio.get_running_loop().add_reader(ours, lambda: hear(os.read(ours, 4096)))

    async def unplug(self) -> None:
        if self._ends is None:
            return
        asyncio.get_running_loop().remove_reader(self._ends[0])
        for end in self._ends:
            os.close(end)
        self._ends = None
        self._link.unlink()

    def send(self, data: bytes) -> None:
        if self._ends is not None:
            with suppress(BlockingIOError):  # nobody reads any more
                os.write(self._ends[0], data)


class TcpCable:
    """A serial-to-Ethernet converter: whoever connects is on the line."""

    def __init__(self) -> None:
        self._server: asyncio.Server | None = None
        self._port = 0
        self._talkers: set[asyncio.StreamWriter] = set()
        self._hear: Callable[[bytes], None] = _deaf

    @property
    def address(self) -> str:
        return f"tcp://127.0.0.1:{self._port}"

    async def plug(self, hear: Callable[[bytes], None]) -> None:
        self._hear = hear
        self._server = await asyncio.start_server(self._talk, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def unplug(self) -> None:
        if self._server is not None:
            self._server.close()
        for talker in list(self._talkers):
            talker.transport.abort()
        self._server = None

    def send(self, data: bytes) -> None:
        for talker in self._talkers:
            talker.write(data)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._talkers.add(writer)
        try:
            while data := await reader.read(4096):
                self._hear(data)
        except ConnectionError:
            pass
        finally:
            self._talkers.discard(writer)
            writer.close()


def _deaf(_: bytes) -> None:
    """Nobody is at the line."""


Opens = Callable[..., Awaitable[Driver]]


@asynccontextmanager
async def line_bench(
    open_board: Opens,
    boards: Callable[[str], Boards],
    words: str = "",
    *,
    clock: Clock,
    rng: Rng,
    cable: Cable | None = None,
    quick: str = QUICK,
) -> AsyncIterator[Bench]:
    """The driver on a simulated line of two boards. `words` are what its address says after the port."""
    with tempfile.TemporaryDirectory() as folder:
        cable = cable or PtyCable(Path(folder) / "tty")
        cabinet = Cabinet(rng)
        words = ",".join(filter(None, (words, quick)))
        line = SimulatedLine(boards(f"/dev/simulated,{words}"), cabinet, cable, UNITS)
        await line.plug()
        driver = await open_board(f"{cable.address},{words}", clock=clock, rng=rng)
        try:
            yield Bench(driver, cabinet, line)
        finally:
            await driver.close()
            await line.close()
            await cabinet.close()
