"""What the oracles found."""

from typing import Final

from cranny.platform.violation import Violation
from cranny.sim.trace import Trace

ENOUGH: Final = 50
"""Of one seed: one mistake can show in a thousand places."""


class Verdicts:
    def __init__(self, trace: Trace) -> None:
        self.found: list[Violation] = []
        self._trace = trace

    def say(self, invariant: str, subject: str, detail: str) -> None:
        self._trace.say("ORACLE", f"!!! {invariant} {subject}: {detail}")
        if len(self.found) < ENOUGH:
            self.found.append(Violation(invariant, subject, detail))
