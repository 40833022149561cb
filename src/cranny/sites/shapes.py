"""What a bank file says: plain shapes and their limits."""

from typing import Annotated, Final

import msgspec

from cranny.sites.policy import BankPolicy
from cranny.wire.sensors import Measure

FEATURES: Final = ("seated", "chilled", "frozen", "high-security", "charging")
SEATED_REACH: Final = (400, 1100)
"""Centre height in mm of a door that counts as within seated reach. EN 301 549 V3.2.1, 8.3.2 allows operable
parts from 380 to 1,220 mm (1,120 mm over an obstruction); this leaves a margin at both ends, in the manner of
ISO 21542, because a lock sits beside the centre of its door and a parcel has to be lifted out."""

MOST_TOWERS: Final = 64
MOST_DOORS: Final = 1000
SIDE: Final = (30, 3000)
CENTRE: Final = (30, 2500)
ADDRESS: Final = (0, 255)

Millimetres = Annotated[int, msgspec.Meta(ge=30, le=3000)]


class CompartmentFile(msgspec.Struct, frozen=True):
    """Inner size and centre height above the floor in mm; (unit, channel) is the lock board's address."""

    label: str
    width: Millimetres
    height: Millimetres
    depth: Millimetres
    centre: int
    unit: int
    channel: int
    features: tuple[str, ...] = ()


class Console(msgspec.Struct, frozen=True):
    """Where a tower holds the kiosk instead of doors: from `bottom` to `top`, mm above the floor."""

    bottom: int
    top: int


class TowerFile(msgspec.Struct, frozen=True):
    """A column of doors. Towers stand from left to right as one faces the bank."""

    name: str
    compartments: tuple[CompartmentFile, ...]
    console: Console | None = None


class SensorFile(msgspec.Struct, frozen=True):
    """A sensor: what it measures (`wire.sensors`), which file of `edge/sensors` reads it and where, and the doors that
    it is about, none when that is the whole bank. Limits in whole units; without them those of the policy count."""

    name: str
    """What `?channel=` and an alarm's `channel` name."""
    kind: Measure
    source: str
    """How it is read: `board`, `modbus`, `simulated` or `sysfs`."""
    address: str
    """Where it is read: a Modbus address, a path, or an input of a board."""
    doors: tuple[str, ...] = ()
    every_s: int = 30
    """How many seconds lie between two samples."""
    low: int | None = None
    """The least that is right, in whole units."""
    high: int | None = None
    """The most that is right, in whole units."""


class BankFile(msgspec.Struct, frozen=True):
    """`timezone` is an IANA name; `site` is the place's name, made when the tenant has none of that name."""

    name: str
    timezone: str
    site: str
    towers: tuple[TowerFile, ...]
    policy: BankPolicy = BankPolicy()
    sensors: tuple[SensorFile, ...] = ()

    def compartments(self) -> list[CompartmentFile]:
        """All of them, tower by tower."""
        return [compartment for tower in self.towers for compartment in tower.compartments]
