"""What one kind of board adds to the line: the meaning of its bytes. All of it is pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol

from cranny.edge.drivers import Reading
from cranny.edge.drivers._serial.address import Choice, Options, Settings
from cranny.edge.drivers._serial.line import Request

BIT: Final = Choice(("1", "0"))
SHUT_BIT: Final[Options] = {"shut-bit": BIT}
"""What a board sends for a door that is shut: it follows from how its contact is wired, so look at one door."""
BIT_ORDER: Final[Options] = {"bit-order": Choice(("low-first", "high-first"))}
"""Whether bit 0 of a byte is the lowest of its eight locks, or the highest."""


@dataclass(frozen=True, slots=True)
class Unlock:
    """How to release a lock. `answered`: `always` by a frame, `maybe`, as its firmware likes, or `never`. Where no
    frame says so, a question that is answered afterwards proves that the board was there to hear it."""

    request: Request
    answered: Literal["always", "maybe", "never"] = "always"


class Dialect(Protocol):
    @property
    def has_content(self) -> bool: ...

    @property
    def checked(self) -> bool:
        """Whether its frames have a checksum."""
        ...

    @property
    def units(self) -> range:
        """Addresses that such a board can have."""
        ...

    @property
    def channels(self) -> int:
        """Locks on a board, counted from 1."""
        ...

    def probe(self, unit: int) -> Request:
        """A question whose answer never has the same bytes as itself."""
        ...

    def setup(self, unit: int) -> Sequence[Request]:
        """What a board is told once on every new connection. Nothing that moves a lock."""
        ...

    def status(self, unit: int, channels: Sequence[int]) -> Sequence[Request]:
        """Questions about these locks."""
        ...

    def readings(self, channels: Sequence[int], answers: Sequence[bytes]) -> Mapping[int, Reading]:
        """By channel, what the answers to `status` say, in its order."""
        ...

    def unlock(self, unit: int, channel: int) -> Unlock: ...

    def refusal(self, answer: bytes) -> str:
        """Why the board refuses to release the lock just now, by its answer to `unlock`. Empty when it does not."""
        ...


def is_set(data: bytes, channel: int, settings: Settings, shut: str = "shut-bit") -> bool:
    """Whether a bitmap, its byte for the locks 1 to 8 first, says of this lock what the option `shut` calls true."""
    byte, bit = divmod(channel - 1, 8)
    place = bit if settings.word("bit-order") == "low-first" else 7 - bit
    return bool(data[byte] >> place & 1) == (settings.word(shut) == "1")
