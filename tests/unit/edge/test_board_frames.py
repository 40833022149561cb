"""Bytes of lock boards against what their makers and users have written down. Nothing here was seen on a real board.

Sources: the Kerong paper "CU48 Protocol And Introduction v2.1" (2020-03-23, in Boudha25/CasierIntelligent); for the
others the worked examples and captures of several independent open programs, named where they stand.
"""

from typing import Any

import pytest
from pymodbus.pdu import ModbusPDU
from pymodbus.pdu.bit_message import ReadCoilsRequest, ReadDiscreteInputsRequest

from cranny.edge.drivers import Reading, bcc_8a80, kerong_cu16, kerong_cu48, winnsen
from cranny.edge.drivers._modbus.line import FLASH_AT, ON, Coil
from cranny.edge.drivers._modbus.rtu import framer
from cranny.edge.drivers._serial.address import read
from cranny.edge.drivers._serial.dialect import Dialect
from cranny.edge.drivers._serial.line import Request
from cranny.edge.drivers._serial.split import split
from cranny.edge.drivers._serial.sums import framed


def bcc(words: str = "channels=12") -> bcc_8a80.Bcc:
    return bcc_8a80.Bcc(read(f"/dev/tty,{words}", bcc_8a80.OPTIONS))


def cu16(words: str = "content=infrared") -> kerong_cu16.Cu16:
    return kerong_cu16.Cu16(read(f"/dev/tty,{words}", kerong_cu16.OPTIONS))


def cu48(words: str = "order=board-first") -> kerong_cu48.Cu48:
    return kerong_cu48.Cu48(read(f"/dev/tty,{words}", kerong_cu48.OPTIONS))


def win(words: str = "shut-bit=0") -> winnsen.Winnsen:
    return winnsen.Winnsen(read(f"/dev/tty,{words}", winnsen.OPTIONS))


