"""Sensors are read once before a bank goes to work, and what is wired wrongly says why."""

from pathlib import Path

import pytest

from cranny.apps.edge import Box
from cranny.apps.probe import probe
from cranny.core.clock import SystemClock
from cranny.core.errors import Conflict, Invalid
from cranny.core.rng import SeededRng
from cranny.edge.owner import sole_owner

FILE = """\
name: Corner
timezone: Europe/Prague
site: Shop
towers:
  - name: A
    compartments:
      - {label: A1, width: 380, height: 190, depth: 640, centre: 900, features: [chilled], unit: 1, channel: 1}
sensors:
  - {name: air, kind: temperature, source: simulated, address: "A,4", tower: A}
  - {name: gone, kind: temperature, source: sysfs, address: /sys/class/hwmon/hwmon99/temp1_input}
  - {name: wire, kind: temperature, source: modbus, address: "tcp://127.0.0.1:9?unit=1&register=1"}
  - {name: lid, kind: tamper, source: board, address: 1/16}
"""


def box(home: Path) -> Box:
    return Box(home=home, board="simulated", port=0, clock=SystemClock(), rng=SeededRng(1))


async def test_each_is_read_or_says_why_not(tmp_path: Path) -> None:
    air, gone, wire, lid = await probe(box(tmp_path), layout=FILE)
    assert air.value is not None
    assert 300 <= air.value <= 500
    assert (gone.value, wire.value, lid.value) == (None, None, 0)
    assert "No such file" in gone.why
    assert "can't be reached" in wire.why


async def test_a_box_that_runs_or_knows_nothing_is_not_touched(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="knows no layout yet"):
        await probe(box(tmp_path), layout=None)
    with sole_owner(tmp_path), pytest.raises(Conflict):
        await probe(box(tmp_path), layout=FILE)
