"""A new epoch: the journal was lost, or restored from an older copy, and the server holds facts that it does not.

Nothing of what it knew of rights and doors can be believed any more: a code that was used since would open the next
parcel. So the copy is emptied, facts are numbered anew, rights come down again, and each door is in doubt until it is
sensed to be empty or somebody has looked. Facts of the given-up epoch stay on the disk for whoever wants to know.
"""

import sqlite3
from typing import Final

from cranny.core.errors import CrannyError
from cranny.edge import columns, rows, schema, sums
from cranny.edge.change import Ruled
from cranny.edge.disk import Work
from cranny.edge.draft import Draft, Sight
from cranny.edge.rows import Past
from cranny.edge.state import State
from cranny.wire.facts import GENESIS
from cranny.wire.kinds import EpochBegan

UNCOUNTED: Final = "inventory"
"""Why a door is out of the pool whose content nobody here has seen."""
FOREIGN: Final = "inventory-other"
"""Why one is in which somebody found something else than the books say."""
HELD_BACK: Final = frozenset({UNCOUNTED, FOREIGN})
"""Nothing is handed out of these: it may be somebody else's."""


class Forked(CrannyError):
    """The server holds another history of this bank: nobody may go on in the epoch that it is in."""

    code = "forked"
    status = 503

    def __init__(self, epoch: int) -> None:
        """`epoch` is the one to begin."""
        super().__init__(f"The server holds another history of this bank. Epoch {epoch} begins.")
        self.epoch = epoch


def renew(epoch: int) -> Work[None]:
    """The transaction that begins `epoch` on a disk; without effect where it has begun."""

    def work(connection: sqlite3.Connection) -> None:
        (mark,) = (columns.read(rows.Mark, row) for row in connection.execute(schema.LOAD[rows.Mark]))
        if mark.epoch >= epoch:
            return
        connection.execute(schema.PUT[Past], columns.write(Past(mark.epoch, mark.seq, mark.head)))
        for statement in schema.FORGET:
            connection.execute(statement)
        connection.execute(schema.RENEW, (epoch, GENESIS))
        sums.anew(connection)

    return work


def began(state: State) -> Ruled[None]:
    """The first fact of an epoch that followed another one on this box."""
    draft = Draft(state)
    if state.past is not None and state.mark.seq == 0:
        draft.say(EpochBegan(before=state.past.epoch, seq=state.past.seq))
    return draft.change(), None


def uncounted(state: State) -> list[str]:
    """Doors of which nothing is known here yet."""
    return [label for label in state.boxes if state.inherited(label)]


def take_stock(state: State, sight: Sight) -> Ruled[None]:
    """All rights have come down, and the sensors have spoken. A door that is shut, sensed to be empty, and empty by
    the books as well, is free; every other one waits for somebody to look."""
    draft = Draft(state)
    for label in uncounted(state):
        empty = sight.ready(label) and sight.content(label) is False
        if empty and label not in state.occupancies:
            draft.put(state.compartment(label))
        else:
            draft.block(label, UNCOUNTED)
    return draft.change(), None


def held_back(state: State, door: str) -> bool:
    """Whether nothing may be handed out of this door before somebody has looked."""
    return state.inherited(door) or state.compartment(door).blocked in HELD_BACK
