"""What this room brings to the wiring."""

from collections.abc import Sequence
from typing import Final

from litestar.types import ControllerRouterHandler

from cranny.platform.feature import Feature, Parts
from cranny.platform.gate import found_by
from cranny.platform.paging import Cursors
from cranny.platform.sweeps import Sweep
from cranny.sites import api, places_api, tables
from cranny.sites.audit import audit
from cranny.sites.promises import lapse_promises

LAPSE_EVERY_S: Final = 15.0
"""A promise whose time is over does not count any more anyway; the sweep ends its row and tells of it."""


def _routes(parts: Parts) -> Sequence[ControllerRouterHandler]:
    cursors = Cursors(parts.keyring.cursor_key)
    return [*api.routes(parts.db, cursors), *places_api.routes(parts.db, cursors)]


def _sweeps(_: Parts) -> Sequence[Sweep]:
    return [Sweep("sites.lapse", LAPSE_EVERY_S, lapse_promises)]


THINGS: Final = {"bank": found_by(tables.WHERE_BANK), "site": found_by(tables.WHERE_SITE)}
FEATURE: Final = Feature("sites", routes=_routes, sweeps=_sweeps, audit=audit, things=THINGS)
