"""A board's address on the command line: a port, then words after commas, each checked, each with a default.

`/dev/ttyUSB0,baud=9600,shut-bit=0` or `tcp://10.0.0.5:4001,timeout-ms=500`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from cranny.core.errors import Invalid

_TCP: Final = re.compile(r"tcp://(?:\[(?P<v6>[0-9a-fA-F:.]+)\]|(?P<host>[^\s:/\[\]]+)):(?P<port>\d{1,5})")
_DEVICE: Final = re.compile(r"/\S+|COM\d+")
_LAST_PORT: Final = 65535


@dataclass(frozen=True, slots=True)
class Port:
    """A serial port when `host` is empty."""

    device: str = ""
    host: str = ""
    number: int = 0

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"tcp://{host}:{self.number}" if self.host else self.device


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number from `least` to `most`. Without a default it has to be said."""

    least: int
    most: int
    default: int | None
    step: int = 1

    def __str__(self) -> str:
        return f"a whole number from {self.least} to {self.most}" + (f", in steps of {self.step}" * (self.step > 1))


@dataclass(frozen=True, slots=True)
class Choice:
    """One of these words; the first is the default."""

    words: tuple[str, ...]

    def __str__(self) -> str:
        return " or ".join(self.words)


Options = Mapping[str, Whole | Choice]

LINE: Final[Options] = {
    "timeout-ms": Whole(20, 10_000, 300),
    "unlock-timeout-ms": Whole(20, 10_000, 1500),
    "poll-ms": Whole(20, 10_000, 200),
    "gap-ms": Whole(0, 1000, 5),
    "rest-ms": Whole(0, 10_000, 250),
}
"""How long a board may take to answer, and to an unlock; the pauses between two rounds of questions, two frames,
and two pulses."""
BAUDS: Final = (1200, 115_200)


@dataclass(frozen=True, slots=True)
class Settings:
    """What an address says, defaults filled in."""

    port: Port
    _numbers: Mapping[str, int]
    _words: Mapping[str, str]

    def number(self, name: str) -> int:
        return self._numbers[name]

    def seconds(self, name: str) -> float:
        """Of an option in milliseconds."""
        return self._numbers[name] / 1000

    def word(self, name: str) -> str:
        return self._words[name]


def read(address: str, options: Options) -> Settings:
    """Raises Invalid, code `board-address-invalid`, with a sentence that says what would do."""
    first, *rest = address.split(",")
    said = dict(_pair(word, options) for word in rest)
    if len(said) < len(rest):
        raise _invalid("It says the same twice.")
    numbers, words = {}, {}
    for name, option in options.items():
        if isinstance(option, Choice):
            words[name] = _word(name, said.get(name), option)
        else:
            numbers[name] = _whole(name, said.get(name), option)
    return Settings(_port(first), numbers, words)


def _port(text: str) -> Port:
    if _DEVICE.fullmatch(text):
        return Port(device=text)
    found = _TCP.fullmatch(text)
    if found is None or not 0 < int(found["port"]) <= _LAST_PORT:
        raise _invalid(
            f"It begins with a serial port (/dev/ttyUSB0) or a converter (tcp://10.0.0.5:4001), not {text!r}."
        )
    return Port(host=found["v6"] or found["host"], number=int(found["port"]))


def _pair(word: str, options: Options) -> tuple[str, str]:
    name, equals, value = word.partition("=")
    if not equals or name not in options:
        raise _invalid(f"It does not know {word!r}. There are: {', '.join(sorted(options))}, each with = and a value.")
    return name, value


def _word(name: str, said: str | None, option: Choice) -> str:
    if said is not None and said not in option.words:
        raise _invalid(f"{name} is {option}, not {said!r}.")
    return said or option.words[0]


def _whole(name: str, said: str | None, option: Whole) -> int:
    if said is None:
        if option.default is None:
            raise _invalid(f"It has to say {name}: {option}.")
        return option.default
    if not re.fullmatch(r"[0-9]{1,9}", said) or not option.least <= int(said) <= option.most or int(said) % option.step:
        raise _invalid(f"{name} is {option}, not {said!r}.")
    return int(said)


def _invalid(detail: str) -> Invalid:
    return Invalid(f"The board's address can't be used. {detail}", code="board-address-invalid")
