"""Who collected a moment ago may open the same door again, a few times, for a few minutes: they forgot something.

The journal keeps it, so a power cut takes nobody's right away. Within a run its time is counted by the monotonic
clock; across a power cut by the wall clock. One that shows less than it did before can't tell how long the power was
off: then the right is over, for counted from the start of every run it would have no end. It opens no door that
belongs to somebody else since, whatever the clocks say.
"""

import math
from typing import Final
from uuid import UUID

import msgspec

from cranny.edge.rows import Again, Grant
from cranny.edge.state import State

MILLIS: Final = 1000


def begin(grant: Grant, door: str, generation: int, state: State, now_ms: int) -> Again:
    """The row for a `grant` that is about to end, by a pick-up at `now_ms` of the edge's time."""
    policy = state.policy
    return Again(
        grant=grant.grant,
        purpose=grant.purpose,
        locator=grant.locator,
        salt=grant.salt,
        code_verifier=b"" if grant.code_off else grant.code_verifier,
        qr_verifier=grant.qr_verifier,
        door=door,
        generation=generation,
        until_ms=now_ms + policy.reopen_within_s * MILLIS,
        times=policy.reopen_times,
    )


def one_less(again: Again) -> Again:
    """After one more opening. What opens nothing any more keeps no verifiers."""
    return msgspec.structs.replace(again, times=again.times - 1) if again.times > 1 else over(again)


def over(again: Again) -> Again:
    return msgspec.structs.replace(again, times=0, salt=b"", code_verifier=b"", qr_verifier=b"")


class Grace:
    """`now` is monotonic, `wall_ms` the wall clock's, both at the start."""

    def __init__(self, state: State, now: float, wall_ms: int) -> None:
        within, known = state.policy.reopen_within_s, wall_ms >= state.mark.wall_ms
        self._until: dict[UUID, float] = {
            again.grant: now + min((again.until_ms - wall_ms) / MILLIS, within) if known else -math.inf
            for again in state.agains.values()
        }

    def begin(self, grant: UUID, until: float) -> None:
        """It was collected, and may be opened again until the monotonic moment `until`."""
        self._until[grant] = until

    def find(self, state: State, locator: int, now: float) -> Again | None:
        """The last one used with this locator, while it may open again."""
        again = state.agains.get(locator)
        return again if again is not None and now <= self._until.get(again.grant, now) else None
