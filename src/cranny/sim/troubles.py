"""How much of each kind of trouble a world has. Every seed has its own mix, because troubles hide each other: where
the power goes every few minutes, nobody sees what would have gone wrong in the hour after a disk error."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, fields, replace
from typing import Final

from cranny.core.rng import pick
from cranny.sim.dice import Dice

MIXES: Final = (0.0, 0.3, 1.0, 1.0, 2.5)
SELDOM: Final = (0.0, 0.0, 0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Troubles:
    """Each is a factor on what is usual; 0 is none of it."""

    messages: float
    """Lost, repeated, late."""
    partitions: float
    power: float
    """At the banks, at the worst moments too."""
    disks: float
    """Errors, and disks that are full."""
    server: float
    """Killed."""
    doors: float
    """Jams, fire, force, silent boards, wrong clocks."""
    broker: float = 0.0
    """Restarts, and somebody who holds it."""
    rot: float = 0.0
    """Disks that change what is on them."""
    restores: float = 0.0
    """The server goes back to an older copy of its database."""


NONE: Final = Troubles(0, 0, 0, 0, 0, 0)


def mix(seed: int) -> Troubles:
    dice = Dice(seed, "troubles")
    messages, partitions, power, disks, server, doors, broker, rot = (pick(dice, MIXES) for _ in range(8))
    restores = pick(dice, SELDOM)
    return Troubles(messages, partitions, power, disks, server, doors, broker, rot, restores)


KINDS: Final = tuple(one.name for one in fields(Troubles))


def spared(troubles: Troubles, without: Collection[str]) -> Troubles:
    """`troubles`, but for some kinds."""
    return replace(troubles, **dict.fromkeys(without, 0.0))


async def pause(dice: Dice, usual: float, much: float) -> None:
    """Until the next time: `usual` seconds on average where `much` is 1, sooner where it is more, and never where it
    is 0."""
    if not much:
        await asyncio.get_running_loop().create_future()
    await asyncio.sleep(dice.soon(usual) / much)
