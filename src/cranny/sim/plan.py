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
    """`deliveries` are announced at each bank in `hours`. `pace`: how many times rarer everything is, and how many
    times longer a partition lasts, than in a busy morning. `alone_from` and `alone_hours`: from this hour on all banks
    are without a network, for so long; all is announced before. With `prankster` somebody types
    codes without end. `gentle`: nothing goes wrong but what people do; `without`
    some kinds of trouble (`troubles.KINDS`) only. `kills`: how many times likelier the server dies at a commit. With
    `folder` the journals are files in it. `hasty`: end as soon as an oracle has found something."""

    banks: int = 2
    hours: float = 2.5
    deliveries: int = 32
    doors: int = 12
    pace: float = 1.0
    beat_s: float = 25.0
    alone_from: float = 0.0
    alone_hours: float = 0.0
    prankster: bool = False
    gentle: bool = False
    without: frozenset[str] = frozenset()
    folder: Path | None = None
    hasty: bool = False
    kills: float = 1.0


MORNING: Final = Plan()
"""Dense: hardly a second in which nothing happens."""
HOUR: Final = Plan(hours=1.2, deliveries=16)
"""A morning that is soon over."""
DAY: Final = Plan(hours=24, deliveries=24, pace=9.6, beat_s=300)
"""Partitions that last for hours, doors that are full by the evening."""
MONTH: Final = Plan(banks=1, hours=33 * 24, deliveries=60, pace=300, beat_s=1800, alone_from=48, alone_hours=30 * 24)
"""Thirty days without a network."""
WHOLE_KILLS: Final = 5.0
"""In lives of the second tier there are fewer commits, and what is looked for lies between them."""
WHOLE_HOUR: Final = Plan(hours=1.2, deliveries=10, beat_s=60, kills=WHOLE_KILLS)
WHOLE_DAY: Final = Plan(hours=12, deliveries=14, pace=9.6, beat_s=300, kills=WHOLE_KILLS)


def usual(seed: int) -> Plan:
    """What kind of life a seed lives when nobody asks for another one: of six, three as dense as a
    morning, two days and a month."""
    return (MONTH, HOUR, DAY, MORNING, DAY, HOUR)[seed % 6]


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
