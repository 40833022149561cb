"""What sensors measure, in which unit, and where they can be: words that bank and server share. Pure.

On the wire a value is a whole number of hundredths of its unit: 412 is 4.12 °C. What is only on or off is 100 or 0.
"""

import re
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import parse_qsl, urlsplit

from cranny.core.errors import Invalid

Measure = Literal["temperature", "humidity", "mains", "battery", "tamper"]
"""`mains`: 100 while there is power from outside. `tamper`: 100 while the cabinet itself stands open."""
Trouble = Literal[
    "too_warm",
    "too_cold",
    "too_humid",
    "too_dry",
    "mains_lost",
    "battery_low",
    "tampered",
    "sensor_silent",
]
"""What an alarm of a sensor says. `sensor_silent`: nothing, or nothing that can be true, was read for some time."""
MEASURES: Final[tuple[Measure, ...]] = ("temperature", "humidity", "mains", "battery", "tamper")
UNITS: Final[dict[Measure, str]] = {"temperature": "°C", "humidity": "%", "mains": "", "battery": "%", "tamper": ""}
HUNDREDTHS: Final = 100
PLAUSIBLE: Final[dict[Measure, tuple[int, int]]] = {
    "temperature": (-60, 90),
    "humidity": (0, 100),
    "mains": (0, 1),
    "battery": (0, 100),
    "tamper": (0, 1),
}
"""In whole units. A reading outside is no reading: a broken wire, another unit, a factor of ten."""
LIMITED: Final[frozenset[Measure]] = frozenset({"temperature", "humidity", "battery"})
"""Those that may be given limits of their own."""
SOURCES: Final = ("board", "modbus", "simulated", "sysfs")
"""A file each in `edge/sensors`."""
SYSFS: Final = re.compile(r"/sys/[A-Za-z0-9_./:@+-]{1,180}")
BOARD: Final = re.compile(r"(?P<unit>\d{1,3})/(?P<channel>\d{1,3})(?P<inverted>,inverted)?")
SIMULATED: Final = re.compile(r"(?P<name>[A-Za-z0-9_-]{1,32})(,(?P<usual>-?\d{1,3}))?")

_PARITIES: Final = ("N", "E", "O")
_BAUDS: Final = (1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200)


@dataclass(frozen=True, slots=True)
class ModbusAddress:
    """Where one value is: `line` is `tcp://host:port` or `rtu:///dev/ttyUSB1?baud=…&parity=…`, the rest is on it.
    `factor`: the register holds the value times so many. `signed`: two's complement of 16 bits."""

    line: str
    unit: int
    register: int
    factor: int
    signed: bool
    holding: bool

    @property
    def host(self) -> tuple[str, int]:
        """Of a TCP line."""
        parts = urlsplit(self.line)
        return parts.hostname or "", parts.port or 502

    @property
    def port(self) -> tuple[str, int, str]:
        """Of a serial line: (device, baud, parity)."""
        parts = urlsplit(self.line)
        words = dict(parse_qsl(parts.query))
        return parts.path, int(words["baud"]), words["parity"]


def read_modbus(text: str) -> ModbusAddress:
    """`tcp://10.0.0.5:502?unit=1&register=1&factor=10` or `rtu:///dev/ttyUSB1?baud=9600&unit=2&register=1`. Also
    `signed=0`, `table=holding`, and for a serial line `parity=E`. Raises Invalid, code `sensor-address-invalid`."""
    try:
        parts = urlsplit(text)
        words = dict(parse_qsl(parts.query, strict_parsing=True))
        port = parts.port or 502
    except ValueError as error:
        raise _wrong("modbus", text) from error
    serial = parts.scheme == "rtu" and parts.path.startswith("/dev/") and not parts.netloc
    network = parts.scheme == "tcp" and bool(parts.hostname) and parts.path in ("", "/")
    known = {"unit", "register", "factor", "signed", "table"} | ({"baud", "parity"} if serial else set())
    if not (serial or network) or not words.keys() <= known or not {"unit", "register"} <= words.keys():
        raise _wrong("modbus", text)
    unit, register, factor, baud = (
        _whole(words.get(word, usual), "modbus", text)
        for word, usual in (("unit", ""), ("register", ""), ("factor", "10"), ("baud", "9600"))
    )
    parity, signed, table = words.get("parity", "N"), words.get("signed", "1"), words.get("table", "input")
    good = 1 <= unit <= 247 and register <= 0xFFFF and factor in (1, 10, 100, 1000)  # noqa: PLR2004 - Modbus' own limits
    if not good or baud not in _BAUDS or parity not in _PARITIES or signed not in "01" or table not in _TABLES:
        raise _wrong("modbus", text)
    line = f"rtu://{parts.path}?baud={baud}&parity={parity}" if serial else f"tcp://{parts.hostname}:{port}"
    return ModbusAddress(line, unit, register, factor, signed == "1", table == "holding")


_TABLES: Final = ("input", "holding")


def check_address(source: str, text: str) -> None:
    """Raises Invalid, code `sensor-address-invalid`, with what belongs there."""
    if source == "modbus":
        read_modbus(text)
        return
    pattern = {"sysfs": SYSFS, "board": BOARD, "simulated": SIMULATED}[source]
    if not pattern.fullmatch(text) or ".." in text:
        raise _wrong(source, text)


def _whole(word: str, source: str, text: str) -> int:
    if not word.isascii() or not word.isdigit() or len(word) > 6:  # noqa: PLR2004 - no number here is longer
        raise _wrong(source, text)
    return int(word)


_LIKE: Final = {
    "modbus": "tcp://10.0.0.5:502?unit=1&register=1&factor=10 or rtu:///dev/ttyUSB1?baud=9600&unit=1&register=1",
    "sysfs": "/sys/class/hwmon/hwmon0/temp1_input",
    "board": "unit/channel of a spare input such as 4/16, with `,inverted` when it is closed in the good state",
    "simulated": "a name such as E, and after a comma what it usually shows: E,4",
}


def _wrong(source: str, text: str) -> Invalid:
    return Invalid(
        f"{text!r:.80} is no address of a {source} sensor; it looks like {_LIKE[source]}.",
        code="sensor-address-invalid",
    )
