"""What the pages show, read in one transaction: the layout, what lies behind each door, and what happened last."""

from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import quote
from uuid import UUID

import msgspec

from cranny import fleet, sites
from cranny.core.errors import NotFound
from cranny.core.events import Event
from cranny.fleet import BankState
from cranny.pages.operator import climate, odd, telling
from cranny.platform import log
from cranny.platform.db import Tx
from cranny.sites import DoorNow
from cranny.ui import sheet
from cranny.ui.geometry import Front, stand
from cranny.ui.models import BankCard, CommandView, DoorDetails, DoorState, DoorView, Reference, SizeCount, WallView
from cranny.usecases import deliveries
from cranny.usecases.deliveries import Delivery, DeliveryShown
from cranny.wire.allocation import SEATED

HOME: Final = "/walls"
INSIDE: Final = (Delivery.STORED, Delivery.OVERDUE, Delivery.RECALLING)
MOST: Final = 1000
"""More deliveries than this lie in no bank."""
EACH: Final = 6
"""Events of a door that are read: the last one that moved it is among them."""
HISTORY: Final = 20
FEED: Final = 9
COMMANDS: Final = 3
"""The last ones of a door."""


async def cards(tx: Tx) -> list[BankCard]:
    """Every bank, with its doors in their states."""
    found = []
    for bank in await sites.list_banks(tx):
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
    about, layout = await sites.get_bank(tx, bank), await sites.as_layout(tx, bank)
    doors, status = await sites.list_doors(tx, bank), await fleet.status(tx, bank)
    inside = await _inside(tx, bank)
    events = await log.latest(tx, [_subject(bank, door.label) for door in doors] + [f"banks/{bank}"], EACH)
    states = telling.states(doors, inside, events, heard=status.taken > 0 or status.last_beat is not None)
    front = stand(layout.compartments, layout.screen)
    at = None if chosen is None else _index(doors, chosen)
    air = await climate.air(tx, about)
    views = tuple(
        msgspec.structs.replace(_door(bank, index, door, states[door.label], inside), celsius=air.get(door.label))
        for index, door in enumerate(doors)
    )
    odd_count, newest = await odd.odd(tx, bank)
    return WallView(
        bank=about.name,
        site=about.site_name,
        front=front,
        doors=views,
        sheet=f"{HOME}/{bank}/{sheet.name(front)}.css",
        live=f"{HOME}/{bank}/live",
        home=HOME,
        online=status.state is BankState.ONLINE,
        heard=status.last_beat,
        now=tx.now(),
        sizes=await _sizes(tx, bank),
        feed=telling.feed(events)[:FEED],
        alarms=await climate.alarms(tx, about),
        selected=None if at is None else await _details(tx, bank, doors[at], views[at], inside),
        awaiting=tuple(command(one) for one in await fleet.awaiting_commands(tx, bank)),
        odd_count=odd_count,
        odd=newest,
        ask=f"{HOME}/{bank}/ask",
    )


async def front(tx: Tx, bank: UUID) -> Front:
    """Where each door is. Raises NotFound, code `bank-not-found`."""
    layout = await sites.as_layout(tx, bank)
    return stand(layout.compartments, layout.screen)


async def zone(tx: Tx, bank: UUID) -> str:
    """Where the bank's clock hangs. Raises NotFound, code `bank-not-found`."""
    return (await sites.get_bank(tx, bank)).timezone


async def _inside(tx: Tx, bank: UUID) -> dict[UUID, DeliveryShown]:
    """What lies behind doors, by the delivery's id."""
    return {
        found.id: found for state in INSIDE for found in await deliveries.newest(tx, limit=MOST, state=state, bank=bank)
    }


async def _sizes(tx: Tx, bank: UUID) -> tuple[SizeCount, ...]:
    counts = await sites.free_counts(tx, bank)
    classes = {size.name: size for size in await sites.list_size_classes(tx)}
    return tuple(
        SizeCount(
            name=name,
            free=sum(count.free for count in counts.doors if count.size == name),
            of=sum(count.total for count in counts.doors if count.size == name),
            promised=sum(count.count for count in counts.promised if count.size == name),
            box=(classes[name].width, classes[name].height),
        )
        for name in classes
        if any(count.size == name for count in counts.doors)
    )


def _door(bank: UUID, index: int, door: DoorNow, state: DoorState, inside: Mapping[UUID, DeliveryShown]) -> DoorView:
    holds = [inside[id_] for id_ in door.deliveries or () if id_ in inside]
    due = min((held.collect_by for held in holds if held.collect_by), default=None)
    return DoorView(
        index=index,
        label=door.label,
        state=state,
        href=f"{HOME}/{bank}?door={quote(door.label)}",
        features=tuple(feature for feature in door.features if feature != SEATED),
        who=telling.name(holds[0]) if holds else "",
        since=door.occupied_since,
        until=due,
    )


async def _details(
    tx: Tx, bank: UUID, door: DoorNow, view: DoorView, inside: Mapping[UUID, DeliveryShown]
) -> DoorDetails:
    history = await log.latest(tx, [_subject(bank, door.label)], HISTORY)
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
        commands=tuple(
            command(one) for one in await fleet.newest_commands(tx, limit=COMMANDS, bank=bank, door=door.label)
        ),
    )


def command(shown: fleet.CommandShown) -> CommandView:
    """As the pages show it."""
    return CommandView(
        id=str(shown.id),
        href=f"{HOME}/{shown.bank}/commands/{shown.id}",
        action=shown.action,
        state=shown.state,
        door=shown.doors[0] if len(shown.doors) == 1 else "",
        why=shown.reason,
        by=shown.asked_by.label,
        by_key=str(shown.asked_by.key),
        created=shown.created,
        expires=shown.expires,
        confirmed_by=shown.confirmed_by.label if shown.confirmed_by else "",
        second_person=shown.second_person,
        answer=shown.answer,
        acknowledged=shown.acknowledged is not None,
        opened=len(shown.opened),
        of=len(shown.doors),
    )


def _index(doors: Sequence[DoorNow], label: str) -> int:
    for index, door in enumerate(doors):
        if door.label == label:
            return index
    raise NotFound(f"This bank has no door {label!r}.", code="door-not-found")


def _subject(bank: UUID, label: str) -> str:
    return f"banks/{bank}/doors/{label}"


def concerns(bank: UUID, event: Event) -> bool:
    """Whether the wall of this bank may look different after it."""
    if event.type in telling.UNSAID:
        return False
    own = f"banks/{bank}"
    return event.subject == own or event.subject.startswith(f"{own}/") or event.data.get("bank") == str(bank)
