"""The other end of a Modbus line, by pymodbus's own server, with a cabinet behind it: for tests and for trying out.

Over a serial line its bytes pass through a pseudo-terminal, which a program opens as it opens a port.
"""

import asyncio
import os
import pty
import tty
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final, Literal, cast

from pymodbus import FramerType
from pymodbus.constants import ExcCodes
from pymodbus.datastore import ModbusServerContext
from pymodbus.pdu import ExceptionResponse, ModbusPDU
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from cranny.core.rng import Rng
from cranny.edge.drivers._modbus.line import FLASH_AT, ON, Coil
from cranny.edge.drivers._modbus.map import Map
from cranny.edge.drivers._serial.address import Port
from cranny.edge.drivers._steel import Cabinet

CHANNELS: Final = 16
LATCHES_AT: Final = 16
CONTENTS_AT: Final = 32
HOST: Final = "127.0.0.1"


class Bus:
    """Boards with the ids `units` on one line; all others are not there and stay silent. `noise` comes before every
    answer, `mute` boards hear and do, and do not answer."""

    def __init__(self, rng: Rng, units: Sequence[int], framer: FramerType) -> None:
        self.cabinet = Cabinet(rng)
        self.noise = b""
        self.mute: set[int] = set()
        self.units = set(units)
        self.asked: list[ModbusPDU] = []
        self.port = 0
        self._framer = framer
        self._server: ModbusTcpServer | None = None

    async def start(self) -> int:
        """Returns the port; a port that was set is taken."""
        devices = [_device(unit, self.cabinet) for unit in sorted(self.units)]
        self._server = ModbusTcpServer(
            devices,
            framer=self._framer,
            address=(HOST, self.port),
            custom_pdu=[_coil(self.cabinet)],
            trace_pdu=self._hear,
            trace_packet=self._speak,
        )
        await self._server.serve_forever(background=True)
        sockets = cast("asyncio.Server", self._server.transport).sockets
        self.port = sockets[0].getsockname()[1]
        return self.port

    async def stop(self) -> None:
        await self.cabinet.close()
        if self._server is not None:
            await self._server.shutdown()  # type: ignore[no-untyped-call]

    def _hear(self, sending: bool, pdu: ModbusPDU) -> ModbusPDU:
        if sending:
            return pdu
        self.asked.append(pdu)
        there = self.cabinet.powered and pdu.dev_id in self.units
        return pdu if there else None  # type: ignore[return-value] # none is what the server takes for silence

    def _speak(self, sending: bool, data: bytes) -> bytes:
        if not sending:
            return data
        return b"" if self.asked[-1].dev_id in self.mute else self.noise + data


def _device(unit: int, cabinet: Cabinet) -> SimDevice:
    async def look(
        function: int, _start: int, _address: int, _count: int, registers: list[int], _values: object
    ) -> ExcCodes | None:
        if function == 2:  # noqa: PLR2004 - read discrete inputs
            registers[:3] = _inputs(unit, cabinet)
        return None

    def bits(count: int) -> list[SimData]:
        return [SimData(0, count=count, values=False, datatype=DataType.BITS)]

    words = [SimData(0, count=1, values=0, datatype=DataType.REGISTERS)]
    return SimDevice(id=unit, simdata=(bits(16), bits(48), words, words), action=look)


def _inputs(unit: int, cabinet: Cabinet) -> list[int]:
    boxes = [cabinet.box((unit, channel)) for channel in range(1, CHANNELS + 1)]
    shut = sum(1 << place for place, box in enumerate(boxes) if not box.door_open)
    full = sum(1 << place for place, box in enumerate(boxes) if box.things)
    return [shut, shut, full]


def _coil(cabinet: Cabinet) -> type[ModbusPDU]:
    class Relay(Coil):
        """A coil that flashes, or was set on the board to let go by itself."""

        async def datastore_update(self, context: ModbusServerContext, device_id: int) -> ModbusPDU:  # noqa: ARG002
            flash = self.address >= FLASH_AT
            channel = self.address - (FLASH_AT if flash else 0) + 1
            if channel > CHANNELS:
                return ExceptionResponse(self.function_code, ExcCodes.ILLEGAL_ADDRESS)
            if flash or self.value == ON:
                cabinet.release((device_id, channel))
            return Coil(self.address, self.value)

    return Relay


@asynccontextmanager
async def open_bench(
    rng: Rng, by: Literal["tcp", "rtu"], *, units: Sequence[int] = (1,)
) -> AsyncIterator[tuple[Map, Bus]]:
    """A bus, and the map to reach it."""
    bus = Bus(rng, units, FramerType.SOCKET if by == "tcp" else FramerType.RTU)
    port = await bus.start()
    try:
        if by == "tcp":
            yield _map(Port(host=HOST, number=port), "tcp"), bus
        else:
            async with _terminal(port) as path:
                yield _map(Port(device=path), "rtu"), bus
    finally:
        await bus.stop()


def _map(port: Port, framing: Literal["tcp", "rtu"]) -> Map:
    return Map(port, framing, latches=LATCHES_AT, contents=CONTENTS_AT, timeout_s=0.25, rest_s=0.02)


@asynccontextmanager
async def _terminal(port: int) -> AsyncIterator[str]:
    """The path of a serial port whose other end is the server on `port`."""
    near, far = pty.openpty()
    tty.setraw(far)
    reader, writer = await asyncio.open_connection(HOST, port)
    loop = asyncio.get_running_loop()

    def sent() -> None:
        with suppress(BlockingIOError):
            writer.write(os.read(near, 4096))

    async def answer() -> None:
        while data := await reader.read(4096):
            os.write(near, data)

    os.set_blocking(near, False)
    loop.add_reader(near, sent)
    answering = asyncio.create_task(answer())
    try:
        yield os.ttyname(far)
    finally:
        loop.remove_reader(near)
        answering.cancel()
        await asyncio.gather(answering, return_exceptions=True)
        writer.close()
        os.close(near)
        os.close(far)
