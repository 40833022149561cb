"""How long the keypad makes everybody wait after wrong codes: pure. It slows guessing and locks nobody out."""

from dataclasses import dataclass
from typing import Final

FREE: Final = 3
"""So many failures cost nothing: people mistype."""
DELAYS_S: Final = (2, 4, 8, 16, 30)
QUIET_S: Final = 60
"""So many seconds without a failure take one step back."""
FORGIVEN: Final = 2
"""A success takes so many steps back, not all: it may be somebody else's."""


@dataclass(frozen=True, slots=True)
class Keypad:
    """`steps` failures count at the moment `at` (monotonic seconds), when the last one happened."""

    steps: int = 0
    at: float = 0.0

    def delay(self) -> int:
        """Seconds that the last failure costs."""
        return DELAYS_S[min(self.steps - FREE, len(DELAYS_S)) - 1] if self.steps > FREE else 0

    def wait(self, now: float) -> float:
        """Seconds until the next try is taken."""
        return max(0.0, self.at + self.delay() - now)

    def failed(self, now: float) -> "Keypad":
        return Keypad(min(self._left(now) + 1, FREE + len(DELAYS_S)), now)

    def succeeded(self, now: float) -> "Keypad":
        return Keypad(max(0, self._left(now) - FORGIVEN), now)

    def _left(self, now: float) -> int:
        return max(0, self.steps - int((now - self.at) // QUIET_S))
