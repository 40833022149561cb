"""The physical truth of a simulated cabinet, and a file for it, so that it outlives its controller as steel does."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Final

import msgspec

from cranny.core.errors import Invalid
from cranny.edge.drivers import Address, Reading


@dataclass(slots=True)
class Box:
    """One compartment as it physically is. `shown_content` overrules what its sensor says once that is broken;
    `bouncing` and `last` (what was told of it) pass with the process."""

    door_open: bool = False
    latched: bool = True
    things: list[object] = field(default_factory=list)
    jammed: bool = False
    burnt: bool = False
    bounces: bool = False
    slow_s: float = 0.0
    pulses: int = 0
    content_broken: bool = False
    shown_content: bool | None = None
    bouncing: bool = False
    last: Reading | None = None


KEPT: Final = tuple(each.name for each in fields(Box) if each.name not in {"bouncing", "last"})


class World:
    """JSON: compartments by `unit/channel`. A file that is not there is a cabinet that is empty and shut; what a
    file leaves out of a compartment is as it should be."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> dict[Address, Box]:
        """What was released when the file was written has swung open since. Raises Invalid, code `world-invalid`."""
        if not self._path.exists():
            return {}
        try:
            named = msgspec.json.decode(self._path.read_bytes(), type=dict[str, Box])
            boxes = {_address(name): box for name, box in named.items()}
        except (OSError, ValueError) as error:
            raise Invalid(f"{self._path} holds no simulated cabinet: {error}", code="world-invalid") from error
        for box in boxes.values():
            box.door_open = box.door_open or not box.latched
        return boxes

    def write(self, boxes: Mapping[Address, Box]) -> None:
        """As a whole, before anybody can see the change. A few kilobytes, and not synced: they have to outlive a
        process, not a machine."""
        truth = {f"{u}/{c}": {name: getattr(box, name) for name in KEPT} for (u, c), box in boxes.items()}
        fresh = self._path.with_suffix(".new")
        fresh.write_bytes(msgspec.json.encode(truth))
        fresh.replace(self._path)


def _address(name: str) -> Address:
    unit, channel = name.split("/")
    return int(unit), int(channel)
