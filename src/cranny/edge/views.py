"""What the kiosk's screen may know. It stands in public: no names, no codes, no tracking numbers."""

from typing import Literal
from uuid import UUID

import msgspec

from cranny.edge.journal import Journal
from cranny.edge.outcomes import Opened
from cranny.edge.rows import Opening
from cranny.edge.state import State
from cranny.edge.wall import Wall
from cranny.wire.doors import STANDS_OPEN, Door
from cranny.wire.messages import CompartmentGiven, ScreenGiven

Look = Literal["free", "taken", "open", "blocked", "unseen"]
Link = Literal["online", "offline", "forked", "refused"]
"""`forked`: the server holds another history of this bank; `refused`: it takes nothing from it."""


class DoorView(msgspec.Struct, frozen=True):
    """Sizes and the centre's height in mm, the tower counted from the left: enough to draw the wall."""

    label: str
    look: Look
    width: int
    height: int
    depth: int
    centre: int
    tower: int
    features: list[str]


class KioskState(msgspec.Struct, frozen=True):
    """`deposits` is off while the disk is nearly full; `screen` is where the panel is;
    `visit` is the courier's visit under way."""

    name: str
    timezone: str
    screen: ScreenGiven | None
    link: Link
    deposits: bool
    visit: UUID | None
    doors: list[DoorView]


def view(journal: Journal, wall: Wall, link: Link, visit: UUID | None) -> KioskState:
    state = journal.state
    return KioskState(
        name=state.layout.name if state.layout else "",
        timezone=state.layout.timezone if state.layout else "UTC",
        screen=state.layout.screen if state.layout else None,
        link=link,
        deposits=not journal.disk.low,
        visit=visit,
        doors=[_door(box, _look(journal, wall, box.label)) for box in state.boxes.values()],
    )


def opened(state: State, opening: Opening, passed_over: list[str]) -> Opened:
    """What is told of a door that stands open."""
    box, inside = state.boxes[opening.door], state.occupancies.get(opening.door)
    moved = opening.deliveries if opening.purpose == "deposit" else (inside.deliveries if inside else [])
    known = [state.deliveries[delivery] for delivery in moved if delivery in state.deliveries]
    return Opened(
        door=opening.door,
        place=place(state, opening.door),
        centre=box.centre,
        purpose=opening.purpose,
        opening=opening.opening,
        visit=opening.visit,
        passed_over=passed_over,
        items=sum(len(delivery.items) for delivery in known),
        together=opening.purpose == "deposit" and inside is not None,
        spoiled=opening.purpose != "deposit" and inside is not None and state.spoiled(inside),
        afar=opening.credential == "command",
    )


def place(state: State, door: str) -> int:
    """The door's index in the layout."""
    return list(state.boxes).index(door)


def _door(box: CompartmentGiven, look: Look) -> DoorView:
    return DoorView(box.label, look, box.width, box.height, box.depth, box.centre, box.tower, box.features)


def _look(journal: Journal, wall: Wall, label: str) -> Look:
    state, door = journal.state, wall.state(label)
    if door in STANDS_OPEN:
        return "open"
    if state.compartment(label).blocked or (state.inherited(label) and wall.content(label) is not False):
        return "blocked"
    if door in (Door.UNSEEN, Door.UNKNOWN):
        return "unseen"
    if label in state.occupancies or state.under_way(label) is not None:
        return "taken"
    return "free" if wall.fit_for_use(label) else "blocked"
