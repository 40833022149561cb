"""A spare input of the lock board: a tamper switch, the alarm contact of a power supply or of a fridge.

The board's door contact says open or shut; here open counts as 1. `4/16,inverted` turns it round, for contacts that
are closed while all is well. What the lock's own compartments say is not read here: doors are watched by themselves.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Final

from cranny.core.errors import Invalid
from cranny.core.rng import SeededRng
from cranny.edge.drivers import Address, BoardSilent, Reading
from cranny.edge.drivers.simulated import Box, SimulatedBoard
from cranny.edge.sensors import Around, Bench, SensorFault, SensorSilent, Source
from cranny.wire.messages import ChannelGiven
from cranny.wire.sensors import BOARD

ON_OFF: Final = frozenset({"mains", "tamper"})


class BoardInput:
    def __init__(self, channel: ChannelGiven, around: Around) -> None:
        found = BOARD.fullmatch(channel.address)
        if found is None or channel.measure not in ON_OFF:
            raise Invalid(
                f"{channel.address!r} is no input of a lock board for {channel.measure}: that is unit/channel, for "
                "mains or tamper.",
                code="sensor-address-invalid",
            )
        self._address: Address = (int(found["unit"]), int(found["channel"]))
        self._inverted = bool(found["inverted"])
        self._driver = around.driver

    async def read(self) -> float:
        try:
            readings = await self._driver.read()
        except BoardSilent as silent:
            raise SensorSilent(silent.detail) from silent
        reading = readings.get(self._address)
        if reading is None:
            raise SensorFault(f"The lock board says nothing of input {self._address[0]}/{self._address[1]}.")
        return float(reading.door_open != self._inverted)

    async def close(self) -> None:
        """The board is the driver's."""


def address(channel: ChannelGiven) -> Address | None:
    """The input that the driver has to read for this sensor, if it is one of these."""
    found = BOARD.fullmatch(channel.address) if channel.source == "board" else None
    return (int(found["unit"]), int(found["channel"])) if found else None


def open_source(channel: ChannelGiven, around: Around) -> Source:
    return BoardInput(channel, around)


class _Board(SimulatedBoard):
    """One whose line can be slow."""

    lag_s = 0.0

    async def read(self) -> Mapping[Address, Reading]:
        await asyncio.sleep(self.lag_s)
        return await super().read()


class _Hands:
    def __init__(self, board: _Board, spare: Address) -> None:
        self._board = board
        self._spare = spare

    def show(self, value: float) -> None:
        self._board.boxes[self._spare] = Box(door_open=bool(value), latched=not value)

    def silence(self) -> None:
        self._board.power(on=False)

    def babble(self) -> None:
        """A contact is open or shut, so what is left is a board that is silent."""
        self._board.power(on=False)

    def lag(self, seconds: float) -> None:
        self._board.lag_s = seconds


@asynccontextmanager
async def bench(around: Around) -> AsyncIterator[Bench]:
    spare = (4, 16)
    board = _Board(rng=SeededRng(1))
    board.fit([spare])
    mine = replace(around, driver=board)
    channel = ChannelGiven("tamper", "tamper", "board", "4/16")
    yield Bench(open_source(channel, mine), _Hands(board, spare), "tamper", lambda: open_source(channel, mine))
    await board.close()
