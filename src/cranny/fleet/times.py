"""When a fact happened. The true order is the fact's number; the time is the best that can be said of it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from cranny.core.clock import from_millis
from cranny.wire.facts import Fact
from cranny.wire.messages import FactBatch

EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""What a clock shows that was never set. A fact may bear the year 1, which a database's driver takes for no moment."""


@dataclass(frozen=True, slots=True)
class Received:
    """When the server got a batch, and when the bank made it on the clock of its boot."""

    at: datetime
    boot: UUID | None
    mono_ms: int


def received(batch: FactBatch, at: datetime) -> Received:
    return Received(at, batch.boot, batch.mono_ms)


def occurred(fact: Fact, received: Received, floor: datetime | None) -> datetime:
    """The wall clock where it can be trusted; else counted back on the boot's own clock from when the batch was
    made; else the wall clock as it is. What is not from a trusted clock is never before `floor`, the fact before
    it; and nothing happened after its batch came."""
    if fact.clock_quality == "good" and not fact.offline:
        return min(_wall(fact, received.at), received.at)
    age_ms = received.mono_ms - fact.mono_ms
    same_boot = received.boot == fact.boot_id and age_ms >= 0
    guess = _back(received.at, age_ms) if same_boot else _wall(fact, received.at)
    return min(max(guess, floor or guess), received.at)


def earlier(at: datetime, ms: int) -> datetime:
    """`ms` before `at`; `at` itself where there is no such moment: whatever a bank says, it is no error of ours."""
    return max(_back(at, ms), EARLIEST)


def _wall(fact: Fact, fallback: datetime) -> datetime:
    try:
        return max(from_millis(fact.wall_ms), EARLIEST)
    except OverflowError:
        return fallback


def _back(at: datetime, age_ms: int) -> datetime:
    try:
        return at - timedelta(milliseconds=age_ms)
    except OverflowError:
        return at
