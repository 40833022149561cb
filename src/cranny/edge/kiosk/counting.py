"""What the screen shows of an inventory, from what the journal and the doors say."""

from collections.abc import Callable

from cranny.edge import inventory
from cranny.edge.controller import Controller
from cranny.ui.models import Counting, Home, Place, Screen
from cranny.wire.doors import Door


def count(controller: Controller, find: Callable[[str], Place], screen: Screen) -> Screen | None:
    """The inventory that somebody leads here; or, when the `screen` shows one that is not led any more, how far it
    came. None where the screen is about something else."""
    state, session = controller.journal.state, controller.counter.session
    if session is not None:
        return _led(controller, str(session), find)
    if isinstance(screen, Counting) and screen.phase != "over":
        return Counting(session="", phase="over", looked=_looked(controller, screen), of=len(state.boxes))
    return None


def _led(controller: Controller, session: str, find: Callable[[str], Place]) -> Screen:
    state, now = controller.journal.state, controller.journal.state.inventory
    if now is None:
        return Home()
    waiting = inventory.left(state)
    label = now.door or next((one for one in waiting if controller.wall.ready(one)), "")
    if not label:
        return Counting(session=session, phase="over", looked=len(now.done), of=len(state.boxes))
    place = state.occupancies.get(label)
    held = [state.deliveries[one] for one in place.deliveries if one in state.deliveries] if place else []
    opening = state.under_way(label) if now.door else None
    return Counting(
        session=session,
        phase="ready" if not now.door else "ask" if opening is None else "open",
        place=find(label),
        holds=max(sum(len(delivery.items) for delivery in held), 1) if place else 0,
        answer=now.answer,
        looked=len(now.done),
        of=len(state.boxes),
        late=controller.wall.state(label) is Door.UNSECURED,
    )


def _looked(controller: Controller, screen: Counting) -> int:
    """How far it came: one that nobody stopped ended with the last door."""
    now = controller.journal.state.inventory
    if now is not None:
        return len(now.done)
    return screen.looked if controller.counter.stopped else len(controller.journal.state.boxes)
