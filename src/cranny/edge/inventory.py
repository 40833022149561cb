"""The guided inventory: somebody looks behind door after door and says what lies there. Pure rules of the state.

What a person has seen settles a doubt, in both directions: the door is in the pool again, or what should lie there does
not and is told. What nobody expected stays where it is, behind a door that hands nothing out.
"""

from typing import Literal
from uuid import UUID

import msgspec

from cranny.core.errors import Refused
from cranny.core.ids import Ids
from cranny.edge import lifecycle
from cranny.edge.change import Ruled
from cranny.edge.draft import Draft, Sight
from cranny.edge.outcomes import Counting, Settled, Shut
from cranny.edge.placing import Placed
from cranny.edge.renewal import FOREIGN
from cranny.edge.rows import Compartment, Inventory, Occupancy, Opening
from cranny.edge.state import State
from cranny.edge.steps import intent
from cranny.wire.kinds import DoorCounted, DoorShut, Found, InventoryBegan, InventoryEnded

CONTRADICTION = "sensor-contradiction"
Asked = Literal["ready", "open", "ask", "stuck", "over"]


def begin(state: State, id_: UUID, *, grant: UUID | None = None, command: UUID | None = None) -> Ruled[Inventory]:
    """A new inventory, or the one that was begun before and not ended."""
    draft, now = Draft(state), state.inventory
    if now is None:
        now = Inventory(inventory=id_, grant=grant, command=command, done=[])
        draft.put(now)
        draft.say(InventoryBegan(inventory=id_, grant=grant, command=command, doors=len(state.boxes)))
    return draft.change(), now


def left(state: State) -> list[str]:
    """Doors that nobody has looked behind yet: those in doubt first, then those that should hold something."""
    now = state.inventory
    done = set(now.done) if now else set()

    def rank(label: str) -> int:
        doubtful = bool(state.compartment(label).blocked) or state.inherited(label)
        return 0 if doubtful else 1 if label in state.occupancies else 2

    return sorted((label for label in state.boxes if label not in done), key=rank)


def open_next(state: State, sight: Sight, ids: Ids) -> Ruled[Placed | None]:
    """The intent to open the next door that can be opened; None when there is none. Raises Refused `busy` while the
    last one is still being dealt with, `no_visit` without an inventory."""
    draft, now = Draft(state), _running(state)
    if now.door:
        raise Refused("The last door is not done yet.", code="busy")
    ready = (one for one in left(state) if sight.ready(one) and state.under_way(one) is None)
    label = next(ready, None)
    if label is None:
        return draft.change(), None
    box, place = state.compartment(label), state.occupancies.get(label)
    opening = Opening(
        opening=ids.new(),
        door=label,
        generation=place.generation if place else box.generation,
        purpose="inspect",
        grant=now.grant,
        credential="inventory",
        deliveries=[],
        visit=None,
        state=lifecycle.OPENING.start,
    )
    draft.put(Compartment(label, box.generation, box.openings + 1, box.blocked), opening)
    draft.put(msgspec.structs.replace(now, door=label, opening=opening.opening, answer=""))
    draft.say(intent(opening))
    return draft.change(), Placed(opening, pulse=True)


def stuck(state: State) -> Ruled[None]:
    """The door did not open: it is passed over, and stays in doubt."""
    draft, now = Draft(state), state.inventory
    if now is not None and now.door:
        draft.put(_passed(now))
    return draft.change(), None


def answer(state: State, found: Found, content: bool | None) -> Ruled[None]:
    """What somebody saw behind the door that was opened last. Once it is shut, it counts. Raises Refused `no_visit`
    when there is no such door, or nothing should be there."""
    draft, now = Draft(state), _running(state)
    if not now.door or (found == "there" and now.door not in state.occupancies):
        raise Refused("No door is being looked at.", code="no_visit")
    if state.under_way(now.door) is None:
        _count(draft, now, found, content)
    else:
        draft.put(msgspec.structs.replace(now, answer=found))
    return draft.change(), None


def settle(state: State, opening: UUID, content: bool | None) -> Ruled[Settled]:
    """The door was shut. Where nobody watched it for a while, what was said before counts for nothing: the door will be
    opened once more."""
    draft, now, inventory = Draft(state), state.openings[opening], state.inventory
    draft.say(DoorShut(opening=opening, door=now.door, generation=now.generation))
    draft.turn(now, lifecycle.Turn.SHUT)
    if inventory is None or inventory.opening != opening:
        return draft.change(), Shut(now.door, opening)
    if now.state is lifecycle.Opening.DOUBTFUL:
        draft.put(msgspec.structs.replace(inventory, door="", opening=None, answer=""))
    elif inventory.answer:
        _count(draft, inventory, inventory.answer, content)
    return draft.change(), Counting(inventory.inventory)


def end(state: State) -> Ruled[None]:
    """Somebody stops, or all doors are done."""
    draft, now = Draft(state), state.inventory
    if now is not None:
        _end(draft, now)
    return draft.change(), None


def _running(state: State) -> Inventory:
    if state.inventory is None:
        raise Refused("There is no inventory.", code="no_visit")
    return state.inventory


def _passed(now: Inventory) -> Inventory:
    return msgspec.structs.replace(now, done=[*now.done, now.door], door="", opening=None, answer="")


def _count(draft: Draft, now: Inventory, found: Found, content: bool | None) -> None:
    state, label = draft.state, now.door
    box, place = state.compartment(label), state.occupancies.get(label)
    draft.say(
        DoorCounted(
            inventory=now.inventory,
            opening=now.opening,
            door=label,
            generation=place.generation if place else box.generation,
            found=found,
            deliveries=place.deliveries if place else [],
            sensed=content,
        )
    )
    if content is not None and content is not (found != "not_there"):
        draft.reblock(label, CONTRADICTION)
    elif found == "other":
        draft.reblock(label, FOREIGN)
    else:
        if place is not None and found == "not_there":
            _missing(draft, place)
        draft.settle(label, now.opening)
    passed = _passed(now)
    draft.put(passed)
    if len(passed.done) >= len(state.boxes):
        _end(draft, passed)


def _missing(draft: Draft, place: Occupancy) -> None:
    """Nothing lies there any more, and nobody here knows where it went: the server is told, and sees to it."""
    draft.put(msgspec.structs.replace(place, ended=True))
    for delivery in place.deliveries:
        known = draft.state.deliveries.get(delivery)
        if known is not None:
            to = lifecycle.DELIVERY.move(known.state, lifecycle.Handling.MISS).to
            draft.put(msgspec.structs.replace(known, state=to))


def _end(draft: Draft, now: Inventory) -> None:
    draft.put(msgspec.structs.replace(now, ended=True, door="", opening=None, answer=""))
    draft.say(
        InventoryEnded(
            inventory=now.inventory, looked=len(now.done), left=max(0, len(draft.state.boxes) - len(now.done))
        )
    )
