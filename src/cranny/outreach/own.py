"""What this room brings to the wiring."""

from collections.abc import Mapping, Sequence
from typing import Final

from litestar.types import ControllerRouterHandler

from cranny.outreach import api, channels, links, preferences_api, texts
from cranny.outreach.audit import audit
from cranny.outreach.personal import KEPT, PERSONAL
from cranny.outreach.sending import give_up, send_job
from cranny.outreach.tables import WHERE
from cranny.outreach.telling import SEND
from cranny.platform.feature import Feature, Parts
from cranny.platform.gate import found_by
from cranny.platform.jobs import JobHandler
from cranny.platform.paging import Cursors
from cranny.platform.reactions import Reaction
from cranny.platform.sweeps import Sweep

SENDERS: Final = 3
"""Messages that one worker sends at the same time. Each holds a connection to the database while it speaks to the
outside, which may take half a minute."""


def _routes(parts: Parts) -> Sequence[ControllerRouterHandler]:
    return [*api.routes(parts.db, Cursors(parts.keyring.cursor_key)), *preferences_api.routes(parts.db)]


def _jobs(parts: Parts) -> Mapping[str, JobHandler]:
    texts.languages()  # read now: later it would stop the loop
    return {SEND: send_job(parts.keyring, channels.open_all(parts.outlets))}


def _reactions(parts: Parts) -> Sequence[Reaction]:
    return [links.reaction(parts.keyring, parts.url)]


def _sweeps(_: Parts) -> Sequence[Sweep]:
    return [Sweep("outreach.give_up", 60.0, give_up)]


THINGS: Final = {"notice": found_by(WHERE)}
FEATURE: Final = Feature(
    "outreach",
    routes=_routes,
    reactions=_reactions,
    jobs=_jobs,
    jobs_at_once=SENDERS,
    sweeps=_sweeps,
    audit=audit,
    things=THINGS,
    personal=PERSONAL,
    kept=KEPT,
)
