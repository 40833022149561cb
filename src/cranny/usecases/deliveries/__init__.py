"""Parcels and everything like them: announced, deposited, collected; called off, overdue, taken back.

Click and collect, returns, internal mail and documents are kinds of delivery, rows of a table.
"""

from collections.abc import Sequence
from typing import Final

from litestar.types import ControllerRouterHandler

from cranny.platform.feature import Feature, Parts
from cranny.platform.gate import found_by
from cranny.platform.paging import Cursors
from cranny.platform.reactions import Reaction
from cranny.platform.sweeps import Sweep
from cranny.usecases.deliveries import api, moved_out, opened, spoiled, tables, telling
from cranny.usecases.deliveries.actions.announce import announce, announce_many
from cranny.usecases.deliveries.actions.cancel import cancel
from cranny.usecases.deliveries.actions.deadlines import extend, fall_due, give_up, lapse
from cranny.usecases.deliveries.actions.readdress import readdress
from cranny.usecases.deliveries.actions.reroute import reroute
from cranny.usecases.deliveries.actions.spoil import perish
from cranny.usecases.deliveries.audit import audit
from cranny.usecases.deliveries.lifecycle import DELIVERY, Deed, Delivery
from cranny.usecases.deliveries.personal import KEPT, PERSONAL
from cranny.usecases.deliveries.reactions import reaction
from cranny.usecases.deliveries.reading import find, get, newest, several
from cranny.usecases.deliveries.shapes import DeliveryAsked, DeliveryShown, ItemAsked, RecipientAsked, RequirementsAsked

__all__ = [
    "DELIVERY",
    "FEATURE",
    "Deed",
    "Delivery",
    "DeliveryAsked",
    "DeliveryShown",
    "ItemAsked",
    "RecipientAsked",
    "RequirementsAsked",
    "announce",
    "announce_many",
    "cancel",
    "extend",
    "fall_due",
    "find",
    "get",
    "give_up",
    "lapse",
    "newest",
    "readdress",
    "reroute",
    "several",
]


def _routes(parts: Parts) -> Sequence[ControllerRouterHandler]:
    return api.routes(parts.db, parts.keyring, Cursors(parts.keyring.cursor_key))


def _reactions(parts: Parts) -> Sequence[Reaction]:
    keyring = parts.keyring
    return [
        reaction(keyring),
        telling.reaction(keyring),
        opened.reaction(keyring),
        spoiled.reaction(keyring),
        moved_out.reaction(keyring),
    ]


def _sweeps(parts: Parts) -> Sequence[Sweep]:
    return [
        Sweep("deliveries.lapse", 15.0, lapse),
        Sweep("deliveries.fall_due", 15.0, fall_due),
        Sweep("deliveries.give_up", 300.0, give_up),
        Sweep("deliveries.perish", 60.0, perish),
        Sweep("deliveries.remind", 300.0, telling.remind(parts.keyring)),
    ]


THINGS: Final = {"delivery": found_by(tables.WHERE)}
FEATURE: Final = Feature(
    "deliveries",
    routes=_routes,
    reactions=_reactions,
    sweeps=_sweeps,
    audit=audit,
    things=THINGS,
    personal=PERSONAL,
    kept=KEPT,
)
