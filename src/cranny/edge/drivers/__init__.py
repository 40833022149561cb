"""A FILE IS A BOARD. A driver pulses locks and reads sensors; what that means for people is decided elsewhere.

Listing this folder is the registry. A board's module has `open_board(address, *, clock, rng)` and, for the contract
test that every board must pass, `bench(*, clock, rng)`: the driver on a simulated line, with hands at the doors.
"""

import importlib
import pkgutil
from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Protocol, cast, runtime_checkable

from cranny.core.clock import Clock
from cranny.core.errors import CrannyError, NotFound
from cranny.core.rng import Rng

Address = tuple[int, int]
"""(unit, channel): which board on the line, which lock on the board."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What the sensors of one compartment say. `latched` and `content` are None where nobody can tell."""

    door_open: bool
    latched: bool | None = None
    content: bool | None = None

    @property
    def secured(self) -> bool:
        """Shut, and held by the latch where the latch can be read."""
        return not self.door_open and self.latched is not False


Changed = Callable[[Address, Reading | None], None]
"""None: this one can't be seen any more, while others on the line still can."""


@dataclass(slots=True)
class Tally:
    """What went to and fro between us and one board since the program started: where a bad cable shows."""

    requests: int = 0
    timeouts: int = 0
    checksum_errors: int = 0
    noise_bytes: int = 0
    """Bytes that belong to no frame."""
    late_bytes: int = 0
    """Bytes that came when nobody waited for them any more. They count for nothing."""
    echoes: int = 0
    """Requests of our own that came back."""


@dataclass(frozen=True, slots=True)
class Meters:
    """How a line does. `boards` is by unit, and empty where there is no line."""

    connected: bool = True
    connections: int = 0
    boards: Mapping[int, Tally] = field(default_factory=dict)


class BoardSilent(CrannyError):
    """No answer in time. Whether the command arrived is not known."""

    code = "board-silent"
    status = 503
    retry = True


class BoardFault(CrannyError):
    """The board says no: nothing was released. `permanent` when trying again can't help."""

    code = "board-fault"
    status = 503

    def __init__(self, detail: str, *, permanent: bool) -> None:
        super().__init__(detail, retry=not permanent)
        self.permanent = permanent


class Driver(Protocol):
    """One line of lock boards. Calls may overlap: the driver puts them in order on its line."""

    @property
    def has_content(self) -> bool:
        """Whether anything is seen inside a compartment."""
        ...

    @property
    def has_latch(self) -> bool: ...

    @property
    def meters(self) -> Meters: ...

    def fit(self, addresses: Collection[Address]) -> None:
        """The channels in use, from the bank's layout. May be called again."""
        ...

    async def pulse(self, unit: int, channel: int) -> None:
        """Release one lock, once, now. Returns when the board took the command: that is not yet an open door.
        Never tries again by itself, and never later than it raises. Raises BoardSilent, BoardFault."""
        ...

    async def read(self) -> Mapping[Address, Reading]:
        """Every channel in use of every board that answers. Raises BoardSilent when not one does."""
        ...

    async def watch(self, changed: Changed) -> None:
        """Tell every channel's reading, then every change of one, until cancelled. Of a board that falls silent alone
        it tells None. Raises BoardSilent when the whole line does: from then on nothing is known."""
        ...

    async def close(self) -> None: ...


@runtime_checkable
class Beeper(Protocol):
    """A cabinet that can be heard; most boards have none."""

    async def beep(self) -> None:
        """Sound once, for a moment. Raises BoardSilent, BoardFault."""
        ...


class Hands(Protocol):
    """What a person, or bad luck, does at the doors of a simulated line."""

    def put(self, address: Address, thing: object = ...) -> None:
        """Raises Refused when the door is not open."""
        ...

    def take(self, address: Address) -> list[object]: ...

    def shut(self, address: Address) -> None: ...

    def force(self, address: Address) -> None:
        """Open the door without the lock's consent."""
        ...

    def jam(self, address: Address, *, jammed: bool = True) -> None:
        """A jammed door does not open when it is pulsed."""
        ...

    def power(self, *, on: bool) -> None: ...

    def pulses(self, address: Address) -> int:
        """How often this lock was released."""
        ...


class Line(Protocol):
    """Bad luck between a controller and the boards of a simulated line."""

    noise: bytes
    """Comes before every answer."""
    echo: bool
    """What is sent comes back."""
    mute: set[int]
    """Boards that hear and do, and do not answer."""
    spoiled: int
    """So many of the next answers have a wrong byte at their end, where checksums are."""
    torn: int
    """So many of the next answers stop in their middle."""
    byte_s: float
    """Between two bytes of an answer."""
    late_s: float
    """Before an answer."""

    async def unplug(self) -> None:
        """The cable is pulled out."""
        ...

    async def plug(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Bench:
    """`line` is None where there is no line that could be disturbed."""

    driver: Driver
    hands: Hands
    line: Line | None = None


class Board(Protocol):
    """A board's module."""

    async def open_board(self, address: str, *, clock: Clock, rng: Rng) -> Driver:
        """`address` is the board's own: a serial port, a host and port, or nothing. Raises Invalid."""
        ...

    def bench(self, *, clock: Clock, rng: Rng) -> AbstractAsyncContextManager[Bench]: ...


def names() -> list[str]:
    """Every board there is."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_"))


def load(name: str) -> Board:
    """The board's module. Raises NotFound, code `board-unknown`."""
    if name not in names():
        raise NotFound(f"There is no board called {name!r}. There are: {', '.join(names())}.", code="board-unknown")
    return cast("Board", importlib.import_module(f"{__name__}.{name}"))
