"""How this cabinet is really wired, as `cranny edge commission` found it: which line releases which door, which
contact belongs to it, and what its contact means. The layout says how it was meant."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final, Literal

import msgspec

from cranny.core.errors import Invalid
from cranny.edge import files
from cranny.edge.drivers import Address, BoardFault, Changed, Driver, Meters, Reading

NAME: Final = "wiring.json"

Fault = Literal["", "lock", "sensor"]
"""`lock`: nothing releases this door. `sensor`: nothing tells whether it is open."""


class Wire(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One door. `meant` is its address in the layout, `lock` and `sensor` the real ones. `latch`: what is to be made
    of a latch contact that it may have."""

    door: str
    meant: Address
    lock: Address | None
    sensor: Address | None
    inverted: bool = False
    latch: Literal["as-is", "inverted", "ignored"] = "as-is"
    fault: Fault = ""

    def reading(self, raw: Reading) -> Reading:
        latched = raw.latched
        if self.latch == "ignored":
            latched = None
        elif self.latch == "inverted" and latched is not None:
            latched = not latched
        return Reading(raw.door_open is not self.inverted, latched, raw.content)


class Wiring(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`board` is the driver that it was found with; `found_ms` when, by the box's clock."""

    board: str
    found_ms: int
    doors: list[Wire]


def write(home: Path, wiring: Wiring) -> Path:
    """Raises OSError."""
    path = home / NAME
    files.replace(path, msgspec.json.format(msgspec.json.encode(wiring), indent=1))
    return path


def read(home: Path, board: str) -> Wiring | None:
    """None for a bank that was never commissioned: it is taken to be wired as its layout says. Raises Invalid, code
    `wiring-invalid`, when the file can't be read or was found with another kind of board."""
    path = home / NAME
    if not path.exists():
        return None
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Wiring)
    except msgspec.MsgspecError as error:
        raise Invalid(f"{path} can't be read: {error}", code="wiring-invalid") from error
    if found.board != board:
        raise Invalid(
            f"{path} was found with the board {found.board!r} and this one is {board!r}. Move the file away and run "
            "`cranny edge commission`.",
            code="wiring-invalid",
        )
    return found


class Wired:
    """A driver behind which every door is where the layout says. A door with a fault is not told of and not released:
    what can't be seen can't be offered."""

    def __init__(self, driver: Driver, wiring: Wiring) -> None:
        self._driver = driver
        self._wires = {wire.meant: wire for wire in wiring.doors}
        self._seen_by: dict[Address, Address] = {}

    @property
    def has_content(self) -> bool:
        return self._driver.has_content

    @property
    def has_latch(self) -> bool:
        return self._driver.has_latch

    @property
    def meters(self) -> Meters:
        return self._driver.meters

    def fit(self, addresses: Collection[Address]) -> None:
        wires = [self._wire(address) for address in addresses]
        self._seen_by = {wire.sensor: wire.meant for wire in wires if wire.sensor and not wire.fault}
        used = [wire.lock for wire in wires if wire.lock and not wire.fault]
        self._driver.fit({*used, *self._seen_by})

    async def pulse(self, unit: int, channel: int) -> None:
        wire = self._wire((unit, channel))
        if wire.lock is None or wire.fault:
            raise BoardFault(
                f"Door {wire.door} failed its commissioning ({wire.fault}): repair it, `cranny edge commission`.",
                permanent=True,
            )
        await self._driver.pulse(*wire.lock)

    async def read(self) -> Mapping[Address, Reading]:
        found = await self._driver.read()
        return {
            self._seen_by[address]: self._wire(self._seen_by[address]).reading(raw)
            for address, raw in found.items()
            if address in self._seen_by
        }

    async def watch(self, changed: Changed) -> None:
        def translate(address: Address, raw: Reading | None) -> None:
            meant = self._seen_by.get(address)
            if meant is not None:
                changed(meant, None if raw is None else self._wire(meant).reading(raw))

        await self._driver.watch(translate)

    async def close(self) -> None:
        await self._driver.close()

    def _wire(self, meant: Address) -> Wire:
        """A door that came into the layout after the commissioning is taken to be wired as it was meant."""
        return self._wires.get(meant) or Wire("", meant, meant, meant)
