"""Kerong KR-CU16: 16 locks on a board, 16 boards on a line, a hook contact and an infrared sensor for each lock.

RS-485 or a converter, 19200 8N1 from the factory; the last byte of a frame is the sum of all others. In an address
the high half is the board (0 to 15, by its switches) and the low half the lock, counted from 0: channel 1 is lock 0.
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
from cranny.edge.drivers._serial.dialect import BIT, BIT_ORDER, SHUT_BIT, Unlock, is_set
from cranny.edge.drivers._serial.driver import open_driver
from cranny.edge.drivers._serial.line import Request
from cranny.edge.drivers._serial.split import Verdict
from cranny.edge.drivers._serial.sums import STX, framed, is_framed

STATUS, UNLOCK, SET_PULSE = 0x30, 0x31, 0x37
STATUS_IS, PULSE_IS = 0x35, 0x38
LENGTHS: Final = {STATUS: 5, UNLOCK: 5, SET_PULSE: 7, STATUS_IS: 9}
BRIEF, FULL = 5, 7
"""What confirms a pulse time has one of these lengths: the sources do not say which."""
PULSE_STEP_MS: Final = 10

OPTIONS: Final[Options] = {
    **LINE,
    **SHUT_BIT,
    **BIT_ORDER,
    "unlock-timeout-ms": Whole(20, 10_000, 300),
    "baud": Whole(*BAUDS, 19_200),
    "content": Choice(("none", "infrared")),
    "full-bit": BIT,
    "unlock-reply": Choice(("maybe", "always", "never")),
    "pulse-ms": Whole(0, 60_000, 0, step=PULSE_STEP_MS),
}
"""`content`: whether the infrared sensors are fitted. `unlock-reply`: whether the firmware answers an unlock.
`pulse-ms`: how long the lock gets current; 0 leaves the board as it is."""


def frame(unit: int, channel: int, command: int, *data: int) -> bytes:
    return framed(unit << 4 | (channel - 1), command, *data)


def look(data: bytes, at: int) -> int | Verdict:
    """Every frame of this family, in both directions."""
    head = data[at : at + 3]
    if head[0] != STX:
        return Verdict.NOISE
    if len(head) <= 2:  # noqa: PLR2004 - the command is the third byte
        return Verdict.MORE
    if head[2] == PULSE_IS:
        brief = is_framed(data, at, BRIEF)
        return brief if brief == BRIEF or brief is Verdict.MORE else is_framed(data, at, FULL)
    return is_framed(data, at, LENGTHS[head[2]]) if head[2] in LENGTHS else Verdict.NOISE


@dataclass(frozen=True, slots=True)
class Cu16:
    settings: Settings

    checked = True
    units = range(16)
    channels = 16

    @property
    def has_content(self) -> bool:
        return self.settings.word("content") == "infrared"

    def probe(self, unit: int) -> Request:
        return _request(unit, frame(unit, 1, STATUS), STATUS_IS)

    def setup(self, unit: int) -> Sequence[Request]:
        steps = self.settings.number("pulse-ms") // PULSE_STEP_MS
        return (_request(unit, frame(unit, 1, SET_PULSE, *steps.to_bytes(2)), PULSE_IS),) if steps else ()

    def status(self, unit: int, channels: Sequence[int]) -> Sequence[Request]:  # noqa: ARG002 - one for all
        return (self.probe(unit),)

    def readings(self, channels: Sequence[int], answers: Sequence[bytes]) -> Mapping[int, Reading]:
        hooks, infrared = answers[0][3:5], answers[0][5:7]
        return {
            channel: Reading(
                not is_set(hooks, channel, self.settings),
                content=is_set(infrared, channel, self.settings, "full-bit") if self.has_content else None,
            )
            for channel in channels
        }

    def unlock(self, unit: int, channel: int) -> Unlock:
        request = _request(unit, frame(unit, channel, UNLOCK), STATUS_IS)
        match self.settings.word("unlock-reply"):
            case "always":
                return Unlock(request)
            case "never":
                return Unlock(request, "never")
            case _:
                return Unlock(request, "maybe")

    def refusal(self, answer: bytes) -> str:  # noqa: ARG002 - it has no way to say no
        return ""


def _request(unit: int, data: bytes, answered_by: int) -> Request:
    return Request(data, look, lambda answer: (answer[1] >> 4, answer[2]) == (unit, answered_by))


async def open_board(address: str, *, clock: Clock, rng: Rng) -> Driver:
    """`address`: a port and OPTIONS. Raises Invalid, code `board-address-invalid`, and Conflict, code
    `board-port-busy`."""
    settings = read(address, OPTIONS)
    return await open_driver(settings, Cu16(settings), settings.number("baud"), clock=clock, rng=rng)


# ---------------------------------------------------------------- the other end of the line


def boards(address: str) -> Boards:
    """Simulated boards that are wired as `address` says."""
    settings = read(address, OPTIONS)
    shut_is_one, full_is_one = settings.word("shut-bit") == "1", settings.word("full-bit") == "1"

    def answer(request: bytes, steel: Steel) -> bytes:
        unit, lock, command = request[1] >> 4, request[1] & 0xF, request[2]
        if command == SET_PULSE:
            return frame(unit, 1, PULSE_IS)
        if command == UNLOCK:
            steel.release((unit, lock + 1))
            if settings.word("unlock-reply") == "never":
                return b""
        hooks = bitmap(2, lambda channel: steel.is_shut((unit, channel)) == shut_is_one, settings)
        infrared = bitmap(2, lambda channel: steel.is_full((unit, channel)) == full_is_one, settings)
        return frame(unit, 1, STATUS_IS, *hooks, *infrared)

    return Boards(look, lambda request: request[1] >> 4, answer)


@asynccontextmanager
async def bench(*, clock: Clock, rng: Rng) -> AsyncIterator[Bench]:
    """Two boards with infrared sensors on one line."""
    async with line_bench(open_board, boards, "content=infrared", clock=clock, rng=rng) as found:
        yield found
