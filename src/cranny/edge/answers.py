"""What became of a command, in the journal: pure. It is answered once, in the transaction that knows the result."""

from uuid import UUID

import msgspec

from cranny.edge import lifecycle
from cranny.edge.change import Ruled
from cranny.edge.draft import Draft
from cranny.edge.lifecycle import COMMAND, Ending
from cranny.edge.rows import Command, Order
from cranny.edge.state import State
from cranny.wire import commands
from cranny.wire.kinds import CommandAnswered


def taken(asked: commands.Command, *, left: int = 1) -> Command:
    """The row of a command that is obeyed from now on."""
    return Command(asked.command, asked.action, COMMAND.start, asked.by, left, [])


def end(draft: Draft, row: Command, ending: Ending) -> Command:
    """It has become this; told."""
    ended = msgspec.structs.replace(row, state=COMMAND.move(row.state, ending).to, left=0)
    draft.put(ended)
    draft.say(
        CommandAnswered(
            command=row.command,
            action=row.action,
            outcome="executed" if ended.state is lifecycle.Command.EXECUTED else "refused",
            by=row.by,
            reason=row.reason,
            doors=row.doors,
        )
    )
    return ended


def count(draft: Draft, row: Command, *, opened: str = "", reason: str = "") -> Command:
    """One door less to wait for: `opened` was seen open, or it was not, for this `reason`. The last one ends it, and
    one open door is enough to say that it was done."""
    doors = [*row.doors, opened] if opened else row.doors
    row = msgspec.structs.replace(row, left=row.left - 1, doors=doors, reason=reason or row.reason)
    if row.left:
        draft.put(row)
        return row
    return end(draft, row, Ending.EXECUTE if row.doors else Ending.REFUSE)


def resulted(draft: Draft, opening: UUID, door: str, reason: str = "") -> None:
    """The result of `opening` is known: seen open, unless there is a `reason`. Nothing to do where no command asked
    for it, or its result was known before."""
    command = draft.state.orders.get(opening)
    if command is None:
        return
    draft.put(Order(opening, command, told=True))
    count(draft, draft.state.commands[command], opened="" if reason else door, reason=reason)


def after_restart(state: State) -> Ruled[None]:
    """A new run of the controller: who asked for one has got it. Doors that no intent was written for stay shut; those
    with one are waited for."""
    draft = Draft(state)
    for row in state.commands.values():
        if row.state is not lifecycle.Command.TAKEN:
            continue
        waiting = sum(command == row.command for command in state.orders.values())
        if row.action == "reboot":
            end(draft, row, Ending.EXECUTE)
        elif waiting:
            draft.put(msgspec.structs.replace(row, left=waiting))
        else:
            unfinished = msgspec.structs.replace(row, reason=row.reason or "restarted")
            end(draft, unfinished, Ending.EXECUTE if row.doors else Ending.REFUSE)
    return draft.change(), None