REQUESTS = {
    # 8A/80: Open-Locker's codec and its tests; the README of a ROS 2 package; a C# emulator.
    "8A/80 unlock 1 on 1": (bcc().unlock(1, 1).request, "8A 01 01 11 9B"),
    "8A/80 unlock 1 on 2": (bcc().unlock(2, 1).request, "8A 02 01 11 98"),
    "8A/80 ask for 1 on 1": (bcc().probe(1), "80 01 01 33 B3"),
    "8A/80 ask for all on 1": (bcc().status(1, [1])[0], "80 01 00 33 B2"),
    # CU16: eight programs agree; two others have hand-typed tables with wrong sums (02 10 30 03 3E, 02 0F 31 03 49).
    "CU16 status of board 0": (cu16().probe(0), "02 00 30 03 35"),
    "CU16 status of board 1": (cu16().probe(1), "02 10 30 03 45"),
    "CU16 unlock lock 1 on 0": (cu16().unlock(0, 1).request, "02 00 31 03 36"),
    "CU16 unlock lock 16 on 0": (cu16().unlock(0, 16).request, "02 0F 31 03 45"),
    "CU16 unlock lock 3 on 1": (cu16().unlock(1, 3).request, "02 12 31 03 48"),
    "CU16 pulse of 550 ms": (cu16("pulse-ms=550").setup(0)[0], "02 00 37 00 37 03 73"),
    # CU48: the maker's own worked examples.
    "CU48 status of board 0": (cu48().probe(0), "02 00 00 50 03 55"),
    "CU48 unlock lock 1 on 0": (cu48().unlock(0, 1).request, "02 00 00 51 03 56"),
    # The other generation: a NestJS library, and a C# program that has board and lock the other way round.
    "CU48/60 status": (cu48("commands=60").probe(0), "02 00 00 60 03 65"),
    "CU48/60 unlock lock 1": (cu48("commands=60").unlock(0, 1).request, "02 00 00 61 03 66"),
    "CU48/60 lock first": (cu48("commands=60,order=lock-first").unlock(0, 2).request, "02 01 00 61 03 67"),
    # Winnsen: one project in five versions.
    "Winnsen unlock 1 on 1": (win().unlock(1, 1).request, "90 06 05 01 01 03"),
    "Winnsen status of 1 on 1": (win().status(1, [1])[0], "90 06 12 01 01 03"),
    "Winnsen unlock 7 on 1": (win().unlock(1, 7).request, "90 06 05 01 07 03"),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_requests_are_the_documented_bytes(name: str) -> None:
    request, expected = REQUESTS[name]
    assert request.data == bytes.fromhex(expected)


def test_sums_of_the_maker_s_other_examples() -> None:
    """Commands that no driver sends: to all boards at once, to all locks at once."""
    assert cu48().frame(0x0A, 1, 0x50) == bytes.fromhex("02 0A 00 50 03 5F")
    assert cu48().frame(0, 0x31, 0x51) == bytes.fromhex("02 00 30 51 03 86")
    assert cu48().frame(0x0A, 0x31, 0x51) == bytes.fromhex("02 0A 30 51 03 90")
    assert kerong_cu16.frame(15, 1, 0x32) == bytes.fromhex("02 F0 32 03 27")
    assert kerong_cu16.frame(0, 1, 0x33) == bytes.fromhex("02 00 33 03 38")
    assert bcc_8a80.frame(0x90, 1, 2, 2, 2) == bytes.fromhex("90 01 02 02 02 93")
    assert bcc_8a80.frame(0x9A, 1, 1, 0x11) == bytes.fromhex("9A 01 01 11 8B")
    assert bcc_8a80.frame(0x9B, 1, 1, 0x11) == bytes.fromhex("9B 01 01 11 8A")
    assert bcc_8a80.frame(0x82, 1, 0, 0x22) == bytes.fromhex("82 01 00 22 A1")
    assert bcc_8a80.frame(0x8A, 1, 0, 0x11) == bytes.fromhex("8A 01 00 11 9A")


# A relay board on Modbus RTU with eight relays and eight inputs: the examples of its maker's manual (Waveshare, "Modbus
# RTU Relay (D)") as Open-Locker and two libraries of device maps repeat them.
MODBUS: list[tuple[ModbusPDU, str]] = [
    (Coil(FLASH_AT, 5, 1), "01 05 02 00 00 05 0C 71"),
    (Coil(FLASH_AT, 7, 1), "01 05 02 00 00 07 8D B0"),
    (Coil(0, ON, 1), "01 05 00 00 FF 00 8C 3A"),
    (Coil(0, 0, 1), "01 05 00 00 00 00 CD CA"),
    (Coil(0xFF, 0, 1), "01 05 00 FF 00 00 FD FA"),  # all relays off: no driver sends it, and that neither
    (ReadDiscreteInputsRequest(address=0, count=8, dev_id=1), "01 02 00 00 00 08 79 CC"),
    (ReadCoilsRequest(address=0, count=8, dev_id=1), "01 01 00 00 00 08 3D CC"),
]


@pytest.mark.parametrize(("asked", "hexes"), MODBUS)
def test_modbus_frames_are_the_maker_s_examples(asked: ModbusPDU, hexes: str) -> None:
    """Framed as the driver's serial line frames them, with its checksum."""
    assert framer().buildFrame(asked) == bytes.fromhex(hexes)


def answer(request: Request, hexes: str) -> bytes:
    """The frame, if it is whole and answers."""
    found = split(bytes.fromhex(hexes), request.look)
    assert (found.rest, found.noise, found.broken, len(found.frames)) == (b"", 0, 0, 1)
    assert request.answers(found.frames[0])
    return found.frames[0]


def shut(dialect: Dialect, unit: int, hexes: str) -> list[int]:
    """The channels that a status says are shut."""
    channels = range(1, dialect.channels + 1)
    frame = answer(dialect.status(unit, channels)[0], hexes)
    return [channel for channel, reading in dialect.readings(channels, [frame]).items() if not reading.door_open]


def test_cu48_statuses_of_the_maker_s_paper() -> None:
    assert shut(cu48(), 0, "02 00 00 65 07 00 00 00 00 C0 03 31") == [1, 2, 3, 47, 48]
    assert shut(cu48(), 1, "02 01 00 65 00 00 80 00 00 00 03 EB") == [24]
    assert len(shut(cu48("shut-bit=0"), 1, "02 01 00 65 00 00 80 00 00 00 03 EB")) == 47
    assert shut(cu48("bit-order=high-first"), 1, "02 01 00 65 00 00 80 00 00 00 03 EB") == [17]
    assert shut(cu48("commands=60"), 0, "02 00 00 75 06 07 00 00 00 00 C0 44") == [1, 2, 3, 47, 48]


def test_cu16_statuses() -> None:
    board = cu16()
    # Captured at a real bus, the answer to a question to all boards, which we never ask:
    assert framed(0x00, 0x36, 0, 0, 0, 0) == bytes.fromhex("02 00 36 00 00 00 00 03 3B")
    assert framed(0x10, 0x36, 0, 0, 0, 0) == bytes.fromhex("02 10 36 00 00 00 00 03 4B")
    assert shut(board, 0, "02 00 35 05 80 00 00 03 BF") == [1, 3, 16]
    frame = answer(board.probe(1), "02 10 35 FF FF 02 00 03 4A")
    assert board.readings([1, 2], [frame]) == {1: Reading(False, None, False), 2: Reading(False, None, True)}
    blind = cu16("content=none")
    assert blind.readings([1, 2], [frame])[2] == Reading(False, None, None)
    assert answer(cu16().unlock(1, 3).request, "02 12 35 FF FB 00 00 03 46")


def test_8a80_statuses() -> None:
    assert shut(bcc(), 2, "80 02 05 03 33 B7") == [1, 2, 9, 11]
    assert shut(bcc("channels=12,group-order=low-first"), 2, "80 02 05 03 33 B7") == [1, 3, 9, 10]
    assert shut(bcc("channels=8"), 1, "80 01 01 33 B3") == [1]
    assert answer(bcc().probe(1), "80 01 01 11 91")
    assert answer(bcc().probe(1), "80 01 01 00 80")
    for answered in ("8A 01 01 00 8A", "8A 01 01 11 9B"):
        assert answer(bcc().unlock(1, 1).request, answered)


def test_a_checksum_below_16_is_one_byte_too() -> None:
    """Programs that print it in hexadecimal without a leading zero lose it."""
    frame = bcc_8a80.frame(0x80, 0x01, 0x82, 0x00, 0x33)
    assert frame[-1] == 0x30
    assert bcc_8a80.frame(0x8A, 0x01, 0x01, 0x84)[-1] == 0x0E


def test_winnsen_answers_say_lock_and_state_in_either_order() -> None:
    status = win().status(1, [5])[0]
    assert win().readings([5], [answer(status, "90 07 92 01 01 05 03")]) == {5: Reading(True)}
    assert win().readings([5], [answer(status, "90 07 92 01 00 05 03")]) == {5: Reading(False)}
    assert win().readings([5], [answer(status, "90 07 92 01 02 05 03")]) == {}
    unlock = win().unlock(1, 5).request
    assert not win().refusal(answer(unlock, "90 07 85 01 05 01 03"))
    assert win().refusal(answer(unlock, "90 07 85 01 05 02 03"))


NOT_THE_ANSWER: list[tuple[str, Request, str]] = [
    ("another board", bcc().probe(1), "80 02 01 11 92"),
    ("another lock", bcc().probe(1), "80 01 02 11 92"),
    ("another board", cu16().probe(1), "02 20 35 FF FF 00 00 03 58"),
    ("another board", cu48().probe(1), "02 00 00 65 07 00 00 00 00 C0 03 31"),
    ("another lock", win().status(1, [5])[0], "90 07 92 01 01 06 03"),
    ("another station", win().unlock(1, 5).request, "90 07 85 02 05 01 03"),
    ("an unlock's answer to a question", win().status(1, [5])[0], "90 07 85 01 05 05 03"),
    ("no such state", win().unlock(1, 5).request, "90 07 85 01 05 07 03"),
    ("an unlock's answer to a question", bcc().probe(1), "8A 01 01 11 9B"),
]


@pytest.mark.parametrize(("why", "request_", "hexes"), NOT_THE_ANSWER)
def test_what_answers_something_else_is_no_answer(why: str, request_: Request, hexes: str) -> None:
    found = split(bytes.fromhex(hexes), request_.look)
    assert not any(map(request_.answers, found.frames)), why


BROKEN: list[tuple[Any, str]] = [
    (bcc().probe(1), "80 01 01 11 90"),
    (bcc().status(2, [1])[0], "80 02 05 03 33 B6"),
    (bcc().unlock(1, 1).request, "8A 01 01 11 9A"),
    (cu16().probe(0), "02 00 35 05 80 00 00 03 BE"),
    (cu48().probe(0), "02 00 00 65 07 00 00 00 00 C0 03 30"),
    (cu48("commands=60").probe(0), "02 00 00 75 06 07 00 00 00 00 C0 43"),
]


@pytest.mark.parametrize(("request_", "hexes"), BROKEN)
def test_a_wrong_checksum_is_counted_and_no_frame(request_: Request, hexes: str) -> None:
    found = split(bytes.fromhex(hexes), request_.look)
    assert (found.frames, found.broken) == ([], 1)
