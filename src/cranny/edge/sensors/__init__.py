"""A FILE IS A SENSOR SOURCE. A source reads one value when it is asked; what the value means is decided elsewhere.

Listing this folder is the registry. A source's module has `open_source(channel, around)` and, for the contract test
that every source must pass, `bench(around)`: the source with hands at what it measures.
"""

import importlib
import math
import pkgutil
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol, cast

from cranny.core.clock import Clock
from cranny.core.errors import CrannyError, NotFound
from cranny.edge.drivers import Driver
from cranny.wire.messages import ChannelGiven
from cranny.wire.sensors import HUNDREDTHS, PLAUSIBLE, Measure

SYSFS: Final = Path("/sys")


class SensorSilent(CrannyError):
    """No answer, or the sensor itself says that it does not know."""

    code = "sensor-silent"
    status = 503
    retry = True


class SensorFault(CrannyError):
    """It answered, and what it says can't be true."""

    code = "sensor-fault"
    status = 503
    retry = True


@dataclass(frozen=True, slots=True)
class Around:
    """What sources need from outside. `climate` is the file of a simulated climate; `sysfs` is where Linux shows its
    devices. `lines` holds what several sensors share, such as one serial port, by the line's name."""

    clock: Clock
    driver: Driver
    climate: Path | None = None
    sysfs: Path = SYSFS
    lines: dict[str, Any] = field(default_factory=dict)


class Source(Protocol):
    """One sensor. Calls don't overlap."""

    async def read(self) -> float:
        """In whole units of what is measured, as the sensor has it. Raises SensorSilent, SensorFault."""
        ...

    async def close(self) -> None: ...


class Hands(Protocol):
    """What happens to a sensor that can be touched."""

    def show(self, value: float) -> None:
        """From now on it measures this, in whole units."""
        ...

    def silence(self) -> None: ...

    def babble(self) -> None:
        """From now on it answers what no sensor in order would."""
        ...

    def lag(self, seconds: float) -> None:
        """From now on it takes so long to answer."""
        ...


@dataclass(frozen=True, slots=True)
class Bench:
    """`open` makes the source anew, as after a restart."""

    source: Source
    hands: Hands
    measure: Measure
    open: Callable[[], Source]


class SourceFile(Protocol):
    """A source's module."""

    def open_source(self, channel: ChannelGiven, around: Around) -> Source:
        """Touches nothing yet. Raises Invalid, code `sensor-address-invalid`."""
        ...

    def bench(self, around: Around) -> AbstractAsyncContextManager[Bench]: ...


def names() -> list[str]:
    """Every source there is."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_"))


def load(name: str) -> SourceFile:
    """The source's module. Raises NotFound, code `sensor-source-unknown`."""
    if name not in names():
        raise NotFound(
            f"There is no sensor source {name!r}. There are: {', '.join(names())}.", code="sensor-source-unknown"
        )
    return cast("SourceFile", importlib.import_module(f"{__name__}.{name}"))


def hundredths(measure: Measure, value: float) -> int:
    """The value as it is kept and sent. Raises SensorFault for what can't be true: no number, another unit."""
    low, high = PLAUSIBLE[measure]
    if not math.isfinite(value) or not low <= value <= high:
        raise SensorFault(f"{value} is no {measure} between {low} and {high}.")
    return round(value * HUNDREDTHS)
