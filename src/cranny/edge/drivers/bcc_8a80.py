"""The 8A/80 family: boards for 2 to 50 locks that are sold under many names, told by the first byte of their frames.

RS-485, 9600 8N1; the last byte of a frame is the XOR of all others. Which value says "shut" depends on how the locks
are wired, and the sources contradict each other there: `shut-bit` has to be looked up at a door.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import reduce
from operator import itemgetter, xor
from typing import Final

from cranny.core.clock import Clock
from cranny.core.rng import Rng
from cranny.edge.drivers import Bench, Driver, Reading
from cranny.edge.drivers._serial.address import BAUDS, LINE, Choice, Options, Settings, Whole, read
from cranny.edge.drivers._serial.bench import Boards, Steel, bitmap, line_bench
from cranny.edge.drivers._serial.dialect import BIT_ORDER, SHUT_BIT, Unlock, is_set
from cranny.edge.drivers._serial.driver import open_driver
from cranny.edge.drivers._serial.line import Request
from cranny.edge.drivers._serial.split import Look, Verdict

UNLOCK, STATUS = 0x8A, 0x80
ON, ASK = 0x11, 0x33
ALL: Final = 0
SHORT: Final = 5
"""Bytes of every frame but the status of a whole board."""
VALUES: Final = (0x00, 0x11)

OPTIONS: Final[Options] = {
    **LINE,
    **SHUT_BIT,
    **BIT_ORDER,
    "baud": Whole(*BAUDS, 9600),
    "channels": Whole(1, 64, None),
    "group-order": Choice(("high-first", "low-first")),
}
"""`group-order`: whether a status begins with the byte of the highest eight locks, or of the lowest."""


def frame(*data: int) -> bytes:
    return bytes(data) + bytes([reduce(xor, data)])


def short(head: int, values: Sequence[int] = VALUES) -> Look:
    """`head board channel value BCC`."""

    def look(data: bytes, at: int) -> int | Verdict:
        found = data[at : at + SHORT]
        if found[0] != head or (len(found) > SHORT - 2 and found[3] not in values):
            return Verdict.NOISE
        return _checked(found, SHORT)

    return look


def whole(groups: int) -> Look:
    """`80 board D… 33 BCC`, a byte for each eight locks."""
    length = groups + 4

    def look(data: bytes, at: int) -> int | Verdict:
        found = data[at : at + length]
        if found[0] != STATUS or (len(found) > length - 2 and found[length - 2] != ASK):
            return Verdict.NOISE
        return _checked(found, length)

    return look


def _checked(found: bytes, length: int) -> int | Verdict:
    if len(found) < length:
        return Verdict.MORE
    return length if frame(*found[:-1]) == found else Verdict.BROKEN


@dataclass(frozen=True, slots=True)
class Bcc:
    settings: Settings

    has_content = False
    checked = True
    units = range(1, 33)

    @property
    def channels(self) -> int:
        return self.settings.number("channels")

    @property
    def groups(self) -> int:
        return -(-self.channels // 8)

    def probe(self, unit: int) -> Request:
        return _request(frame(STATUS, unit, 1, ASK), short(STATUS), 3)

    def setup(self, unit: int) -> Sequence[Request]:  # noqa: ARG002 - there is nothing to set up
        return ()

    def status(self, unit: int, channels: Sequence[int]) -> Sequence[Request]:  # noqa: ARG002 - one for all
        # The status of eight locks has the length of its own question, and all zeros make it the same.
        return (_request(frame(STATUS, unit, ALL, ASK), whole(self.groups), 2, twin=self.groups == 1),)

    def readings(self, channels: Sequence[int], answers: Sequence[bytes]) -> Mapping[int, Reading]:
        bits = answers[0][2:-2]
        if self.settings.word("group-order") == "high-first":
            bits = bits[::-1]
        return {channel: Reading(not is_set(bits, channel, self.settings)) for channel in channels}

    def unlock(self, unit: int, channel: int) -> Unlock:
        # The board answers with the state it sees, or repeats the request: that it answers is all this tells.
        return Unlock(_request(frame(UNLOCK, unit, channel, ON), short(UNLOCK), 3, twin=True))

    def refusal(self, answer: bytes) -> str:  # noqa: ARG002 - it has no way to say no
        return ""


def _request(data: bytes, look: Look, same: int, *, twin: bool = False) -> Request:
    """An answer has the first `same` bytes of its request."""
    return Request(data, look, lambda answer: answer[:same] == data[:same], twin)


async def open_board(address: str, *, clock: Clock, rng: Rng) -> Driver:
    """`address`: a port, `channels=24` and other OPTIONS. Raises Invalid, code `board-address-invalid`, and Conflict,
    code `board-port-busy`."""
    settings = read(address, OPTIONS)
    return await open_driver(settings, Bcc(settings), settings.number("baud"), clock=clock, rng=rng)


# ---------------------------------------------------------------- the other end of the line


def look_at_requests(data: bytes, at: int) -> int | Verdict:
    found = data[at : at + SHORT]
    marks = {UNLOCK: ON, STATUS: ASK}
    if found[0] not in marks or (len(found) > SHORT - 2 and found[3] != marks[found[0]]):
        return Verdict.NOISE
    return _checked(found, SHORT)


def boards(address: str, *, repeats: bool = False) -> Boards:
    """Simulated boards that are wired as `address` says. `repeats`: they answer an unlock by repeating it."""
    settings = read(address, OPTIONS)
    speech = Bcc(settings)
    shut_is_one = settings.word("shut-bit") == "1"

    def answer(request: bytes, steel: Steel) -> bytes:
        head, unit, channel, _, _ = request

        def value(channel: int) -> bool:
            return steel.is_shut((unit, channel)) == shut_is_one

        if head == UNLOCK:
            steel.release((unit, channel))
            return request if repeats else frame(UNLOCK, unit, channel, VALUES[value(channel)])
        if channel != ALL:
            return frame(STATUS, unit, channel, VALUES[value(channel)])
        bits = bitmap(speech.groups, value, settings)
        if settings.word("group-order") == "high-first":
            bits = bits[::-1]
        return frame(STATUS, unit, *bits, ASK)

    return Boards(look_at_requests, itemgetter(1), answer)


@asynccontextmanager
async def bench(*, clock: Clock, rng: Rng) -> AsyncIterator[Bench]:
    """Two boards for 12 locks on one line."""
    async with line_bench(open_board, boards, "channels=12", clock=clock, rng=rng) as found:
        yield found
