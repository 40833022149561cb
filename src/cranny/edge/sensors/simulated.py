"""A climate of no air at all: fridges that hum, fail and are mended, mains that go out.

It is a function of time and of one small file, so it outlives the controller as a real climate does, and hands outside
the process can change it. JSON: by the sensor's name what is unusual about it. A file that is not there is a fine day.
"""

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import msgspec

from cranny.core.clock import millis
from cranny.core.errors import Invalid
from cranny.edge.sensors import Around, Bench, SensorFault, SensorSilent, Source
from cranny.wire.messages import ChannelGiven
from cranny.wire.sensors import SIMULATED, Measure

ROOM: Final = 24.0
"""Degrees around the cabinet, which a dead fridge comes to."""
WARMS_MS: Final = 90 * 60_000.0
COOLS_MS: Final = 35 * 60_000.0
"""In which a difference of temperature shrinks to a third, without and with the compressor."""
HUM_MS: Final = 17 * 60_000.0
"""From one start of the compressor to the next."""
HUMS: Final = 0.6
USUAL: Final[dict[Measure, float]] = {
    "temperature": 4.0,
    "humidity": 45.0,
    "mains": 1.0,
    "battery": 100.0,
    "tamper": 0.0,
}


class Unit(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is unusual. `reads` is shown whatever the physics say; moments in milliseconds since 1970, None: never."""

    reads: float | None = None
    silent: bool = False
    babbles: bool = False
    slow_s: float = 0.0
    fails_ms: int | None = None
    mended_ms: int | None = None


def degrees(usual: float, unit: Unit, at_ms: int) -> float:
    """What a fridge that is set to `usual` has at a moment."""
    hum = HUMS * math.sin(2 * math.pi * (at_ms % HUM_MS) / HUM_MS)
    if unit.fails_ms is None or at_ms <= unit.fails_ms:
        return usual + hum
    ended = at_ms if unit.mended_ms is None else min(unit.mended_ms, at_ms)
    worst = ROOM + (usual - ROOM) * math.exp(-max(ended - unit.fails_ms, 0) / WARMS_MS)
    if ended == at_ms:
        return worst
    return usual + hum + (worst - usual) * math.exp(-(at_ms - ended) / COOLS_MS)


def read_climate(path: Path | None) -> dict[str, Unit]:
    """Raises SensorFault when the file is none."""
    if path is None or not path.exists():
        return {}
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Unit])
    except (OSError, ValueError) as error:
        raise SensorFault(f"{path} holds no simulated climate: {error}") from error


def write_climate(path: Path, units: dict[str, Unit]) -> None:
    """As a whole or not at all."""
    fresh = path.with_suffix(".new")
    fresh.write_bytes(msgspec.json.encode(units))
    fresh.replace(path)


class SimulatedSensor:
    def __init__(self, channel: ChannelGiven, around: Around) -> None:
        found = SIMULATED.fullmatch(channel.address)
        if found is None:
            raise Invalid(f"{channel.address!r} is no simulated sensor.", code="sensor-address-invalid")
        self._name = found["name"]
        self._usual = float(found["usual"] or USUAL[channel.measure])
        self._measure = channel.measure
        self._around = around

    async def read(self) -> float:
        unit = read_climate(self._around.climate).get(self._name, Unit())
        if unit.slow_s:
            await asyncio.sleep(unit.slow_s)
        if unit.silent:
            raise SensorSilent(f"{self._name} does not answer.")
        if unit.babbles:
            return math.nan
        if unit.reads is not None:
            return unit.reads
        if self._measure == "temperature":
            return degrees(self._usual, unit, millis(self._around.clock.now()))
        return self._usual

    async def close(self) -> None:
        """There is nothing to close."""


def open_source(channel: ChannelGiven, around: Around) -> Source:
    return SimulatedSensor(channel, around)


class _Hands:
    def __init__(self, path: Path, name: str) -> None:
        self._path = path
        self._name = name
        self._unit = Unit()

    def show(self, value: float) -> None:
        self._change(reads=value, silent=False, babbles=False, slow_s=0.0)

    def silence(self) -> None:
        self._change(silent=True)

    def babble(self) -> None:
        self._change(babbles=True)

    def lag(self, seconds: float) -> None:
        self._change(slow_s=seconds)

    def _change(self, **unusual: object) -> None:
        self._unit = msgspec.structs.replace(self._unit, **unusual)
        write_climate(self._path, {self._name: self._unit})


@asynccontextmanager
async def bench(around: Around) -> AsyncIterator[Bench]:
    if around.climate is None:
        raise ValueError("a simulated climate needs its file")
    channel = ChannelGiven("fridge", "temperature", "simulated", "E,4")
    yield Bench(
        open_source(channel, around), _Hands(around.climate, "E"), "temperature", lambda: open_source(channel, around)
    )
