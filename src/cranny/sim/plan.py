"""How big a simulated world is, and what a bank in it looks like."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cranny.sim.dice import Dice
from cranny.wire.allocation import Size
from cranny.wire.messages import CompartmentGiven, Layout, Policy

BOXES: Final = (Size(350, 100, 450), Size(350, 200, 450), Size(350, 400, 450))
PARCELS: Final = (Size(200, 80, 200), Size(300, 180, 400), Size(320, 380, 420))
"""A typical one for each size of box."""
HUGE: Final = Size(500, 500, 500)
"""Fits nowhere."""


@dataclass(frozen=True, slots=True)
class Plan:
    """`deliveries` are announced at each bank in `hours`. With `folder` the journals are files in it. `hasty`: end
    as soon as an oracle has found something."""

    banks: int = 2
    hours: float = 2.5
    deliveries: int = 32
    doors: int = 12
    folder: Path | None = None
    hasty: bool = False


def layout(name: str, doors: int) -> Layout:
    """Half of the doors small, then medium, the last two large."""
    boxes = []
    for number in range(1, doors + 1):
        box = BOXES[2 if number > doors - 2 else 1 if number > doors // 2 else 0]
        boxes.append(CompartmentGiven(f"{number:02}", *box, 300 + 40 * number, [], 1, number, tower=number // 6))
    return Layout(name, "Europe/Vienna", boxes)


def policy(dice: Dice) -> Policy:
    """Quick enough that a simulated day shows everything."""
    return Policy(
        unknown_tracking="accept" if dice.chance(0.5) else "refuse",
        visit_idle_s=60,
        open_wait_s=2,
        unsecured_after_s=60,
        reopen_within_s=120,
        reopen_times=2,
    )
