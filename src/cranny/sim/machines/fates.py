"""When programs die: at each place where it matters, sometimes, and for certain once.

A program that dies never gets any further: it is cancelled where it stands and what it held in memory is gone.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final, NoReturn

from cranny.sim.dice import Dice
from cranny.sim.trace import Trace
from cranny.sim.troubles import Troubles


class Section(StrEnum):
    """Where a program can be struck."""

    INTENT = "intent written, lock not pulsed"
    PULSE = "lock pulsed, result not written"
    ROLLBACK = "power cut inside a transaction"
    WRITTEN = "power cut behind a commit"
    FAILED = "disk error, nothing written"
    UNSURE = "disk error, written all the same"
    IDLE = "power cut out of the blue"
    UNCOMMITTED = "server killed before a commit"
    UNANSWERED = "server killed between commit and answer"


POWER_ODDS: Final = {
    Section.INTENT: 0.02,
    Section.PULSE: 0.02,
    Section.ROLLBACK: 0.003,
    Section.WRITTEN: 0.003,
}
DISK_ODDS: Final = {
    Section.FAILED: 0.002,
    Section.UNSURE: 0.002,
}
SERVER_ODDS: Final = {Section.UNCOMMITTED: 0.004, Section.UNANSWERED: 0.004}
FAULT: Final = {
    Section.INTENT: "power cut",
    Section.PULSE: "power cut",
    Section.ROLLBACK: "power cut",
    Section.WRITTEN: "power cut",
    Section.IDLE: "power cut",
    Section.FAILED: "disk error",
    Section.UNSURE: "disk error",
    Section.UNCOMMITTED: "server killed",
    Section.UNANSWERED: "server killed",
}
CERTAIN_WITHIN: Final = 12
"""Each place that can be struck at all is struck for certain once, among the first so many times that it is passed."""


def odds(troubles: Troubles) -> dict[Section, float]:
    """At a bank."""
    power = {section: usual * troubles.power for section, usual in POWER_ODDS.items()}
    return power | {section: usual * troubles.disks for section, usual in DISK_ODDS.items()}


def _nobody(_: str) -> None:
    """Nobody listens."""


class Fates:
    """Strikes at one bank, or at the server, for as long as the world is not `calm`."""

    def __init__(self, who: str, odds: Mapping[Section, float], dice: Dice, trace: Trace) -> None:
        self.calm = False
        self.heard: Callable[[str], None] = _nobody
        """Told of each strike: what it was (`coverage.FAULTS`)."""
        self._who = who
        self._odds = odds
        self._dice = dice
        self._trace = trace
        self._passed: Counter[Section] = Counter()
        self._certain = {section: 2 + dice.below(CERTAIN_WITHIN) for section in odds if odds[section]}

    def strikes(self, section: Section) -> bool:
        """The program passes `section` now: does it die there?"""
        if self.calm:
            return False
        self._passed[section] += 1
        struck = self._passed[section] == self._certain.get(section) or self._dice.chance(self._odds.get(section, 0.0))
        if struck:
            self.note(section)
        return struck

    def note(self, section: Section) -> None:
        self._trace.count(f"struck: {section}")
        self.heard(FAULT[section])
        self._trace.say(self._who, f"*** {section}")


class Life:
    """One run of a program, from its start to its death."""

    def __init__(self) -> None:
        self.over = False
        self._end = asyncio.Event()

    def end(self) -> None:
        self.over = True
        self._end.set()

    async def ended(self) -> None:
        await self._end.wait()

    async def die(self) -> NoReturn:
        """Whoever calls this never returns: the program stops here."""
        self.end()
        await asyncio.get_running_loop().create_future()
        raise AssertionError("a dead program went on")
