"""What happened in a simulated world, line by line, and how often."""

from collections import Counter
from collections.abc import Callable


class Trace:
    def __init__(self, now: Callable[[], float]) -> None:
        """`now` is the virtual time in seconds."""
        self.lines: list[str] = []
        self.counts: Counter[str] = Counter()
        self.longest_of: dict[str, float] = {}
        self.now = now

    def say(self, who: str, what: str) -> None:
        self.lines.append(f"{self.now():9.2f}  {who:<11} {what}")

    def longest(self, what: str, seconds: float) -> None:
        self.longest_of[what] = max(seconds, self.longest_of.get(what, 0.0))

    def count(self, what: str, times: int = 1) -> None:
        self.counts[what] += times
