"""What this room brings to the wiring."""

from collections.abc import Sequence
from functools import partial
from typing import Final

from litestar.types import ControllerRouterHandler

from cranny.fleet import api, downlink, mule_api, presence, tables
from cranny.fleet.audit import audit
from cranny.fleet.callout import Callout
from cranny.fleet.climate import alarms
from cranny.fleet.climate import tables as climate_tables
from cranny.fleet.climate.api import routes as climate_routes
from cranny.fleet.climate.audit import audit as audit_climate
from cranny.fleet.commands import api as commands_api
from cranny.fleet.commands import settling
from cranny.fleet.commands import tables as command_tables
from cranny.fleet.commands.sending import Dispatcher
from cranny.fleet.downlinker import Downlinker
from cranny.fleet.enrolment import speaks_for
from cranny.fleet.ingestor import Ingestor
from cranny.fleet.mule import Carrier
from cranny.fleet.personal import KEPT, PERSONAL
from cranny.fleet.presence import Presence
from cranny.platform.db import Tx
from cranny.platform.feature import Feature, Loop, Parts, Violation
from cranny.platform.gate import found_by
from cranny.platform.paging import Cursors
from cranny.platform.reactions import Reaction
from cranny.platform.sweeps import Sweep


def _routes(parts: Parts) -> Sequence[ControllerRouterHandler]:
    cursors = Cursors(parts.keyring.cursor_key)
    dispatcher = Dispatcher(parts.db, parts.broker, parts.keyring)
    return [
        *api.routes(parts.db, parts.keyring, cursors, nats=parts.nats),
        *commands_api.routes(parts.db, cursors, dispatcher),
        *climate_routes(parts.db, cursors),
        mule_api.route(Carrier(parts.db, parts.keyring)),
    ]


def _reactions(_: Parts) -> Sequence[Reaction]:
    return [
        Reaction("fleet.policy", frozenset({"bank.policy_changed"}), downlink.policy_changed),
        Reaction("fleet.layout", frozenset({"bank.changed"}), downlink.bank_changed),
        Reaction("fleet.alarms", alarms.FACTS, alarms.follow),
        settling.REACTION,
    ]


def _sweeps(_: Parts) -> Sequence[Sweep]:
    return [
        Sweep("fleet.silence", presence.SWEEP_S, presence.sweep),
        Sweep("fleet.commands", settling.SWEEP_S, settling.sweep),
    ]


async def _audit(tx: Tx) -> list[Violation]:
    return [*await audit(tx), *await audit_climate(tx)]


def _loops(parts: Parts) -> Sequence[Loop]:
    callout = Callout(
        parts.broker,
        parts.keyring.nats_account_seed(),
        partial(speaks_for, parts.db),
        clock=parts.clock,
        rng=parts.rng,
    )
    return [
        Loop("fleet.callout", callout.run),
        Loop("fleet.ingest", Ingestor(parts.db, parts.broker, parts.keyring).run),
        Loop("fleet.downlink", Downlinker(parts.db, parts.broker, parts.keyring).run),
        Loop("fleet.presence", Presence(parts.db, parts.broker).run),
    ]


THINGS: Final = {
    "anomaly": found_by(tables.WHERE),
    "alarm": found_by(climate_tables.WHERE),
    "command": found_by(command_tables.WHERE),
}
FEATURE: Final = Feature(
    "fleet",
    routes=_routes,
    reactions=_reactions,
    sweeps=_sweeps,
    loops=_loops,
    audit=_audit,
    things=THINGS,
    personal=PERSONAL,
    kept=KEPT,
)
