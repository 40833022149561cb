"""From events and rows to what a wall says of a door: pure."""

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from cranny.core.events import Event
from cranny.pages.operator.news import UNSAID
from cranny.sites import DoorNow
from cranny.ui.models import DoorState, FeedLine, HistoryLine
from cranny.usecases.deliveries import Delivery, DeliveryShown

OPEN: Final = frozenset({"door.opened"})
ALARMING: Final = {"door.unsecured": "unsecured", "door.forced": "forced"}
SHUT: Final = frozenset(
    {"door.shut", "door.not_opened", "deposit.stored", "deposit.abandoned", "collect.finished", "collect.left"}
)
UNSURE: Final = frozenset({"opening.unknown"})
MOVES: Final = OPEN | SHUT | UNSURE | frozenset(ALARMING)
"""Events that say how a door stands."""
OBVIOUS: Final = UNSAID | {"door.shut"}
"""In the news of a whole bank, what became of a door that was shut is enough."""


def moves(events: Sequence[Event]) -> dict[str, str]:
    """The type of the event that moved each door last, by label. `events`: the newest first."""
    last: dict[str, str] = {}
    for event in events:
        if event.type in MOVES and "door" in event.data:
            last.setdefault(event.data["door"], event.type)
    return last


def state(door: DoorNow, inside: Mapping[UUID, DeliveryShown], last: str, *, heard: bool) -> DoorState:
    """The loudest that is true. `last` is the type of the event that moved it last; `heard`: the bank has reported at
    least once. A door that its sensors speak against alarms."""
    held = {inside[id_].state for id_ in door.deliveries or () if id_ in inside}
    rules: tuple[tuple[bool, DoorState], ...] = (
        (not heard, "unknown"),
        (last in ALARMING or door.unfit is not None, "alarm"),
        (last in OPEN, "open"),
        (last in UNSURE, "unknown"),
        (door.blocked is not None, "blocked"),
        (door.occupied_since is None, "free"),
        (Delivery.OVERDUE in held, "overdue"),
        (Delivery.RECALLING in held, "return"),
    )
    return next((told for holds, told in rules if holds), "held")


def reason(state: DoorState, door: DoorNow, events: Sequence[Event]) -> str:
    """The code of why a door is blocked, alarming or not known."""
    if state == "alarm":
        last = next((event.type for event in events if event.type in MOVES), "")
        return ALARMING.get(last, "") or door.unfit or ""
    if state == "unknown":
        return "unknown" if any(event.type in UNSURE for event in events) else ""
    return (door.blocked or "") if state == "blocked" else ""


def name(delivery: DeliveryShown) -> str:
    """What people call it: the sender's reference, else a tracking number."""
    return delivery.reference or (delivery.items[0].tracking if delivery.items else str(delivery.id))


def feed(events: Sequence[Event]) -> tuple[FeedLine, ...]:
    return tuple(
        FeedLine(
            position=event.position,
            time=event.time,
            type=event.type,
            door=str(event.data.get("door", "")),
            detail=_detail(event),
        )
        for event in events
        if event.type not in OBVIOUS
    )


def history(events: Sequence[Event]) -> tuple[HistoryLine, ...]:
    """The newest first. That a door was shut is said where nothing else became of it."""
    said = [
        event
        for newer, event in zip([None, *events], events, strict=False)
        if event.type not in UNSAID
        and not (event.type == "door.shut" and newer is not None and newer.type.startswith(("deposit.", "collect.")))
    ]
    return tuple(
        HistoryLine(
            time=event.time,
            type=event.type,
            detail=_detail(event),
            evidence=str(event.data.get("evidence", "")),
            offline=bool(event.data.get("offline", False)),
        )
        for event in said
    )


def _detail(event: Event) -> str:
    key = {"collect.finished": "purpose", "sensor.alarmed": "trouble", "sensor.recovered": "trouble"}.get(event.type)
    return str(event.data.get(key or "reason", ""))
