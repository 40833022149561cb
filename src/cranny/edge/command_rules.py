"""Whether a bank does what it is asked from afar, and what a door is worth after somebody opened it so: pure rules.

Who asks is not here: nobody saw what was put in or taken out. So a door that was opened by command collects nothing by
itself, and where no sensor looks inside it waits for a person.
"""

from uuid import UUID

from cranny.core.ids import Ids
from cranny.edge import answers, collects, lifecycle
from cranny.edge.change import Ruled
from cranny.edge.draft import OUT_OF_SERVICE, Draft, Sight
from cranny.edge.lifecycle import Ending
from cranny.edge.outcomes import Settled, Shut
from cranny.edge.placing import Placed
from cranny.edge.rows import Command, Compartment, Opening, Order
from cranny.edge.state import State
from cranny.edge.steps import intent
from cranny.wire import commands
from cranny.wire.commands import Target
from cranny.wire.kinds import CommandTaken, DoorShut

UNSEEN_INSIDE = "opened-by-operator"
"""Why a door is out of the pool: it was opened from afar, and nobody can say what lies inside now."""


def refuse(state: State, asked: commands.Command, reason: str) -> Ruled[Command]:
    """It is not done, and never will be; told once, however often it comes."""
    known = state.commands.get(asked.command)
    if known is not None:
        return Draft(state).change(), known
    draft = Draft(state)
    row = Command(asked.command, asked.action, lifecycle.COMMAND.start, asked.by, 1, [], reason)
    return _refused(draft, row)


def take(state: State, asked: commands.Command) -> Ruled[Command]:
    """It is in the journal from now on, and what it asks for begins: a restart, or doors one after the other. A restart
    has to wait while somebody stands at the bank."""
    if asked.action == "reboot" and any(not opening.overdue for opening in state.openings.values()):
        return refuse(state, asked, "busy")
    draft, row = Draft(state), answers.taken(asked, left=max(1, len(asked.targets)))
    draft.put(row)
    draft.say(CommandTaken(command=row.command, action=row.action, by=row.by))
    return draft.change(), row


def open_one(state: State, sight: Sight, asked: commands.Command, target: Target, ids: Ids) -> Ruled[Placed | Command]:
    """The intent to open a door, which must be on the disk before the pulse, and with it that the command is obeyed. Or
    why the door stays shut. Of several doors the command is known already."""
    known = state.commands.get(asked.command)
    if reason := _kept_shut(state, sight, target):
        return refuse(state, asked, reason) if known is None else _pass_over(state, known, reason)
    draft, box, place = Draft(state), state.compartment(target.door), state.occupancies.get(target.door)
    opening = Opening(
        opening=ids.new(),
        door=target.door,
        generation=place.generation if place else box.generation,
        purpose="inspect",
        grant=None,
        credential="command",
        deliveries=[],
        visit=None,
        state=lifecycle.OPENING.start,
    )
    if known is None:
        draft.put(answers.taken(asked))
    draft.put(
        Compartment(box.label, box.generation, box.openings + 1, box.blocked),
        opening,
        Order(opening.opening, asked.command),
    )
    draft.say(intent(opening, asked.command))
    return draft.change(), Placed(opening, pulse=True)


def stop(state: State, command: UUID, reason: str) -> Ruled[Command]:
    """One of several doors is not even tried any more."""
    return _pass_over(state, state.commands[command], reason)


def take_out(state: State, asked: commands.Command) -> Ruled[Command]:
    """The door leaves the pool because somebody wants it so; whose parcel lies in it still gets it."""
    door, draft, row = asked.targets[0].door, Draft(state), answers.taken(asked)
    if door not in state.boxes:
        return _refused(draft, row, "no-such-door")
    if state.compartment(door).blocked:
        return _refused(draft, row, "already-out")
    draft.block(door, OUT_OF_SERVICE)
    return _executed(draft, row)


def put_back(state: State, asked: commands.Command) -> Ruled[Command]:
    """The door is in the pool again. What is in doubt needs somebody who looks, not somebody who asks."""
    door, draft, row = asked.targets[0].door, Draft(state), answers.taken(asked)
    if door not in state.boxes:
        return _refused(draft, row, "no-such-door")
    blocked = state.compartment(door).blocked
    if blocked != OUT_OF_SERVICE:
        return _refused(draft, row, "in-doubt" if blocked else "in-use")
    draft.clear(door, None)
    return _executed(draft, row)


def done(state: State, asked: commands.Command) -> Ruled[Command]:
    """What is no door's business."""
    return _executed(Draft(state), answers.taken(asked))


def settle(state: State, opening: UUID, content: bool | None) -> Ruled[Settled]:
    """The door was shut. `content` is what its sensor says."""
    draft, now = Draft(state), state.openings[opening]
    place = state.occupancies.get(now.door)
    draft.say(DoorShut(opening=opening, door=now.door, generation=now.generation))
    draft.turn(now, lifecycle.Turn.SHUT)
    answers.resulted(draft, opening, now.door, "" if now.seen_open else "not-seen-open")
    if content is None:
        draft.block(now.door, UNSEEN_INSIDE if now.seen_open else "uncertain")
    elif place is not None:
        return collects.left(draft, now, place) if content else collects.finish(draft, now, place, "sensed")
    elif content:
        draft.block(now.door, "sensor-contradiction")
    return draft.change(), Shut(now.door, opening)


def _kept_shut(state: State, sight: Sight, target: Target) -> str:
    place = state.occupancies.get(target.door)
    rules = (
        (target.door not in state.boxes, "no-such-door"),
        (state.under_way(target.door) is not None, "busy"),
        ((place.generation if place else 0) != target.generation, "changed"),
        (not sight.ready(target.door), "not-ready"),
    )
    return next((reason for holds, reason in rules if holds), "")


def _pass_over(state: State, row: Command, reason: str) -> Ruled[Command]:
    draft = Draft(state)
    counted = answers.count(draft, row, reason=reason)
    return draft.change(), counted


def _executed(draft: Draft, row: Command) -> Ruled[Command]:
    ended = answers.end(draft, row, Ending.EXECUTE)
    return draft.change(), ended


def _refused(draft: Draft, row: Command, reason: str = "") -> Ruled[Command]:
    refused = Command(row.command, row.action, row.state, row.by, 1, [], reason or row.reason)
    ended = answers.end(draft, refused, Ending.REFUSE)
    return draft.change(), ended
