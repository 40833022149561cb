"""The city's banks: the ones that ship with the product, each with something that real cabinets have."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec

from cranny import sites
from cranny.core.clock import millis
from cranny.edge.sensors.simulated import Unit, write_climate
from cranny.sim.city.model import Place
from cranny.wire.allocation import COLD, SCARCE

SHIPPED: Final = ("corner-20", "station-60", "campus-128")
MOST: Final = 6
ONCE_MORE: Final = " BCDEF"
"""What tells a second bank of a kind, and its site, from the first."""
JAMMED: Final = "station-60"
"""A bank whose first door is stuck: couriers meet it, and the next door opens."""
STUCK: Final = (1, 1)
"""Board and channel of that door."""
FRIDGE: Final = "station-60"
"""A bank whose fridge fails once, towards the end: whoever looks afterwards still sees that day."""
FAILS: Final = (timedelta(hours=16), timedelta(hours=9))
"""From when to when, before the end of the city's days."""
UNIT: Final = "E"
"""Its simulated fridge, as the bank's file names it."""
NAMED: Final = re.compile(r"^(name|site): (.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Cabinet:
    """`file` is the bank's YAML. `doors` are all of them. `sees`: whether they see what lies behind them."""

    place: Place
    file: str
    doors: int
    sees: bool
    jammed: bool
    warms: bool

    def spoil(self, climate: Path, end: datetime) -> None:
        """Write down when the fridge fails and is mended. `end` is when the city's days are over."""
        if self.warms:
            fails, mended = (millis(end - before) for before in FAILS)
            write_climate(climate, {UNIT: Unit(fails_ms=fails, mended_ms=mended)})

    def prepare(self, world: Path) -> str:
        """Make the file of its world, and return its board's address."""
        if self.jammed:
            world.write_bytes(msgspec.json.encode({f"{STUCK[0]}/{STUCK[1]}": {"jammed": True}}))
        return f"simulated:{'' if self.sees else 'no-content,'}{world}"


def cabinets(number: int) -> list[Cabinet]:
    """The shipped banks in turn, 1 to `MOST`. The last of several sees nothing behind its doors."""
    return [_cabinet(place, sees=place == 0 or place < number - 1) for place in range(number)]


def _cabinet(number: int, *, sees: bool) -> Cabinet:
    name, again = SHIPPED[number % len(SHIPPED)], number // len(SHIPPED)
    file, bank = sites.shipped_banks()[name], sites.shipped_bank(name)
    if again:
        file = NAMED.sub(rf"\1: \2 {ONCE_MORE[again]}", file)
    features = [frozenset(door.features) for tower in bank.towers for door in tower.compartments]
    ordinary = sum(COLD.isdisjoint(these) and SCARCE.isdisjoint(these) for these in features)
    place = Place(f"{bank.name} {ONCE_MORE[again]}" if again else bank.name, ordinary)
    jammed, warms = (name == which and not again for which in (JAMMED, FRIDGE))
    return Cabinet(place, file, len(features), sees, jammed, warms)
