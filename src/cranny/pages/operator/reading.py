"""What the pages show, read in one transaction: the banks, a wall, and more of one of its doors."""

from collections.abc import Collection, Sequence
from typing import Final
from uuid import UUID

import msgspec

from cranny import fleet, sites
from cranny.core.errors import NotFound
from cranny.pages.operator import board, climate, telling
from cranny.pages.operator.board import Board
from cranny.pages.operator.shown import HOME, command_views
from cranny.pages.operator.sight import Sight, sight
from cranny.platform import log
from cranny.platform.auth import Principal
from cranny.platform.db import Tx
from cranny.sites import DoorNow
from cranny.ui.geometry import Front, stand
from cranny.ui.models import BankCard, DoorDetails, Reference, WallView
from cranny.wire.allocation import SEATED

HISTORY: Final = 20
COMMANDS: Final = 3
"""The last ones of a door."""


async def cards(tx: Tx, at: Collection[UUID] | None = None) -> list[BankCard]:
    """Every bank, or those `at` some sites, with its doors in their states."""
    found = []
    for bank in await sites.list_banks(tx, at=at):
        view = await wall(tx, bank.id)
        states = tuple(door.state for door in view.doors)
        found.append(
            BankCard(
                name=view.bank,
                site=view.site,
                href=f"{HOME}/{bank.id}",
                front=view.front,
                states=states,
                online=view.online,
                heard=view.heard,
            )
        )
    return found


async def wall(tx: Tx, bank: UUID, chosen: str | None = None) -> WallView:
    """The wall of a bank; `chosen` is the label of the door to tell more of. Raises NotFound, codes
    `bank-not-found` and `door-not-found`."""
    drawn = await board.read(tx, bank)
    if chosen is None:
        return drawn.view
    return msgspec.structs.replace(drawn.view, selected=await _details(tx, drawn, _index(drawn.doors, chosen)))


async def front(tx: Tx, bank: UUID) -> Front:
    """Where each door is. Raises NotFound, code `bank-not-found`."""
    layout = await sites.as_layout(tx, bank)
    return stand(layout.compartments, layout.screen)


async def zone(tx: Tx, bank: UUID) -> str:
    """Where the bank's clock hangs. Raises NotFound, code `bank-not-found`."""
    return (await sites.get_bank(tx, bank)).timezone


async def seen_by(tx: Tx, who: Principal, bank: UUID) -> Sight:
    """What `who` sees of the bank's wall.
    Raises NotFound, code `bank-not-found`."""
    return sight(who.rights, (await sites.get_bank(tx, bank)).site)


async def _details(tx: Tx, drawn: Board, at: int) -> DoorDetails:
    bank, door, view, inside = drawn.about.id, drawn.doors[at], drawn.view.doors[at], drawn.known.inside
    history = await log.latest(tx, [f"banks/{bank}/doors/{door.label}"], HISTORY)
    return DoorDetails(
        door=view,
        size_class=door.size or "",
        width=door.width,
        height=door.height,
        depth=door.depth,
        seated=SEATED in door.features,
        holds=tuple(
            Reference(text=telling.name(inside[id_]) if id_ in inside else str(id_)) for id_ in door.deliveries or ()
        ),
        reason=telling.reason(view.state, door, history),
        history=telling.history(history),
        climate=await climate.line(tx, bank, door.label),
        spoiled=any(inside[id_].spoiled_at for id_ in door.deliveries or () if id_ in inside),
        ask=f"{HOME}/{bank}/ask",
        commands=await command_views(tx, await fleet.newest_commands(tx, limit=COMMANDS, bank=bank, door=door.label)),
    )


def _index(doors: Sequence[DoorNow], label: str) -> int:
    for index, door in enumerate(doors):
        if door.label == label:
            return index
    raise NotFound(f"This bank has no door {label!r}.", code="door-not-found")
