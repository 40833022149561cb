"""Winnsen-style boards: 16 locks on a board, asked and released one by one.

RS-485, 9600 8N1, frames `90 LEN FUNCTION STATION … 03` without any checksum: only what answers the question that was
just asked, station and lock included, counts, and a damaged byte that still looks right can't be told. A lock that was
released too often in a short time cools down, and the board says so.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from operator import itemgetter
from typing import Final

from cranny.core.clock import Clock
from cranny.core.rng import Rng
from cranny.edge.drivers import Bench, Driver, Reading
from cranny.edge.drivers._serial.address import BAUDS, LINE, Choice, Options, Settings, Whole, read
from cranny.edge.drivers._serial.bench import Boards, Steel, line_bench
from cranny.edge.drivers._serial.dialect import Unlock
from cranny.edge.drivers._serial.driver import open_driver
from cranny.edge.drivers._serial.line import Request
from cranny.edge.drivers._serial.split import Verdict

HEAD: Final = 0x90
END: Final = 0x03
UNLOCK, STATUS = 0x05, 0x12
REPLY: Final = 0x80
"""Added to the function of what is answered."""
LENGTHS: Final = {UNLOCK: 6, STATUS: 6, UNLOCK | REPLY: 7, STATUS | REPLY: 7}
COOLING: Final = 0x02
LOCKS: Final = range(1, 17)
STATES: Final = range(3)

OPTIONS: Final[Options] = {
    **LINE,
    "shut-bit": Choice(("0", "1")),
    "baud": Whole(*BAUDS, 9600),
}


def frame(function: int, *data: int) -> bytes:
    return bytes([HEAD, len(data) + 4, function, *data, END])


def look(data: bytes, at: int) -> int | Verdict:
    """Every frame of this family, in both directions."""
    found = data[at : at + 7]
    if found[0] != HEAD:
        return Verdict.NOISE
    if len(found) <= 2:  # noqa: PLR2004 - the function is the third byte
        return Verdict.MORE if found[1:] in (b"", b"\x06", b"\x07") else Verdict.NOISE
    length = found[1]
    if length != LENGTHS.get(found[2]):
        return Verdict.NOISE
    if len(found) < length:
        return Verdict.MORE
    return length if found[length - 1] == END else Verdict.NOISE


@dataclass(frozen=True, slots=True)
class Winnsen:
    settings: Settings

    has_content = False
    checked = False
    units = range(1, 65)
    channels = len(LOCKS)

    def probe(self, unit: int) -> Request:
        return _status(unit, 1)

    def setup(self, unit: int) -> Sequence[Request]:  # noqa: ARG002 - there is nothing to set up
        return ()

    def status(self, unit: int, channels: Sequence[int]) -> Sequence[Request]:
        return [_status(unit, channel) for channel in channels]

    def readings(self, channels: Sequence[int], answers: Sequence[bytes]) -> Mapping[int, Reading]:
        """Without those that are cooling down: where such a lock's door is, the answer does not say."""
        shut = int(self.settings.word("shut-bit"))
        return {
            channel: Reading(answer[4] != shut)
            for channel, answer in zip(channels, answers, strict=True)
            if answer[4] != COOLING
        }

    def unlock(self, unit: int, channel: int) -> Unlock:
        def answers(answer: bytes) -> bool:
            return answer[2:5] == bytes([UNLOCK | REPLY, unit, channel]) and answer[5] in STATES

        return Unlock(Request(frame(UNLOCK, unit, channel), look, answers))

    def refusal(self, answer: bytes) -> str:
        # 00 is no refusal: the board says that it saw nothing open, not that it released nothing.
        return "it was released too often and has to cool down." if answer[5] == COOLING else ""


def _status(unit: int, channel: int) -> Request:
    def answers(answer: bytes) -> bool:  # here the state comes before the lock, and not after it
        return (answer[2:4], answer[5]) == (bytes([STATUS | REPLY, unit]), channel) and answer[4] in STATES

    return Request(frame(STATUS, unit, channel), look, answers)


async def open_board(address: str, *, clock: Clock, rng: Rng) -> Driver:
    """`address`: a port and OPTIONS. Raises Invalid, code `board-address-invalid`, and Conflict, code
    `board-port-busy`."""
    settings = read(address, OPTIONS)
    return await open_driver(settings, Winnsen(settings), settings.number("baud"), clock=clock, rng=rng)


# ---------------------------------------------------------------- the other end of the line


def boards(address: str, *, tires_after: int = 1_000_000) -> Boards:
    """Simulated boards that are wired as `address` says. A lock that was released `tires_after` times cools down."""
    settings = read(address, OPTIONS)
    shut = int(settings.word("shut-bit"))

    def answer(request: bytes, steel: Steel) -> bytes:
        _, _, function, unit, channel, _ = request
        tired = steel.pulses((unit, channel)) >= tires_after
        state = COOLING if tired else shut if steel.is_shut((unit, channel)) else 1 - shut
        if function == STATUS:
            return frame(STATUS | REPLY, unit, state, channel)
        if not tired:
            steel.release((unit, channel))
        return frame(UNLOCK | REPLY, unit, channel, state)

    return Boards(look, itemgetter(3), answer)


@asynccontextmanager
async def bench(*, clock: Clock, rng: Rng) -> AsyncIterator[Bench]:
    """Two boards on one line."""
    async with line_bench(open_board, boards, clock=clock, rng=rng) as found:
        yield found
