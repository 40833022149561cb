"""What the platform itself brings to the wiring, like any feature."""

from collections.abc import Sequence
from typing import Final

from cranny.platform import directory, idempotency, log
from cranny.platform.feature import Feature, Parts
from cranny.platform.sweeps import Sweep

HOUR_S: Final = 3600.0


def _sweeps(_: Parts) -> Sequence[Sweep]:
    return [
        Sweep("idempotency.forget", HOUR_S, idempotency.forget_old),
        Sweep("directory.forget", HOUR_S, directory.forget_expired),
    ]


FEATURE: Final = Feature("platform", sweeps=_sweeps, audit=log.verify)
