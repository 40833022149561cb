"""Relay boards with inputs on a simulated serial line."""

import struct
from collections.abc import Callable
from operator import itemgetter
from typing import Final

from pymodbus.framer.rtu import FramerRTU

from cranny.edge.drivers import Address
from cranny.edge.drivers._modbus.line import FLASH_AT, ON
from cranny.edge.drivers._modbus.map import Map, read_map
from cranny.edge.drivers._modbus.rtu import ERROR, SET, checked
from cranny.edge.drivers._serial.bench import Boards, Steel
from cranny.edge.drivers._serial.split import Verdict

CHANNELS: Final = 16
INPUTS, COIL = 2, 5
NO_SUCH_ADDRESS: Final = 2


def look(data: bytes, at: int) -> int | Verdict:
    """A question for inputs, or a coil that is to be set."""
    if len(data) - at > 1 and data[at + 1] not in (INPUTS, COIL):
        return Verdict.NOISE
    return checked(data, at, SET)


def boards(address: str) -> Boards:
    """Boards for 16 locks that are wired as `address` says."""
    where = read_map(address)

    def answer(request: bytes, steel: Steel) -> bytes:
        unit, function, first, value = struct.unpack(">BBHH", request[:6])
        if function == INPUTS:
            bits = sum(_input(where, steel, unit, first + place) << place for place in range(value))
            data = bits.to_bytes(-(-value // 8), "little")
            return _frame(bytes([unit, function, len(data)]) + data)
        flash = first >= FLASH_AT
        channel = first - where.coils - flash * FLASH_AT + 1
        if not 1 <= channel <= CHANNELS:
            return _frame(bytes([unit, function | ERROR, NO_SUCH_ADDRESS]))
        if flash or value == ON:
            steel.release((unit, channel))
        return request

    return Boards(look, itemgetter(0), answer)


def _input(where: Map, steel: Steel, unit: int, number: int) -> bool:
    def says(first: int | None, value: Callable[[Address], bool], true: bool) -> bool | None:
        if first is None or not 0 <= number - first < CHANNELS:
            return None
        return value((unit, number - first + 1)) is true

    found = (
        says(where.inputs, steel.is_shut, where.shut),
        says(where.latches, steel.is_shut, where.held),
        says(where.contents, steel.is_full, where.full),
    )
    return any(found)


def _frame(data: bytes) -> bytes:
    return data + FramerRTU.compute_CRC(data).to_bytes(2)
