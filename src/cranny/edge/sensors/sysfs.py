"""What Linux shows as files under /sys: hwmon chips, 1-wire thermometers (DS18B20), IIO, batteries and power supplies.

The file's name says its unit: hwmon and 1-wire write thousandths (`temp1_input`, `temperature`, `humidity1_input`,
`w1_slave`), a power supply whole percents (`capacity`) or 0 and 1 (`online`).
"""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path, PurePosixPath
from typing import Final

from cranny.core.errors import Invalid
from cranny.edge.sensors import Around, Bench, SensorFault, SensorSilent, Source
from cranny.wire.messages import ChannelGiven
from cranny.wire.sensors import SYSFS

THOUSANDTHS: Final = re.compile(r"(temp|humidity)\d+_input|temperature|w1_slave|in_(temp|humidityrelative)_input")
WHOLE: Final = frozenset({"capacity", "online"})
POWERED_UP: Final = 85_000
"""What a DS18B20 shows before it has measured anything."""
MOST: Final = 4096
_ONE_WIRE: Final = re.compile(r"crc=[0-9a-f]{2} YES\n.*\bt=(-?\d+)", re.DOTALL)


class SysfsFile:
    def __init__(self, channel: ChannelGiven, around: Around) -> None:
        name = PurePosixPath(channel.address).name
        if not SYSFS.fullmatch(channel.address) or not (name in WHOLE or THOUSANDTHS.fullmatch(name)):
            raise Invalid(f"{channel.address!r} is no file that a sensor shows.", code="sensor-address-invalid")
        self._root = around.sysfs
        self._path = around.sysfs / PurePosixPath(channel.address).relative_to("/sys")
        self._one_wire = name == "w1_slave" or "/w1/" in channel.address
        self._thousandths = name not in WHOLE
        self._asked: asyncio.Future[str] | None = None

    async def read(self) -> float:
        """A 1-wire thermometer takes most of a second to answer: not for the event loop. One that hangs holds up its
        own thread only, and no second one."""
        if self._asked is None or self._asked.done():
            self._asked = asyncio.ensure_future(asyncio.to_thread(self._text))
        text = await asyncio.shield(self._asked)
        if self._path.name == "w1_slave":
            found = _ONE_WIRE.search(text)
            if found is None:
                raise SensorFault(f"{self._path} has a wrong checksum.")
            text = found[1]
        try:
            value = int(text)
        except ValueError as error:
            raise SensorFault(f"{self._path} says {text!r:.40}.") from error
        if self._one_wire and value == POWERED_UP:
            raise SensorFault(f"{self._path} has not measured anything yet.")
        return value / 1000 if self._thousandths else float(value)

    async def close(self) -> None:
        """Each reading opens the file anew."""

    def _text(self) -> str:
        try:
            if not self._path.resolve().is_relative_to(self._root.resolve()):
                raise SensorFault(f"{self._path} leads out of {self._root}.")
            with self._path.open("rb") as file:
                return file.read(MOST).decode("ascii", "replace").strip()
        except OSError as error:
            raise SensorSilent(f"{self._path}: {error.strerror}.") from error


def open_source(channel: ChannelGiven, around: Around) -> Source:
    return SysfsFile(channel, around)


class _Hands:
    def __init__(self, path: Path) -> None:
        self._path = path

    def show(self, value: float) -> None:
        self._path.write_text(f"{round(value * 1000)}\n", encoding="ascii")

    def silence(self) -> None:
        self._path.unlink(missing_ok=True)

    def babble(self) -> None:
        self._path.write_text("nan\n", encoding="ascii")

    def lag(self, seconds: float) -> None:  # noqa: ARG002 - what does not come takes any time
        """A file that nobody writes to: whoever opens it waits."""
        self._path.unlink(missing_ok=True)


@asynccontextmanager
async def bench(around: Around) -> AsyncIterator[Bench]:
    path = around.sysfs / "class/hwmon/hwmon0/temp1_input"
    path.parent.mkdir(parents=True)
    channel = ChannelGiven("rack", "temperature", "sysfs", "/sys/class/hwmon/hwmon0/temp1_input")
    yield Bench(open_source(channel, around), _Hands(path), "temperature", lambda: open_source(channel, around))
