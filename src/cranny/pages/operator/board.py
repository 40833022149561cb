"""What the wall of a bank is drawn from: read as a whole, and then kept right by what is new in the log, so that a door
that moves costs the rows of that door and not those of the bank."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final
from urllib.parse import quote
from uuid import UUID

import msgspec

from cranny import fleet, sites
from cranny.core.events import Event
from cranny.fleet import BankState
from cranny.pages.operator import climate, odd, telling
from cranny.pages.operator.shown import HOME, command_views
from cranny.platform import log
from cranny.platform.db import Tx
from cranny.sites import Bank, DoorNow, Stock
from cranny.ui import sheet
from cranny.ui.geometry import stand
from cranny.ui.models import DoorView, SizeCount, WallView
from cranny.usecases import deliveries
from cranny.usecases.deliveries import Delivery, DeliveryShown
from cranny.wire.allocation import SEATED

INSIDE: Final = frozenset({Delivery.STORED, Delivery.OVERDUE, Delivery.RECALLING})
EACH: Final = 6
"""Events of a door that are read: the last one that moved it is among them."""
FEED: Final = 9

Inside = Mapping[UUID, DeliveryShown]
"""What lies behind doors, by the delivery's id."""


class Known(msgspec.Struct, frozen=True):
    """What is known of doors beside their rows: `last` is the type of the event that moved each of them last, `air` the
    temperature behind it, both by label; `heard`: the bank has reported at least once."""

    inside: Inside
    last: Mapping[str, str]
    air: Mapping[str, int]
    heard: bool


class Board(msgspec.Struct, frozen=True):
    """A wall, and what it was drawn from; `position` is the newest event's of those."""

    about: Bank
    doors: tuple[DoorNow, ...]
    known: Known
    view: WallView
    position: int

    @property
    def places(self) -> dict[str, str]:
        """The door behind which each delivery lies, by the delivery's subject."""
        return {f"deliveries/{id_}": door.label for door in self.doors for id_ in door.deliveries or ()}


async def read(tx: Tx, bank: UUID) -> Board:
    """The whole wall. Raises NotFound, code `bank-not-found`."""
    about = await sites.get_bank(tx, bank)
    doors, status = tuple(await sites.list_doors(tx, bank)), await fleet.status(tx, bank)
    events = await log.latest(tx, [f"banks/{bank}/doors/{door.label}" for door in doors] + [f"banks/{bank}"], EACH)
    known = Known(
        inside=await _inside(tx, doors),
        last=telling.moves(events),
        air=await climate.air(tx, about),
        heard=status.taken > 0 or status.last_beat is not None,
    )
    layout = sites.layout_of(about, doors)
    front = stand(layout.compartments, layout.screen)
    odd_count, newest = await odd.odd(tx, bank)
    view = WallView(
        bank=about.name,
        site=about.site_name,
        front=front,
        doors=tuple(_door(bank, n, door, known) for n, door in enumerate(doors)),
        sheet=f"{HOME}/{bank}/{sheet.name(front)}.css",
        live=f"{HOME}/{bank}/live",
        home=HOME,
        online=status.state is BankState.ONLINE,
        heard=status.last_beat,
        now=tx.now(),
        sizes=_sizes(await sites.stock_of(tx, bank)),
        feed=telling.feed(events)[:FEED],
        alarms=await climate.alarms(tx, about),
        awaiting=await command_views(tx, await fleet.awaiting_commands(tx, bank)),
        odd_count=odd_count,
        odd=newest,
        ask=f"{HOME}/{bank}/ask",
    )
    return Board(about, doors, known, view, max((event.position for event in events), default=0))


async def renew(tx: Tx, board: Board, labels: Collection[str], events: Sequence[Event]) -> Board:
    """The same wall with the doors `labels` read anew. `events` is what is new in the log, the oldest first."""
    bank, view = board.about.id, board.view
    fresh = {door.label: door for door in await sites.list_doors(tx, bank, labels)} if labels else {}
    doors = tuple(fresh.get(door.label, door) for door in board.doors)
    kept = {id_ for door in doors if door.label not in fresh for id_ in door.deliveries or ()}
    inside = {id_: shown for id_, shown in board.known.inside.items() if id_ in kept}
    inside |= await _inside(tx, fresh.values())
    own = [event for event in reversed(events) if event.subject.partition("/doors/")[0] == f"banks/{bank}"]
    known = msgspec.structs.replace(board.known, inside=inside, last={**board.known.last, **telling.moves(own)})
    views = tuple(_door(bank, n, door, known) if door.label in fresh else view.doors[n] for n, door in enumerate(doors))
    feed = telling.feed([event for event in own if event.position > board.position])
    sizes = _sizes(await sites.stock_of(tx, bank))
    view = msgspec.structs.replace(view, doors=views, now=tx.now(), sizes=sizes, feed=(*feed, *view.feed)[:FEED])
    position = max(board.position, *(event.position for event in events))
    return msgspec.structs.replace(board, doors=doors, known=known, view=view, position=position)


async def _inside(tx: Tx, doors: Collection[DoorNow]) -> dict[UUID, DeliveryShown]:
    ids = {id_ for door in doors for id_ in door.deliveries or ()}
    return {found.id: found for found in await deliveries.several(tx, ids) if found.state in INSIDE}


def _sizes(stock: Stock) -> tuple[SizeCount, ...]:
    return tuple(
        SizeCount(
            name=known.name,
            free=sum(count.free for count in stock.doors if count.size == known.name),
            of=sum(count.total for count in stock.doors if count.size == known.name),
            promised=sum(count.count for count in stock.promised if count.size == known.name),
            box=(known.size.width, known.size.height),
        )
        for known in stock.classes
        if any(count.size == known.name for count in stock.doors)
    )


def _door(bank: UUID, index: int, door: DoorNow, known: Known) -> DoorView:
    holds = [known.inside[id_] for id_ in door.deliveries or () if id_ in known.inside]
    due = min((held.collect_by for held in holds if held.collect_by), default=None)
    return DoorView(
        index=index,
        label=door.label,
        state=telling.state(door, known.inside, known.last.get(door.label, ""), heard=known.heard),
        href=f"{HOME}/{bank}?door={quote(door.label)}",
        features=tuple(feature for feature in door.features if feature != SEATED),
        who=telling.name(holds[0]) if holds else "",
        since=door.occupied_since,
        until=due,
        celsius=known.air.get(door.label),
    )
