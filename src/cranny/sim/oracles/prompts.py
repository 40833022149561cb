"""No lock moves unless somebody has asked for it (I13): not because a controller starts, is updated, is connected again
or has waited for long enough."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from cranny.sim.oracles.verdicts import Verdicts

LARGER_S: Final = 95.0
"""Who said that something is too small gets a larger door once this one is shut: so long at most."""


class Prompts:
    """At one bank. `asking` is around everything that a person asks for."""

    def __init__(self, bank: str, now: Callable[[], float], verdicts: Verdicts) -> None:
        self._bank = bank
        self._now = now
        self._verdicts = verdicts
        self._asking = 0
        self._larger_until = -1.0

    @contextmanager
    def asking(self, *, larger: bool = False) -> Iterator[None]:
        self._asking += 1
        if larger:
            self._larger_until = self._now() + LARGER_S
        try:
            yield
        finally:
            self._asking -= 1

    def ordered(self, seconds: float) -> None:
        """By a command, that may be done so much later."""
        self._larger_until = max(self._larger_until, self._now() + seconds)

    def released(self, door: str) -> None:
        if not self._asking and self._now() > self._larger_until:
            self._verdicts.say("I13", f"{self._bank}/doors/{door}", "released, and nobody had asked for anything")
