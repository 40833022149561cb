"""Whatever a line brings, in whatever pieces: parsers neither crash nor hang nor lose count, and find what is there."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pymodbus.pdu.bit_message import ReadDiscreteInputsRequest

from cranny.core.clock import SystemClock
from cranny.core.rng import SeededRng, SystemRng, pick
from cranny.edge.drivers import bcc_8a80, kerong_cu16, kerong_cu48, winnsen
from cranny.edge.drivers._modbus import boards as modbus_boards
from cranny.edge.drivers._modbus.line import Coil
from cranny.edge.drivers._modbus.rtu import answers_to
from cranny.edge.drivers._serial.address import Port, read
from cranny.edge.drivers._serial.dialect import Dialect
from cranny.edge.drivers._serial.line import Line, Request, _Heard
from cranny.edge.drivers._serial.split import Look, Verdict, echo_of, split

LONGEST: Final = 12
FUZZ_S: Final = 60.0


@dataclass(frozen=True)
class Parser:
    """A board's look, the byte that its frames begin with, frames that it must find, and requests that it serves."""

    look: Look
    head: int
    frames: Sequence[bytes]
    requests: Sequence[Request] = ()


def _dialect(module, kind: Callable[..., Dialect], words: str) -> Dialect:
    return kind(read(f"/dev/tty,{words}", module.OPTIONS))


def _asked(dialect: Dialect) -> list[Request]:
    return [dialect.probe(1), *dialect.setup(1), *dialect.status(1, [1, 2]), dialect.unlock(1, 2).request]


def _bcc(channels: int) -> Parser:
    dialect = _dialect(bcc_8a80, bcc_8a80.Bcc, f"channels={channels}")
    groups = -(-channels // 8)
    frames = [bcc_8a80.frame(0x80, 1, *range(7, 7 + groups), 0x33)]
    return Parser(bcc_8a80.whole(groups), 0x80, frames, _asked(dialect))


_CU16 = [bytes.fromhex(each) for each in ("0210350580000003CF", "0200300335", "02003700370373", "020038033D")]
_CU48 = kerong_cu48.WORDS["50"].reply(1, 0, b"\x07\0\0\0\0\xc0"), bytes.fromhex("020000500355")
_CU48_60 = kerong_cu48.WORDS["60"].reply(1, 0, b"\x07\0\0\0\0\xc0"), bytes.fromhex("020000600365")
_WIN = [bytes.fromhex(each) for each in ("90079201010503", "90078501050103", "900605010103")]

_RTU = [bytes.fromhex(each) for each in ("010202010179E8", "018202C161", "0105020000050C71", "01020000000879CC")]

PARSERS: Final[dict[str, list[Parser]]] = {
    "bcc_8a80": [
        Parser(bcc_8a80.short(0x8A), 0x8A, [bcc_8a80.frame(0x8A, 1, 2, 0x11)]),
        Parser(bcc_8a80.short(0x80), 0x80, [bcc_8a80.frame(0x80, 1, 1, 0x00)]),
        *map(_bcc, (1, 8, 12, 24, 50)),
    ],
    "kerong_cu16": [
        Parser(kerong_cu16.look, 2, _CU16, _asked(_dialect(kerong_cu16, kerong_cu16.Cu16, "pulse-ms=550"))),
    ],
    "kerong_cu48": [
        Parser(_dialect(kerong_cu48, kerong_cu48.Cu48, f"commands={words}").look, 2, frames,
               _asked(_dialect(kerong_cu48, kerong_cu48.Cu48, f"commands={words},order=lock-first")))
        for words, frames in (("50", _CU48), ("60", _CU48_60))
    ],
    "modbus": [
        Parser(answers_to(ReadDiscreteInputsRequest(address=0, count=9, dev_id=1)), 1, _RTU[:2]),
        Parser(answers_to(Coil(0x200, 5, dev_id=1)), 1, _RTU[2:3]),
        Parser(modbus_boards.look, 1, _RTU[2:]),
    ],
    "winnsen": [Parser(winnsen.look, 0x90, _WIN, _asked(_dialect(winnsen, winnsen.Winnsen, "shut-bit=0")))],
}  # fmt: skip
ALL: Final = [parser for parsers in PARSERS.values() for parser in parsers]
LOOKS: Final = [parser.look for parser in ALL] + [
    echo_of(request.data, request.look) for parser in ALL for request in parser.requests
]


def check(look: Look, data: bytes, cuts: Sequence[int]) -> None:
    """What holds for any bytes."""
    whole = split(data, look)
    assert sum(map(len, whole.frames)) + whole.noise + len(whole.rest) == len(data)
    assert len(whole.rest) < LONGEST
    assert whole.broken <= whole.noise
    assert data.endswith(whole.rest)
    # In pieces it is the same.
    frames, rest, noise, broken = [], b"", 0, 0
    for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True):
        part = split(rest + data[start:end], look)
        frames += part.frames
        rest, noise, broken = part.rest, noise + part.noise, broken + part.broken
    assert (frames, rest, noise, broken) == (whole.frames, whole.rest, whole.noise, whole.broken)


