"""What a simulated life came to."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from cranny.platform.violation import Violation

FAULTS: Final = ("struck: ", "misfortune: ", "partitions: ", "messages ", "broker ")


@dataclass(frozen=True, slots=True)
class Report:
    """`digest` covers the stored bytes of every journal, the facts that the server holds, and every line of the
    trace: the same seed has the same digest, in every process, for as long as the program is the same. `hours` are
    virtual, of one bank."""

    seed: int
    digest: str
    counts: Mapping[str, int]
    violations: tuple[Violation, ...]
    trace: tuple[str, ...]
    hours: float
    banks: int = 1
    longest: Mapping[str, float] = field(default_factory=dict)

    @property
    def locker_days(self) -> float:
        return self.hours * self.banks / 24

    @property
    def faults(self) -> int:
        """How often something went wrong around the programs."""
        return sum(count for what, count in self.counts.items() if what.startswith(FAULTS))

    def line(self) -> str:
        """For the command line."""
        of = self.counts.get
        deaths = sum(count for what, count in self.counts.items() if what.startswith("struck: "))
        return (
            f"seed {self.seed:4}  {self.digest[:12]}  {of('deposits', 0):3} deposits {of('collects', 0):3} collects "
            f"{of('pulses', 0):4} pulses  {deaths:3} strikes {of('partitions', 0):2} partitions "
            f"{of('messages lost', 0):4} lost {of('messages repeated', 0):4} repeated  "
            f"{len(self.violations)} violations"
        )


def digest(journals: Iterable[Iterable[bytes]], held: Iterable[bytes], trace: Iterable[str]) -> str:
    """SHA-256, in hexadecimal digits."""
    parts = hashlib.sha256()
    for journal in journals:
        for stored in journal:
            parts.update(hashlib.sha256(stored).digest())
        parts.update(b"|")
    for stored in held:
        parts.update(hashlib.sha256(stored).digest())
    for line in trace:
        parts.update(line.encode() + b"\n")
    return parts.hexdigest()
