"""Where on a Modbus board the locks and the sensors are: the board's address, read into figures."""

from dataclasses import dataclass
from typing import Final, Literal, cast

from cranny.edge.drivers._serial.address import BAUDS, Choice, Options, Port, Whole, read

UNITS: Final = range(1, 248)
FLASH_STEP_MS: Final = 100
NOWHERE: Final = 0xFFFF
"""The number of an input that a cabinet does not have."""

OPTIONS: Final[Options] = {
    "framing": Choice(("tcp", "rtu")),
    "baud": Whole(*BAUDS, 9600),
    "parity": Choice(("none", "even", "odd")),
    "coils": Whole(0, NOWHERE, 0),
    "inputs": Whole(0, NOWHERE, 0),
    "latches": Whole(0, NOWHERE, NOWHERE),
    "contents": Whole(0, NOWHERE, NOWHERE),
    "shut-bit": Choice(("1", "0")),
    "held-bit": Choice(("1", "0")),
    "full-bit": Choice(("1", "0")),
    "pulse": Choice(("flash", "momentary")),
    "pulse-ms": Whole(100, 2000, 300, step=FLASH_STEP_MS),
    "timeout-ms": Whole(20, 10_000, 300),
    "poll-ms": Whole(20, 10_000, 100),
    "rest-ms": Whole(0, 10_000, 250),
}


@dataclass(frozen=True, slots=True)
class Map:
    """Channel n of a board is its coil `coils` + n - 1 and its discrete input `inputs` + n - 1; `latches` and
    `contents` likewise, None where the cabinet has no such contacts. `shut`, `held` and `full` are what an input says
    of a door that is shut, a latch that holds, a compartment with something in it. The board itself ends every pulse:
    `flash` gives it the time with each command, `momentary` relies on the time that was set on the board. `rest_s`:
    between two pulses, for the supply."""

    port: Port
    framing: Literal["tcp", "rtu"] = "tcp"
    baud: int = 9600
    parity: Literal["none", "even", "odd"] = "none"
    coils: int = 0
    inputs: int = 0
    latches: int | None = None
    contents: int | None = None
    shut: bool = True
    held: bool = True
    full: bool = True
    pulse: Literal["flash", "momentary"] = "flash"
    pulse_ms: int = 300
    timeout_s: float = 0.3
    poll_s: float = 0.1
    rest_s: float = 0.25

    @property
    def flash_steps(self) -> int:
        return self.pulse_ms // FLASH_STEP_MS


def read_map(address: str) -> Map:
    """`tcp://host:502` or `/dev/ttyUSB0`, then OPTIONS after commas. On a serial port the framing is RTU. Raises
    Invalid, code `board-address-invalid`."""
    said = read(address, OPTIONS)
    latches, contents = said.number("latches"), said.number("contents")
    return Map(
        port=said.port,
        framing="rtu" if not said.port.host else cast("Literal['tcp', 'rtu']", said.word("framing")),
        baud=said.number("baud"),
        parity=cast("Literal['none', 'even', 'odd']", said.word("parity")),
        coils=said.number("coils"),
        inputs=said.number("inputs"),
        latches=None if latches == NOWHERE else latches,
        contents=None if contents == NOWHERE else contents,
        shut=said.word("shut-bit") == "1",
        held=said.word("held-bit") == "1",
        full=said.word("full-bit") == "1",
        pulse=cast("Literal['flash', 'momentary']", said.word("pulse")),
        pulse_ms=said.number("pulse-ms"),
        timeout_s=said.seconds("timeout-ms"),
        poll_s=said.seconds("poll-ms"),
        rest_s=said.seconds("rest-ms"),
    )
