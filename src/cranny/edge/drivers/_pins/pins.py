"""The pins of a small computer: which are locks and which are doors, and two ways to get at them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Literal, Protocol

from gpiozero import DigitalInputDevice, DigitalOutputDevice

from cranny.core.errors import Invalid

Level = Literal["high", "low"]


@dataclass(frozen=True, slots=True)
class PinMap:
    """Channel n is the n-th pin of `locks` and of `doors`. `release` is the level that releases a lock, `shut` the one
    that a shut door shows; inputs are pulled to the other one, so that a broken wire reads as an open door."""

    locks: tuple[int, ...]
    doors: tuple[int, ...]
    release: Level = "high"
    shut: Level = "low"
    pulse_ms: int = 300
    debounce_ms: int = 50
    chip: str = ""
    """A character device for libgpiod; without one gpiozero takes the pins of the Raspberry Pi that it finds."""


class Pins(Protocol):
    """Locks are driven to rest when they are taken. Raises OSError when the pins are gone."""

    def hold(self, lock: int, *, released: bool) -> None: ...

    def shut(self) -> list[bool]:
        """Whether each door is shut, in order."""
        ...

    def close(self) -> None: ...


TakePins = Callable[[PinMap], Pins]


class ZeroPins:
    """By gpiozero. `factory` is None for the one of the machine that it runs on."""

    def __init__(self, where: PinMap, factory: Any | None = None) -> None:
        self._locks = [
            DigitalOutputDevice(pin, active_high=where.release == "high", initial_value=False, pin_factory=factory)
            for pin in where.locks
        ]
        self._doors = [DigitalInputDevice(pin, pull_up=where.shut == "low", pin_factory=factory) for pin in where.doors]

    def hold(self, lock: int, *, released: bool) -> None:
        self._locks[lock].value = released

    def shut(self) -> list[bool]:
        return [bool(door.value) for door in self._doors]

    def close(self) -> None:
        for device in [*self._locks, *self._doors]:
            device.close()


class ChipPins:
    """By libgpiod (the extra `boards`). The kernel gives a line to one program only."""

    def __init__(self, where: PinMap) -> None:
        import gpiod
        from gpiod.line import Bias, Direction, Value

        self._active = Value.ACTIVE
        self._inactive = Value.INACTIVE
        self._where = where
        lock = gpiod.LineSettings(
            direction=Direction.OUTPUT, active_low=where.release == "low", output_value=Value.INACTIVE
        )
        door = gpiod.LineSettings(
            direction=Direction.INPUT,
            active_low=where.shut == "low",
            bias=Bias.PULL_UP if where.shut == "low" else Bias.PULL_DOWN,
            debounce_period=timedelta(milliseconds=where.debounce_ms),
        )
        config = {where.locks: lock, where.doors: door}
        self._lines = gpiod.request_lines(where.chip, consumer="cranny", config=config)

    def hold(self, lock: int, *, released: bool) -> None:
        self._lines.set_value(self._where.locks[lock], self._active if released else self._inactive)

    def shut(self) -> list[bool]:
        return [value is self._active for value in self._lines.get_values(list(self._where.doors))]

    def close(self) -> None:
        self._lines.release()


_WORDS: Final = {"release": ("high", "low"), "shut": ("high", "low")}
_BOUNDS: Final = {"pulse_ms": (20, 2000), "debounce_ms": (0, 1000)}


def read_pins(address: str) -> PinMap:
    """`locks=17+27,doors=5+6` and the other fields of `PinMap`. Raises Invalid, code `board-address-invalid`."""
    given: dict[str, Any] = {}
    for word in address.split(","):
        name, _, text = word.partition("=")
        given[name.replace("-", "_")] = _value(name.replace("-", "_"), text)
    locks, doors = given.get("locks", ()), given.get("doors", ())
    if not locks or len(locks) != len(doors) or len({*locks, *doors}) != 2 * len(locks):
        raise _wrong("locks and doors name a pin for each channel, and no pin twice: locks=17+27,doors=5+6")
    return PinMap(**given)


def _value(name: str, text: str) -> object:
    if name in ("locks", "doors"):
        return _numbers(name, text.split("+"))
    if name == "chip" and text.startswith("/dev/"):
        return text
    if name in _WORDS and text in _WORDS[name]:
        return text
    if name in _BOUNDS and text.isascii() and text.isdecimal():
        low, high = _BOUNDS[name]
        if low <= int(text) <= high:
            return int(text)
    raise _wrong(f"{name}={text} can't be meant")


def _numbers(name: str, texts: Sequence[str]) -> tuple[int, ...]:
    if not all(text.isascii() and text.isdecimal() and int(text) < 1024 for text in texts):  # noqa: PLR2004 - lines of a chip
        raise _wrong(f"{name} are numbers of pins with + between them")
    return tuple(int(text) for text in texts)


def _wrong(what: str) -> Invalid:
    return Invalid(f"A GPIO board's address can't be read: {what}. See docs/boards.md.", code="board-address-invalid")
