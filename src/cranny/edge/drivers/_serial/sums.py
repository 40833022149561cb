"""Frames that begin with 02 and end with the sum of all bytes before, as Kerong's do."""

from typing import Final

from cranny.edge.drivers._serial.split import Verdict

STX: Final = 0x02
ETX: Final = 0x03


def summed(*data: int) -> bytes:
    return bytes(data) + bytes([sum(data) & 0xFF])


def framed(*data: int) -> bytes:
    return summed(STX, *data, ETX)


def is_summed(data: bytes, at: int, length: int) -> int | Verdict:
    """For a look: whether `length` bytes are there and their sum is right."""
    found = data[at : at + length]
    if len(found) < length:
        return Verdict.MORE
    return length if summed(*found[:-1]) == found else Verdict.BROKEN


def is_framed(data: bytes, at: int, length: int) -> int | Verdict:
    """The same, and the byte before the sum ends a text."""
    if at + length - 2 < len(data) and data[at + length - 2] != ETX:
        return Verdict.NOISE
    return is_summed(data, at, length)
