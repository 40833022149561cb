"""What of the machine a plug-in reaches: its module says so as `NEEDS`, and the service of a controller
(`cranny edge unit`) is given that and nothing else. A module that says nothing needs no device."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Needs:
    """`group`: who may use these devices on Debian. `devices`: their kernel names (`man systemd.resource-control`)."""

    group: str
    devices: tuple[str, ...]


SERIAL: Final = Needs("dialout", ("char-ttyUSB", "char-ttyACM", "char-ttyAMA", "char-ttyS"))
"""Boards, readers and sensors hang on serial ports, so every controller may use these."""
PINS: Final = Needs("gpio", ("char-gpiochip", "char-gpiomem"))
KEYS: Final = Needs("input", ("char-input",))
HID: Final = Needs("plugdev", ("char-hidraw",))
