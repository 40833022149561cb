"""Kerong CU48: 48 locks on a board, 10 boards on a line, a hook contact for each lock.

RS-485, 19200 8N1; frames are summed. An unlock is not answered: whether the board was there is asked afterwards.
Channel 1 is its lock 0. The vendor's paper (v2.1) and other people's programs contradict each other, and no board was
at hand, so both are here: `commands` 50 and 51 by the paper or 60 and 61, and `order` of board and lock in a request.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from cranny.core.clock import Clock
from cranny.core.rng import Rng
from cranny.edge.drivers import Bench, Driver, Reading
from cranny.edge.drivers._serial.address import BAUDS, LINE, Choice, Options, Settings, Whole, read
from cranny.edge.drivers._serial.bench import Boards, Steel, bitmap, line_bench
from cranny.edge.drivers._serial.dialect import BIT_ORDER, SHUT_BIT, Unlock, is_set
from cranny.edge.drivers._serial.driver import open_driver
from cranny.edge.drivers._serial.line import Request
from cranny.edge.drivers._serial.split import Verdict, nothing
from cranny.edge.drivers._serial.sums import STX, framed, is_framed, is_summed, summed

ASK, REPLY = 6, 12
"""Bytes of a request, and of a status."""
BYTES: Final = 6
"""Of locks, in a status."""

OPTIONS: Final[Options] = {
    **LINE,
    **SHUT_BIT,
    **BIT_ORDER,
    "baud": Whole(*BAUDS, 19_200),
    "commands": Choice(("50", "60")),
    "order": Choice(("board-first", "lock-first")),
}


@dataclass(frozen=True, slots=True)
class Words:
    """The bytes of one generation of the board. The paper's status is `02 board lock 65 D1…D6 03 SUM`, the other one
    `02 board 00 75 06 D1…D6 SUM`."""

    status: int
    unlock: int
    status_is: int
    counted: bool

    def reply(self, first: int, second: int, locks: bytes) -> bytes:
        if self.counted:
            return summed(STX, first, second, self.status_is, BYTES, *locks)
        return framed(first, second, self.status_is, *locks)

    def locks(self, reply: bytes) -> bytes:
        return reply[5:11] if self.counted else reply[4:10]


WORDS: Final = {"50": Words(0x50, 0x51, 0x65, counted=False), "60": Words(0x60, 0x61, 0x75, counted=True)}


@dataclass(frozen=True, slots=True)
class Cu48:
    settings: Settings

    has_content = False
    checked = True
    units = range(10)
    channels = 48

    @property
    def words(self) -> Words:
        return WORDS[self.settings.word("commands")]

    def frame(self, unit: int, channel: int, command: int) -> bytes:
        return framed(*self.pair(unit, channel - 1), command)

    def pair(self, unit: int, lock: int) -> tuple[int, int]:
        """The two address bytes, or of these two which is which: the exchange is its own inverse."""
        return (unit, lock) if self.settings.word("order") == "board-first" else (lock, unit)

    def look(self, data: bytes, at: int) -> int | Verdict:
        """Every frame of its generation, in both directions."""
        head = data[at : at + 5]
        if head[0] != STX:
            return Verdict.NOISE
        if len(head) <= 3:  # noqa: PLR2004 - the command is the fourth byte
            return Verdict.MORE
        words = self.words
        if head[3] in (words.status, words.unlock):
            return is_framed(data, at, ASK)
        if head[3] != words.status_is:
            return Verdict.NOISE
        if not words.counted:
            return is_framed(data, at, REPLY)
        return Verdict.NOISE if head[4:] not in (b"", bytes([BYTES])) else is_summed(data, at, REPLY)

    def probe(self, unit: int) -> Request:
        def answers(answer: bytes) -> bool:
            return (self.pair(answer[1], answer[2])[0], answer[3]) == (unit, self.words.status_is)

        return Request(self.frame(unit, 1, self.words.status), self.look, answers)

    def setup(self, unit: int) -> Sequence[Request]:  # noqa: ARG002 - there is nothing to set up
        return ()

    def status(self, unit: int, channels: Sequence[int]) -> Sequence[Request]:  # noqa: ARG002 - one for all
        return (self.probe(unit),)

    def readings(self, channels: Sequence[int], answers: Sequence[bytes]) -> Mapping[int, Reading]:
        locks = self.words.locks(answers[0])
        return {channel: Reading(not is_set(locks, channel, self.settings)) for channel in channels}

    def unlock(self, unit: int, channel: int) -> Unlock:
        data = self.frame(unit, channel, self.words.unlock)
        return Unlock(Request(data, nothing, lambda _: False), "never")

    def refusal(self, answer: bytes) -> str:  # noqa: ARG002 - it says nothing at all
        return ""


async def open_board(address: str, *, clock: Clock, rng: Rng) -> Driver:
    """`address`: a port and OPTIONS. Raises Invalid, code `board-address-invalid`, and Conflict, code
    `board-port-busy`."""
    settings = read(address, OPTIONS)
    return await open_driver(settings, Cu48(settings), settings.number("baud"), clock=clock, rng=rng)


# ---------------------------------------------------------------- the other end of the line


def boards(address: str) -> Boards:
    """Simulated boards that are wired as `address` says."""
    settings = read(address, OPTIONS)
    speech = Cu48(settings)
    shut_is_one = settings.word("shut-bit") == "1"

    def unit_of(request: bytes) -> int:
        return speech.pair(request[1], request[2])[0]

    def answer(request: bytes, steel: Steel) -> bytes:
        unit, lock = speech.pair(request[1], request[2])
        if request[3] == speech.words.unlock:
            steel.release((unit, lock + 1))
            return b""
        locks = bitmap(BYTES, lambda channel: steel.is_shut((unit, channel)) == shut_is_one, settings)
        return speech.words.reply(*speech.pair(unit, 0), locks)

    return Boards(speech.look, unit_of, answer)


@asynccontextmanager
async def bench(*, clock: Clock, rng: Rng) -> AsyncIterator[Bench]:
    """Two boards on one line."""
    async with line_bench(open_board, boards, clock=clock, rng=rng) as found:
        yield found
