"""One Modbus connection over TCP: a request at a time, its answer or silence. Frames are pymodbus's; the order, the
waiting and the counting are ours, because its client sends a request again by itself, and a pulse must not be."""

import asyncio
import struct
from collections.abc import Awaitable, Callable
from typing import Final

from pymodbus.exceptions import ModbusException
from pymodbus.framer.socket import FramerSocket
from pymodbus.pdu import DecodePDU, ModbusPDU

from cranny.core.clock import Clock
from cranny.core.errors import CrannyError
from cranny.edge.drivers import BoardFault, BoardSilent, Meters, Tally
from cranny.edge.drivers._serial.line import DEED_S
from cranny.edge.drivers._serial.port import Wire

LONGEST_FRAME: Final = 260
FLASH_AT: Final = 0x0200
"""Waveshare's "flash on": the coil's number above this, and the time in steps of 100 ms as the value."""
ON: Final = 0xFF00
_TRIES_AGAIN: Final = frozenset({4, 5, 6})
"""Exception codes that may pass: device failure, acknowledged but busy, busy."""
_GATEWAY: Final = frozenset({10, 11})
"""Exception codes of a gateway that hears nothing from behind it."""
_MEANINGS: Final = {
    1: "the board does not know this function",
    2: "it has no such address",
    3: "it takes no such value",
}


class Coil(ModbusPDU):
    """Function 5 with its value as it is: pymodbus knows only on and off. The answer repeats the request."""

    function_code = 5
    rtu_frame_size = 8

    def __init__(self, address: int = 0, value: int = 0, dev_id: int = 0) -> None:
        super().__init__(dev_id=dev_id, address=address)
        self.value = value

    def encode(self) -> bytes:
        return struct.pack(">HH", self.address, self.value)

    def decode(self, data: bytes) -> None:
        self.address, self.value = struct.unpack(">HH", data[:4])


Connect = Callable[[], Awaitable[Wire]]
"""Opens the port. Raises OSError when it can't, Conflict when somebody else has it."""


class ModbusLine:
    """The port is opened when it is needed, and anew after it broke, for as long as anybody asks."""

    def __init__(self, connect: Connect, *, timeout_s: float, clock: Clock) -> None:
        self._clock = clock
        self._tallies: dict[int, Tally] = {}
        self._connections = 0
        self._connect = connect
        self._timeout_s = timeout_s
        decoder = DecodePDU(False)
        decoder.register(Coil)
        self._framer = FramerSocket(decoder)
        self._port: Wire | None = None
        self._turn = asyncio.Lock()
        self._number = 0

    @property
    def meters(self) -> Meters:
        connected = self._port is not None and not self._port.gone.is_set()
        return Meters(connected, self._connections, self._tallies)

    def tally(self, unit: int) -> Tally:
        return self._tallies.setdefault(unit, Tally())

    async def open(self) -> None:
        """It is opened with the first question."""

    async def ask(self, request: ModbusPDU, *, tries: int = 1, asked: float | None = None) -> ModbusPDU:
        """The board's answer. `asked`: when a deed was asked for. Raises BoardSilent; BoardFault when the board says
        no, and when it is too late for that deed: then it was not sent."""
        tally = self.tally(request.dev_id)
        async with self._turn:
            if asked is not None and self._clock.monotonic() - asked > DEED_S:
                raise BoardFault("The Modbus line was busy for too long: nothing was sent.", permanent=False)
            for left in reversed(range(tries)):
                tally.requests += 1
                try:
                    answer = await self._exchange(request, tally)
                    break
                except BoardSilent:
                    tally.timeouts += 1
                    if not left:
                        raise
        return settled(request, answer)

    async def close(self) -> None:
        if self._port is not None:
            self._port.drop()
            self._port = None

    async def _exchange(self, request: ModbusPDU, tally: Tally) -> ModbusPDU:
        """Raises BoardSilent. The port is let go then: what a network held back of a request must not arrive later."""
        self._number = self._number % 0xFFFF + 1
        request.transaction_id = self._number
        frame = self._framer.buildFrame(request)
        heard = bytearray()
        try:
            async with asyncio.timeout(self._timeout_s):
                port = await self._open()
                tally.late_bytes += len(port.take())
                port.write(frame)
                return await self._answer(port, request, heard)
        except (TimeoutError, OSError) as error:
            if heard:
                tally.checksum_errors += 1
            await self.close()
            raise BoardSilent(f"Board {request.dev_id} on the Modbus line does not answer.") from error

    async def _open(self) -> Wire:
        if self._port is None or self._port.gone.is_set():
            self._port = await self._connect()
            self._connections += 1
        return self._port

    async def _answer(self, port: Wire, request: ModbusPDU, heard: bytearray) -> ModbusPDU:
        """Puts what comes into `heard`."""
        unread = b""
        while True:
            more = await port.more()
            heard += more
            unread += more
            try:
                used, answer = self._framer.handleFrame(unread, request.dev_id, request.transaction_id)
            except ModbusException:
                used, answer = len(unread), None
            if answer is not None and answer.function_code & 0x7F == request.function_code:
                return answer
            unread = unread[used:][-LONGEST_FRAME:]


def settled(request: ModbusPDU, answer: ModbusPDU) -> ModbusPDU:
    """The answer, when it is none of refusal. Raises BoardFault, and BoardSilent where a gateway says that."""
    if answer.isError():
        raise _refusal(request.dev_id, answer.exception_code)
    return answer


def _refusal(unit: int, code: int) -> CrannyError:
    if code in _GATEWAY:
        return BoardSilent(f"Board {unit} does not answer its gateway.")
    why = _MEANINGS.get(code, f"it answers with exception {code}")
    return BoardFault(f"Board {unit} on the Modbus line refuses: {why}.", permanent=code not in _TRIES_AGAIN)
