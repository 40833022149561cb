"""The sensors of a bank file: what is wrong is named with its line, and says what to do."""

from typing import Any

import pytest

from cranny.core.errors import Invalid
from cranny.sites import read_yaml, shipped_bank, shipped_banks
from cranny.wire.allocation import COLD

FILE = """\
name: Corner
timezone: Europe/Prague
site: Shop
towers:
  - name: A
    compartments:
      - {label: A1, width: 380, height: 190, depth: 640, centre: 900, features: [chilled], unit: 1, channel: 1}
      - {label: A2, width: 380, height: 190, depth: 640, centre: 700, features: [frozen], unit: 1, channel: 2}
  - name: B
    compartments:
      - {label: B1, width: 380, height: 190, depth: 640, centre: 700, unit: 1, channel: 3}
sensors:
"""
LINE = 13


def problems(*sensors: str) -> list[tuple[int, str]]:
    text = FILE + "".join(f"  - {sensor}\n" for sensor in sensors)
    with pytest.raises(Invalid) as invalid:
        read_yaml(text)
    errors: Any = invalid.value.extra["errors"]
    return [(error["line"], error["message"]) for error in errors]


def test_a_good_one_says_what_it_says() -> None:
    text = (
        FILE
        + """\
  - {name: fridge, kind: temperature, source: sysfs, address: /sys/class/hwmon/hwmon0/temp1_input, compartments: [A1]}
  - name: shelf
    kind: humidity
    source: modbus
    address: "rtu:///dev/ttyUSB1?baud=9600&unit=2&register=2"
    tower: B
    high: 60
    every_s: 60
  - {name: mains, kind: mains, source: board, address: 4/16}
"""
    )
    fridge, shelf, mains = read_yaml(text).sensors
    assert (fridge.doors, fridge.low, fridge.high, fridge.every_s) == (("A1",), None, None, 30)
    assert (shelf.doors, shelf.high, shelf.every_s) == (("B1",), 60, 60)
    assert mains.doors == ()


@pytest.mark.parametrize(
    ("sensor", "says"),
    [
        ("{name: x, kind: weight, source: simulated, address: x}", "there is no kind `weight`"),
        ("{name: x, kind: mains, source: crystal-ball, address: x}", "there is no source `crystal-ball`"),
        ("{name: x, kind: mains, source: board, address: left}", "is no address of a board sensor"),
        ("{name: x, kind: mains, source: sysfs, address: /etc/passwd}", "is no address of a sysfs sensor"),
        ("{name: x, kind: temperature, source: simulated, address: x, tower: Z}", "no tower `Z`"),
        ("{name: x, kind: temperature, source: simulated, address: x, compartments: [A9]}", "no compartment `A9`"),
        ("{name: x, kind: temperature, source: simulated, address: x, tower: A}", "chilled and frozen"),
        ("{name: x, kind: temperature, source: simulated, address: x, tower: A, compartments: [A1]}", "not both"),
        ("{name: x, kind: temperature, source: simulated, address: x, low: 9, high: 8}", "must be below"),
        ("{name: x, kind: temperature, source: simulated, address: x, high: 400}", "it must be -60 to 90"),
        ("{name: x, kind: tamper, source: simulated, address: x, high: 1}", "is on or off"),
        ("{name: x, kind: battery, source: simulated, address: x, high: 90}", "too full"),
        ("{name: x, kind: mains, source: simulated, address: x, every_s: 1}", "it must be 5 to 3600"),
        ("{name: x, kind: mains, source: simulated, address: x, colour: red}", "no key `colour`"),
        ("{kind: mains, source: simulated, address: x}", "`name` is missing"),
        ("{name: x, kind: mains, address: x}", "`source` is missing"),
    ],
)
def test_a_mistake_is_named_with_its_line(sensor: str, says: str) -> None:
    good = "{name: fine, kind: mains, source: simulated, address: mains}"
    found = problems(good, sensor)
    assert [line for line, message in found if says in message] == [LINE + 1], found


def test_two_of_one_name_are_one_too_many() -> None:
    one = "{name: x, kind: mains, source: simulated, address: mains}"
    assert problems(one, one) == [(LINE + 1, "the name `x` is taken; each sensor needs its own")]


def test_limits_that_contradict_each_other_are_refused() -> None:
    text = FILE.replace("towers:", "policy: {chilled_from_c: 5, chilled_to_c: 4}\ntowers:").removesuffix("sensors:\n")
    with pytest.raises(Invalid, match="must be below"):
        read_yaml(text)


@pytest.mark.parametrize("name", list(shipped_banks()))
def test_every_cold_compartment_that_ships_has_a_thermometer(name: str) -> None:
    bank = shipped_bank(name)
    watched = {door for sensor in bank.sensors if sensor.kind == "temperature" for door in sensor.doors}
    cold = {door.label for door in bank.compartments() if COLD & set(door.features)}
    assert cold <= watched
