"""Relay boards with inputs that speak Modbus, over TCP or a serial line: a coil is a lock, an input is a door.

The board ends every pulse by itself. A relay that is switched on and then off by a program stays on when the program
dies in between, and burns the lock's coil: no such pulse is offered here.
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import ExitStack, asynccontextmanager
from typing import Final

from pymodbus.pdu.bit_message import ReadDiscreteInputsRequest

from cranny.core.clock import Clock
from cranny.core.rng import Rng
from cranny.edge.drivers import Address, Bench, BoardFault, BoardSilent, Changed, Driver, Meters, Reading
from cranny.edge.drivers._modbus.boards import boards
from cranny.edge.drivers._modbus.line import FLASH_AT, ON, Coil, ModbusLine
from cranny.edge.drivers._modbus.map import UNITS, Map, read_map
from cranny.edge.drivers._modbus.rtu import RtuLine
from cranny.edge.drivers._polling import Careful, Poller
from cranny.edge.drivers._serial.bench import line_bench
from cranny.edge.drivers._serial.line import Line
from cranny.edge.drivers._serial.port import Wire, open_wire, owned

TRIES: Final = 3
"""Of a question; a pulse is sent once."""
GAP_S: Final = 0.005
"""Quiet before every frame on a serial line: more than 3.5 signs at 9600 baud."""


class ModbusBoard:
    """`owner` is let go when the board is closed."""

    def __init__(
        self, where: Map, line: ModbusLine | RtuLine, *, clock: Clock, rng: Rng, owner: ExitStack | None = None
    ) -> None:
        self.has_content = where.contents is not None
        self.has_latch = where.latches is not None
        self.where = where
        self._line = line
        careful = Careful(self._ask, lambda unit: line.tally(unit).timeouts)
        self._poller = Poller(careful.ask, clock=clock, rng=rng, every_s=where.poll_s)
        self._clock = clock
        self._owner = owner
        self._pulsing = asyncio.Lock()
        self._rested = 0.0

    @property
    def meters(self) -> Meters:
        return self._line.meters

    def fit(self, addresses: Collection[Address]) -> None:
        self._poller.fit([(unit, channel) for unit, channel in addresses if unit in UNITS and channel > 0])

    async def pulse(self, unit: int, channel: int) -> None:
        if (unit, channel) not in self._poller:
            raise BoardFault(f"There is no lock {channel} on board {unit}.", permanent=True)
        asked = self._clock.monotonic()
        async with self._pulsing:  # locks draw amperes: the next one waits until the supply has recovered
            await asyncio.sleep(self._rested - self._clock.monotonic())
            try:
                await self._pulse(unit, channel, asked)
            finally:
                self._rested = self._clock.monotonic() + self.where.rest_s
                self._poller.nudge()

    async def read(self) -> Mapping[Address, Reading]:
        return await self._poller.read()

    async def watch(self, changed: Changed) -> None:
        await self._poller.watch(changed)

    async def close(self) -> None:
        await self._line.close()
        if self._owner is not None:
            self._owner.close()

    async def _pulse(self, unit: int, channel: int, asked: float) -> None:
        coil = self.where.coils + channel - 1
        flash = self.where.pulse == "flash"
        request = Coil(FLASH_AT + coil, self.where.flash_steps, unit) if flash else Coil(coil, ON, unit)
        answer = await self._line.ask(request, asked=asked)
        if not isinstance(answer, Coil) or (answer.address, answer.value) != (request.address, request.value):
            raise BoardSilent(f"Board {unit} answers something else: whether the lock was released is not known.")

    async def _ask(self, unit: int) -> Mapping[Address, Reading]:
        try:
            return await self._read(unit, self._poller.fitted(unit))
        except BoardFault as fault:  # a board that refuses to say what it sees sees nothing
            raise BoardSilent(fault.detail) from fault

    async def _read(self, unit: int, channels: list[int]) -> Mapping[Address, Reading]:
        where, count = self.where, max(channels)
        doors = await self._bits(unit, where.inputs, count)
        latches = None if where.latches is None else await self._bits(unit, where.latches, count)
        contents = None if where.contents is None else await self._bits(unit, where.contents, count)
        return {
            (unit, channel): Reading(
                door_open=doors[channel - 1] is not where.shut,
                latched=None if latches is None else latches[channel - 1] is where.held,
                content=None if contents is None else contents[channel - 1] is where.full,
            )
            for channel in channels
        }

    async def _bits(self, unit: int, first: int, count: int) -> list[bool]:
        request = ReadDiscreteInputsRequest(address=first, count=count, dev_id=unit)
        answer = await self._line.ask(request, tries=TRIES)
        if len(answer.bits) < count:
            raise BoardSilent(f"Board {unit} says less than it was asked for.")
        return list(answer.bits)


async def open_modbus(where: Map, *, clock: Clock, rng: Rng) -> ModbusBoard:
    """Raises Conflict, code `board-port-busy`."""
    if where.framing == "rtu":
        line = Line(where.port, baud=where.baud, parity=where.parity, gap_s=GAP_S, clock=clock, rng=rng)
        rtu = RtuLine(line, timeout_s=where.timeout_s, probe=where.inputs)
        await rtu.open()
        return ModbusBoard(where, rtu, clock=clock, rng=rng)

    async def connect() -> Wire:
        return await open_wire(where.port, where.baud)

    with ExitStack() as owner:
        owner.enter_context(owned(where.port))
        tcp = ModbusLine(connect, timeout_s=where.timeout_s, clock=clock)
        return ModbusBoard(where, tcp, clock=clock, rng=rng, owner=owner.pop_all())


async def open_board(address: str, *, clock: Clock, rng: Rng) -> Driver:
    """`address` as in `_modbus.map.read_map`. Raises Invalid, code `board-address-invalid`, and Conflict, code
    `board-port-busy`."""
    return await open_modbus(read_map(address), clock=clock, rng=rng)


@asynccontextmanager
async def bench(*, clock: Clock, rng: Rng) -> AsyncIterator[Bench]:
    """Two boards on a serial line."""
    words, quick = "latches=16,contents=32", "timeout-ms=400,poll-ms=30,rest-ms=20"
    async with line_bench(open_board, boards, words, quick=quick, clock=clock, rng=rng) as found:
        yield found


@asynccontextmanager
async def tcp_bench(*, clock: Clock, rng: Rng) -> AsyncIterator[Bench]:
    """Over TCP, pymodbus's own server at the other end."""
    from cranny.edge.drivers._modbus.bench import open_bench

    async with open_bench(rng, "tcp") as (where, bus):
        board = await open_modbus(where, clock=clock, rng=rng)
        yield Bench(board, bus.cabinet)
        await board.close()
