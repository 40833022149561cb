"""Temperature and humidity transmitters on Modbus, over a serial line or TCP: one input register for each value.

Sensors on one line share it and take turns. A line that went away is connected anew at the next reading, for ever.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

from pymodbus.client import AsyncModbusSerialClient, AsyncModbusTcpClient
from pymodbus.exceptions import ModbusException

from cranny.edge.sensors import Around, Bench, SensorFault, SensorSilent, Source
from cranny.wire.messages import ChannelGiven
from cranny.wire.sensors import ModbusAddress, read_modbus

ANSWER_S: Final = 1.0
SIGN: Final = 0x8000
WRAP: Final = 0x10000


class Line:
    """One serial port or one TCP connection, and whoever reads over it."""

    def __init__(self, address: ModbusAddress) -> None:
        self.readers = 0
        self._turn = asyncio.Lock()
        self._client: AsyncModbusTcpClient | AsyncModbusSerialClient
        if address.line.startswith("tcp:"):
            host, port = address.host
            self._client = AsyncModbusTcpClient(host, port=port, timeout=ANSWER_S, retries=0, reconnect_delay=0)
        else:
            device, baud, parity = address.port
            self._client = AsyncModbusSerialClient(
                device, baudrate=baud, parity=parity, timeout=ANSWER_S, retries=0, reconnect_delay=0
            )

    async def register(self, address: ModbusAddress) -> int:
        """Raises SensorSilent, SensorFault."""
        async with self._turn:
            try:
                if not self._client.connected and not await self._client.connect():
                    raise SensorSilent(f"{address.line} can't be reached.")
                ask = self._client.read_holding_registers if address.holding else self._client.read_input_registers
                answer = await ask(address.register, count=1, device_id=address.unit)
            except (ModbusException, OSError) as error:
                self._client.close()
                raise SensorSilent(f"Unit {address.unit} on {address.line} does not answer.") from error
            except asyncio.CancelledError:
                self._client.close()  # an answer that comes now would be taken for the next one's
                raise
        if answer.isError():
            raise SensorFault(f"Unit {address.unit} on {address.line} refuses register {address.register}.")
        return int(answer.registers[0])

    def close(self) -> None:
        self._client.close()


class Transmitter:
    def __init__(self, channel: ChannelGiven, around: Around) -> None:
        self._address = read_modbus(channel.address)
        self._lines = around.lines
        self._line: Line | None = None

    async def read(self) -> float:
        if self._line is None:
            line = self._lines.get(self._address.line)
            self._line = line if isinstance(line, Line) else Line(self._address)
            self._lines[self._address.line] = self._line
            self._line.readers += 1
        raw = await self._line.register(self._address)
        value = raw - WRAP if self._address.signed and raw >= SIGN else raw
        return value / self._address.factor

    async def close(self) -> None:
        if self._line is not None:
            line, self._line = self._line, None
            line.readers -= 1
            if not line.readers:
                line.close()
                self._lines.pop(self._address.line, None)


def open_source(channel: ChannelGiven, around: Around) -> Source:
    return Transmitter(channel, around)


@asynccontextmanager
async def bench(around: Around) -> AsyncIterator[Bench]:
    """A transmitter of a few lines at a real TCP port: it speaks the protocol's bytes by itself."""
    hands = _Transmitting()
    server = await asyncio.start_server(hands.answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    channel = ChannelGiven("rack", "temperature", "modbus", f"tcp://127.0.0.1:{port}?unit=1&register=1&factor=10")
    source = open_source(channel, around)
    try:
        yield Bench(source, hands, "temperature", lambda: open_source(channel, around))
    finally:
        hands.silence()
        await source.close()
        server.close()
        await server.wait_closed()


class _Transmitting:
    """Modbus TCP as its specification has it: a header of seven bytes, function 4, one register."""

    def __init__(self) -> None:
        self._raw = 40
        self._silent = False
        self._lag_s = 0.0
        self._talking: set[asyncio.StreamWriter] = set()

    def show(self, value: float) -> None:
        self._raw, self._silent, self._lag_s = round(value * 10) % WRAP, False, 0.0

    def silence(self) -> None:
        self._silent = True
        for writer in self._talking:
            writer.close()

    def babble(self) -> None:
        self._raw = 0x7FFF

    def lag(self, seconds: float) -> None:
        self._lag_s = seconds

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._talking.add(writer)
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while not self._silent:
                asked = await reader.readexactly(12)
                await asyncio.sleep(self._lag_s)
                writer.write(asked[:4] + b"\x00\x05" + asked[6:7] + b"\x04\x02" + self._raw.to_bytes(2, "big"))
        self._talking.discard(writer)
        writer.close()
