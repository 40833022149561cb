"""Modbus on a serial line, over the line that all serial boards share: its answers have no number, so what is late,
damaged or an echo has to be told apart as everywhere else. Frames are pymodbus's."""

import asyncio
from typing import Final

from pymodbus.framer.rtu import FramerRTU
from pymodbus.pdu import DecodePDU, ModbusPDU
from pymodbus.pdu.bit_message import ReadDiscreteInputsRequest

from cranny.edge.drivers import BoardSilent, Meters, Tally
from cranny.edge.drivers._modbus.line import Coil, settled
from cranny.edge.drivers._serial.line import Line, Request
from cranny.edge.drivers._serial.split import Look, Verdict

ERROR: Final = 0x80
"""Added to the function of what is refused."""
PROBES: Final = 3
"""How often it is asked whether a new connection echoes."""
REFUSED: Final = 5
SET: Final = 8
"""Bytes of a refusal; of function 5 in both directions, and of a question for inputs."""


def framer() -> FramerRTU:
    decoder = DecodePDU(False)
    decoder.register(Coil)
    return FramerRTU(decoder)


def checked(data: bytes, at: int, length: int) -> int | Verdict:
    """For a look: whether `length` bytes are there and their CRC is right."""
    found = data[at : at + length]
    if len(found) < length:
        return Verdict.MORE
    return length if FramerRTU.check_CRC(found[:-2], int.from_bytes(found[-2:])) else Verdict.BROKEN


def answers_to(request: ModbusPDU) -> Look:
    """The answer, or the refusal, of this board to this function."""
    ours, function = request.dev_id, request.function_code
    size = -(-request.count // 8) if isinstance(request, ReadDiscreteInputsRequest) else 0

    def look(data: bytes, at: int) -> int | Verdict:
        head = data[at : at + 3]
        if head[0] != ours or (len(head) > 1 and head[1] & ~ERROR != function):
            return Verdict.NOISE
        if len(head) < 3:  # noqa: PLR2004 - the third byte says how many inputs follow
            return Verdict.MORE
        if head[1] & ERROR:
            return checked(data, at, REFUSED)
        if size and head[2] != size:
            return Verdict.NOISE
        return checked(data, at, REFUSED + size if size else SET)

    return look


class RtuLine:
    """`probe` is the number of an input that every board has."""

    def __init__(self, line: Line, *, timeout_s: float, probe: int) -> None:
        self._line = line
        self._timeout_s = timeout_s
        self._probe = probe
        self._framer = framer()

    @property
    def meters(self) -> Meters:
        return self._line.meters

    def tally(self, unit: int) -> Tally:
        return self._line.tally(unit)

    async def open(self) -> None:
        """Raises Conflict, code `board-port-busy`."""
        await self._line.open()

    async def ask(self, request: ModbusPDU, *, tries: int = 1, asked: float | None = None) -> ModbusPDU:
        """As ModbusLine's."""
        while self._line.echo is None:
            probe = ReadDiscreteInputsRequest(address=self._probe, count=1, dev_id=request.dev_id)
            await self._insist(probe, PROBES, None)
        try:
            return settled(request, await self._insist(request, tries, asked))
        except (BoardSilent, asyncio.CancelledError):
            if asked is not None:
                self._line.forget()
            raise

    async def close(self) -> None:
        await self._line.close()

    async def _insist(self, request: ModbusPDU, tries: int, asked: float | None) -> ModbusPDU:
        frame = self._framer.buildFrame(request)
        # A coil that is set is answered by the same bytes.
        sent = Request(frame, answers_to(request), lambda _: True, twin=isinstance(request, Coil))
        for left in reversed(range(tries)):
            try:
                answer = await self._line.ask(request.dev_id, sent, self._timeout_s, asked=asked)
                break
            except BoardSilent:
                if not left:
                    raise
        _, found = self._framer.handleFrame(answer, request.dev_id, 0)
        if found is None:
            raise BoardSilent(f"Board {request.dev_id} answers what nobody understands.")
        return found
