"""What the platform itself brings to the wiring, like any feature."""

from collections.abc import Sequence
from typing import Final

from cranny.platform import directory, idempotency, trail
from cranny.platform.db import Tx
from cranny.platform.feature import Feature, Parts, Violation
from cranny.platform.sweeps import Sweep

HOUR_S: Final = 3600.0


def _sweeps(_: Parts) -> Sequence[Sweep]:
    return [
        Sweep("idempotency.forget", HOUR_S, idempotency.forget_old),
        Sweep("directory.forget", HOUR_S, directory.forget_expired),
        Sweep("trail.forget", HOUR_S, trail.forget),
    ]


async def _audit(tx: Tx) -> list[Violation]:
    """I8: the log is what was written."""
    broken = await trail.verify(tx)
    return [] if broken is None else [Violation("I8", f"log/{broken.position}", broken.why)]


FEATURE: Final = Feature("platform", sweeps=_sweeps, audit=_audit)
