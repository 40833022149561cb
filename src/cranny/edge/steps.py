"""What is journalled between an opening's intent and its end, whatever it is for: pure rules of the state."""

from uuid import UUID

import msgspec

from cranny.core.lifecycle import Move
from cranny.edge import answers
from cranny.edge.change import Ruled
from cranny.edge.draft import Draft
from cranny.edge.lifecycle import OPENING, Turn
from cranny.edge.rows import Opening
from cranny.edge.state import State
from cranny.wire.doors import Door
from cranny.wire.kinds import (
    BankStarted,
    DepositAbandoned,
    DoorForced,
    DoorLeftOpen,
    DoorNotOpened,
    DoorOpened,
    DoorShut,
    DoorUnsecured,
    OpeningIntended,
    OpeningUnknown,
)


def started(state: State, version: str) -> Ruled[None]:
    draft = Draft(state)
    draft.say(BankStarted(version=version, applied=state.mark.applied))
    return draft.change(), None


def intent(opening: Opening, command: UUID | None = None) -> OpeningIntended:
    """The fact that must be on the disk before the pulse. `command`: the one that asked for it."""
    return OpeningIntended(
        opening=opening.opening,
        door=opening.door,
        generation=opening.generation,
        purpose=opening.purpose,
        grant=opening.grant,
        credential=opening.credential,
        attempt=opening.attempt,
        command=command,
    )


def try_again(state: State, opening: UUID) -> Ruled[Opening]:
    """A further pulse of the same opening."""
    draft, now = Draft(state), state.openings[opening]
    again = msgspec.structs.replace(now, attempt=now.attempt + 1)
    draft.put(again)
    draft.say(intent(again, state.orders.get(opening)))
    return draft.change(), again


def opened(state: State, opening: UUID) -> Ruled[None]:
    draft, now = Draft(state), state.openings[opening]
    draft.turn(now, Turn.OPENED, seen_open=True)
    draft.say(DoorOpened(opening=opening, door=now.door, generation=now.generation))
    answers.resulted(draft, opening, now.door)
    return draft.change(), None


def not_opened(state: State, opening: UUID, reason: str, *, pulsed: bool) -> Ruled[None]:
    """All tries were spent. A lock that was never pulsed is in no doubt."""
    draft, now = Draft(state), state.openings[opening]
    draft.turn(now, Turn.GIVEN_UP)
    draft.say(DoorNotOpened(opening=opening, door=now.door, generation=now.generation, reason=reason))
    if pulsed:
        draft.block(now.door, "not-opened")
    answers.resulted(draft, opening, now.door, "not-opened" if pulsed else reason)
    if now.deliveries:
        draft.say(
            DepositAbandoned(
                opening=opening,
                door=now.door,
                generation=now.generation,
                deliveries=now.deliveries,
                reason="not-opened",
            )
        )
    return draft.change(), None


def cut_off(state: State, opening: UUID, *, door_open: bool) -> Ruled[None]:
    """Nobody watched for a while; `door_open` is what the sensor says now. The doubt is told once."""
    draft, now = Draft(state), state.openings[opening]
    seen = now.seen_open or door_open
    move = OPENING.move(now.state, Turn.CUT_OFF)
    if move.emits or seen != now.seen_open:
        draft.turn(now, Turn.CUT_OFF, seen_open=seen)
    if move.emits:
        draft.say(OpeningUnknown(opening=opening, door=now.door, generation=now.generation, door_open=door_open))
    if seen:
        answers.resulted(draft, opening, now.door)
    return draft.change(), None


def overdue(state: State, opening: UUID) -> Ruled[None]:
    draft, now = Draft(state), state.openings[opening]
    if not now.overdue:
        draft.put(msgspec.structs.replace(now, overdue=True))
        draft.say(DoorUnsecured(opening=opening, door=now.door))
    return draft.change(), None


def left_open(state: State, opening: UUID, for_s: int) -> Ruled[None]:
    """It has stood open for so long that nobody is there any more."""
    draft, now = Draft(state), state.openings[opening]
    draft.say(DoorLeftOpen(opening=opening, door=now.door, for_s=for_s))
    return draft.change(), None


def moved_by_itself(state: State, door: str, before: Door, move: Move[Door]) -> Ruled[None]:
    """A door that moved though nobody let anybody in. One that was already told to be forced, and is found open
    when the controller starts, tells nothing new."""
    draft, box = Draft(state), state.compartment(door)
    if move.emits == "door.forced" and not (before is Door.UNSEEN and box.blocked == "forced"):
        draft.say(DoorForced(door=door))
        draft.block(door, "forced")
    if move.emits == "door.shut" and before is Door.FORCED and state.under_way(door) is None:
        draft.say(DoorShut(opening=None, door=door, generation=box.generation))
    return draft.change(), None
