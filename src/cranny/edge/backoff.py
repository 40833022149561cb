"""How long to wait after a failure: longer each time, and never all banks at once."""

from typing import Final

from cranny.core.rng import Rng

FIRST_S: Final = 0.5
LAST_S: Final = 60.0


class Backoff:
    def __init__(self, rng: Rng, *, longest_s: float = LAST_S) -> None:
        self._rng = rng
        self._longest_s = longest_s
        self._failures = 0

    def success(self) -> None:
        self._failures = 0

    def failure(self) -> float:
        """Seconds to wait: half of the step for certain, the rest by chance."""
        step = min(self._longest_s, FIRST_S * float(1 << min(self._failures, 10)))
        self._failures += 1
        return step * (1 + self._rng.below(1001) / 1000) / 2
