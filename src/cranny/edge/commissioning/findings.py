"""What the trials of a commissioning say about the wiring. Pure."""

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from cranny.edge.drivers import Address, Reading
from cranny.edge.wiring import Fault, Wire

Latch = Literal["none", "right", "inverted", "stuck"]
Seen = Mapping[Address, Reading | None]


class Finding(msgspec.Struct, frozen=True):
    """The line meant for `door` was pulsed. `opened` is the door that the person saw open, empty for none; `sensor`
    the contact that moved with it. `trouble` is a word for what went wrong otherwise."""

    door: str
    opened: str
    sensor: Address | None = None
    inverted: bool = False
    latch: Latch = "none"
    trouble: Literal["", "silent", "refused", "stays", "several"] = ""

    @property
    def good(self) -> bool:
        return self.opened == self.door and self.sensor is not None and not self.trouble


def moved(before: Seen, now: Seen) -> list[Address]:
    """The contacts that changed."""
    return [
        address
        for address, reading in now.items()
        if reading is not None and (was := before.get(address)) is not None and reading.door_open is not was.door_open
    ]


def judge(door: str, opened: str, sensor: Address, shut: Reading, open_: Reading) -> Finding:
    """`shut` and `open_` are what the contact said of `opened` before and after."""
    return Finding(door, opened, sensor, inverted=shut.door_open, latch=_latch(shut.latched, open_.latched))


def conclude(doors: Mapping[str, Address], findings: Sequence[Finding]) -> list[Wire]:
    """The wire of each door, in the order of `doors`. One that nobody has tried is taken to be as it was meant."""
    tried = {finding.door for finding in findings}
    of = {door: _opener(door, findings) for door in doors}
    sensors = [finding.sensor for finding in of.values() if finding is not None]
    return [
        _wire(door, meant, of[door], doors, sensors) if of[door] or door in tried else Wire(door, meant, meant, meant)
        for door, meant in doors.items()
    ]


def report(wires: Sequence[Wire]) -> list[str]:
    """A sentence for everything that is not as it was meant."""
    return [sentence for wire in wires for sentence in _sentences(wire)]


def _opener(door: str, findings: Sequence[Finding]) -> Finding | None:
    """The trial in which this door opened; its own line where two lines open it."""
    opened = [finding for finding in findings if finding.opened == door]
    own = [finding for finding in opened if finding.door == door]
    return next(iter(own or opened), None)


def _wire(
    door: str,
    meant: Address,
    finding: Finding | None,
    doors: Mapping[str, Address],
    sensors: Sequence[Address | None],
) -> Wire:
    if finding is None:
        return Wire(door, meant, lock=None, sensor=None, fault="lock")
    lost = finding.sensor is None or finding.trouble != "" or sensors.count(finding.sensor) > 1
    fault: Fault = "sensor" if lost else ""
    return Wire(
        door,
        meant,
        lock=doors[finding.door],
        sensor=finding.sensor,
        inverted=finding.inverted,
        latch="inverted" if finding.latch == "inverted" else "ignored" if finding.latch == "stuck" else "as-is",
        fault=fault,
    )


def _latch(shut: bool | None, open_: bool | None) -> Latch:
    if shut is None or open_ is None:
        return "none"
    if shut is open_:
        return "stuck"
    return "right" if shut else "inverted"


def _sentences(wire: Wire) -> list[str]:
    said: list[str] = []
    if wire.fault == "lock":
        said.append(
            f"Door {wire.door}: nothing opens it. Look at its lock, its fuse and the cable of {_at(wire.meant)}, and "
            "whether another line of the board leads to it."
        )
    if wire.fault == "sensor":
        said.append(f"Door {wire.door}: no contact of its own tells whether it is open. Look at its switch and cable.")
    if wire.fault:
        return [*said, f"Door {wire.door} stays out of use until it is repaired and commissioned again."]
    if wire.lock != wire.meant and wire.lock is not None:
        said.append(f"Door {wire.door}: its lock hangs on {_at(wire.lock)} and was meant for {_at(wire.meant)}.")
    if wire.sensor != wire.meant and wire.sensor is not None:
        said.append(f"Door {wire.door}: its contact hangs on {_at(wire.sensor)} and was meant for {_at(wire.meant)}.")
    if wire.inverted:
        said.append(f"Door {wire.door}: its contact says open when it is shut.")
    if wire.latch == "inverted":
        said.append(f"Door {wire.door}: its latch contact says free when it holds.")
    if wire.latch == "ignored":
        said.append(f"Door {wire.door}: its latch contact never moves, and is ignored.")
    return [*said, "  Written down; nothing needs to be changed."] if said else []


def _at(address: Address) -> str:
    return f"board {address[0]} channel {address[1]}"
