"""Who collected a moment ago may open the same door again, a few times, for a few minutes: they forgot something.
Lives in memory only: a restart ends it."""

from dataclasses import dataclass

from cranny.edge.rows import Grant


@dataclass(slots=True)
class Again:
    """`grant` is the row as it was before it ended, with its verifiers."""

    grant: Grant
    door: str
    generation: int
    until: float
    times: int


class Grace:
    def __init__(self) -> None:
        self._used: dict[int, Again] = {}

    def begin(self, again: Again) -> None:
        self._used[again.grant.locator] = again

    def find(self, locator: int, now: float) -> Again | None:
        """The last one used with this locator, while it may open again."""
        again = self._used.get(locator)
        if again is not None and (now > again.until or again.times < 1):
            del self._used[locator]
            return None
        return again
