"""What this room brings to the wiring."""

from collections.abc import Sequence
from typing import Final

from litestar.types import ControllerRouterHandler

from cranny.platform.feature import Feature, Loop, Parts
from cranny.platform.outside import Guard, resolve
from cranny.platform.paging import Cursors
from cranny.platform.sweeps import Sweep
from cranny.webhooks import api
from cranny.webhooks.audit import audit
from cranny.webhooks.messages import forget_secrets, give_up
from cranny.webhooks.personal import KEPT, PERSONAL
from cranny.webhooks.posting import Poster
from cranny.webhooks.sending import Courier


def _routes(parts: Parts) -> Sequence[ControllerRouterHandler]:
    guard = Guard.of(parts.webhooks_inside)
    return api.routes(parts.db, parts.keyring, Cursors(parts.keyring.cursor_key), guard, resolve)


def _loops(parts: Parts) -> Sequence[Loop]:
    poster = Poster(Guard.of(parts.webhooks_inside), resolve, parts.clock)
    courier = Courier(parts.db, parts.broker, parts.keyring, poster, source=parts.source)
    return [Loop("webhooks", courier.run)]


def _sweeps(_: Parts) -> Sequence[Sweep]:
    return [Sweep("webhooks.give_up", 60.0, give_up), Sweep("webhooks.secrets", 3600.0, forget_secrets)]


FEATURE: Final = Feature(
    "webhooks", routes=_routes, loops=_loops, sweeps=_sweeps, audit=audit, personal=PERSONAL, kept=KEPT
)