def heads(data: bytes) -> bytes:
    """Bytes that begin a frame become likely, and so do their likely second bytes."""
    menu = b"\x02\x80\x8a\x90\x03\x00\x01\x10\x33\x11\x35\x65\x75\x92\x85\x06\x07"
    return bytes(menu[byte % len(menu)] if byte & 0x80 else byte for byte in data)


bytes_of_a_line = st.one_of(st.binary(max_size=60), st.binary(max_size=60).map(heads))
cuts_of_a_line = st.lists(st.integers(0, 60), max_size=8).map(sorted)


@pytest.mark.slow
@settings(max_examples=300)
@given(data=bytes_of_a_line, cuts=cuts_of_a_line)
@example(data=b"\x90\x00\x00\x00\x00\x00\x00", cuts=[])  # a length of nothing was found for ever, once
def test_any_bytes_in_any_pieces(data: bytes, cuts: list[int]) -> None:
    for look in LOOKS:
        check(look, data, [min(cut, len(data)) for cut in cuts])


def test_a_frame_of_no_bytes_is_noise() -> None:
    assert split(b"abc", lambda _data, _at: 0).noise == 3


@given(noise=st.binary(max_size=20), tail=st.binary(max_size=20), which=st.integers(0, len(ALL) - 1), data=st.data())
def test_a_frame_is_found_behind_noise(noise: bytes, tail: bytes, which: int, data: st.DataObject) -> None:
    parser = ALL[which]
    frame = data.draw(st.sampled_from(parser.frames))
    noise = noise.replace(bytes([parser.head]), b"")
    found = split(noise + frame + tail, parser.look)
    assert found.frames[0] == frame


@given(which=st.integers(0, len(ALL) - 1), data=st.data())
def test_a_frame_with_a_wrong_byte_is_no_frame(which: int, data: st.DataObject) -> None:
    """Where frames have a checksum; Winnsen's have none."""
    parser = ALL[which]
    frame = bytearray(data.draw(st.sampled_from(parser.frames)))
    if frame[0] == winnsen.HEAD:
        return
    place, flip = data.draw(st.integers(0, len(frame) - 1)), data.draw(st.integers(1, 255))
    frame[place] ^= flip
    assert bytes(frame) not in split(bytes(frame), parser.look).frames


@given(data=bytes_of_a_line, which=st.integers(0, len(ALL) - 1))
def test_more_is_asked_for_only_while_a_frame_may_still_come(data: bytes, which: int) -> None:
    if data and ALL[which].look(data, 0) is Verdict.MORE:
        assert len(data) < LONGEST
        longer = data + bytes(LONGEST)
        assert ALL[which].look(longer, 0) is not Verdict.MORE


def line_hears(request: Request, pieces: Sequence[bytes], *, echo: bool | None) -> None:
    """A line that waits for an answer takes nothing for one that isn't."""
    line = Line(Port(device="/dev/none"), baud=9600, gap_s=0.0, clock=SystemClock(), rng=SeededRng(1))
    line.echo = echo
    heard, tally = _Heard(), line.tally(1)
    for piece in pieces:
        answer = line._sift(heard, piece, request, tally)
        assert answer is None or request.answers(answer)
        assert len(heard.rest) < LONGEST


@given(
    pieces=st.lists(bytes_of_a_line, max_size=6),
    which=st.integers(0, len(ALL) - 1),
    echo=st.sampled_from([None, False, True]),
)
def test_any_bytes_on_a_line_that_waits(pieces: list[bytes], which: int, *, echo: bool | None) -> None:
    for request in ALL[which].requests:
        line_hears(request, pieces, echo=echo)


@pytest.mark.prove
@pytest.mark.parametrize("name", PARSERS)
def test_a_minute_of_bad_line(name: str) -> None:
    """Frames, broken, torn, doubled, run together and strewn with noise, in random pieces."""
    clock, seed = SystemClock(), SystemRng().bytes(8).hex()
    print(f"seed {seed}")  # noqa: T201 - shown when it fails
    rng, lines, until = SeededRng(seed), 0, clock.monotonic() + FUZZ_S
    while clock.monotonic() < until:
        for parser in PARSERS[name]:
            data = b"".join(_piece(rng, parser) for _ in range(1 + rng.below(8)))
            cuts = sorted(rng.below(len(data) + 1) for _ in range(rng.below(10)))
            check(parser.look, data, cuts)
            pieces = [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]
            for request in parser.requests:
                check(echo_of(request.data, request.look), data, cuts)
                line_hears(request, pieces, echo=pick(rng, (None, False, True)))
            lines += 1
    assert lines > 1000


def _piece(rng: SeededRng, parser: Parser) -> bytes:
    frame = bytearray(pick(rng, [*parser.frames, *(request.data for request in parser.requests)]))
    match rng.below(6):
        case 0:
            frame[rng.below(len(frame))] ^= 1 + rng.below(255)
        case 1:
            del frame[rng.below(len(frame)) :]
        case 2:
            del frame[: rng.below(len(frame))]
        case 3:
            frame[:] = rng.bytes(rng.below(30))
        case 4:
            frame[:] = heads(rng.bytes(rng.below(30)))
        case _:
            pass
    return bytes(frame)
