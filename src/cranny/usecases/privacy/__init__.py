"""Privacy: what is kept for how long, what is held about one person, and erasing it."""

from collections.abc import Sequence
from typing import Final

from litestar.types import ControllerRouterHandler

from cranny.platform.feature import Feature, Parts
from cranny.platform.sweeps import Sweep
from cranny.usecases.privacy import api, keeping
from cranny.usecases.privacy.erasing import Why, erase, export
from cranny.usecases.privacy.settings import days, read, write

__all__ = ["FEATURE", "Why", "days", "erase", "export", "read", "write"]

HOUR_S: Final = 3600.0
ASK_S: Final = 15.0


def _routes(parts: Parts) -> Sequence[ControllerRouterHandler]:
    return api.routes(parts.db, parts.keyring, parts.keepers)


def _sweeps(parts: Parts) -> Sequence[Sweep]:
    return [
        Sweep("privacy.forget", HOUR_S, keeping.sweep(parts.keepers.kept)),
        Sweep("privacy.ask", ASK_S, keeping.ask),
    ]


FEATURE: Final = Feature("privacy", routes=_routes, sweeps=_sweeps)
