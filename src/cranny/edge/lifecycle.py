"""The lives of what a bank remembers, as tables. The door itself, second by second, is `wire.doors`."""

from enum import StrEnum
from typing import Final

from cranny.core.lifecycle import Lifecycle, Move


class Opening(StrEnum):
    INTENDED = "intended"
    """In the journal; the lock may have been pulsed."""
    OPEN = "open"
    DOUBTFUL = "doubtful"
    """The controller stopped, or the board fell silent, before the result was known."""
    ENDED = "ended"


class Turn(StrEnum):
    OPENED = "opened"
    GIVEN_UP = "given_up"
    CUT_OFF = "cut_off"
    SHUT = "shut"


_O, _T = Opening, Turn

OPENING: Final = Lifecycle(
    "opening",
    start=_O.INTENDED,
    final=(_O.ENDED,),
    table={
        (_O.INTENDED, _T.OPENED): Move(_O.OPEN, "door.opened"),
        (_O.INTENDED, _T.GIVEN_UP): Move(_O.ENDED, "door.not_opened"),
        (_O.INTENDED, _T.CUT_OFF): Move(_O.DOUBTFUL, "opening.unknown"),
        (_O.OPEN, _T.CUT_OFF): Move(_O.DOUBTFUL, "opening.unknown"),
        (_O.OPEN, _T.SHUT): Move(_O.ENDED, "door.shut"),
        (_O.DOUBTFUL, _T.CUT_OFF): Move(_O.DOUBTFUL, why="cut off once more: the doubt is told already"),
        (_O.DOUBTFUL, _T.SHUT): Move(_O.ENDED, "door.shut"),
    },
)


class Delivery(StrEnum):
    AWAITED = "awaited"
    """It may be deposited here."""
    WITHDRAWN = "withdrawn"
    STORED = "stored"
    GONE = "gone"


class Handling(StrEnum):
    DEPOSIT = "deposit"
    WITHDRAW = "withdraw"
    HAND_OVER = "hand_over"
    MISS = "miss"
    """Somebody looked behind the door, and it is not there."""
    FORGET = "forget"
    """Nobody announced it, and its courier has gone with it."""
    GIVE = "give"
    """The server gives it once more."""


_D, _H = Delivery, Handling

DELIVERY: Final = Lifecycle(
    "delivery at a bank",
    start=_D.AWAITED,
    final=(_D.GONE,),
    table={
        (_D.AWAITED, _H.DEPOSIT): Move(_D.STORED, "deposit.stored"),
        (_D.AWAITED, _H.WITHDRAW): Move(_D.WITHDRAWN),
        (_D.AWAITED, _H.FORGET): Move(_D.GONE),
        (_D.AWAITED, _H.GIVE): Move(_D.AWAITED, why="somebody else collects it"),
        (_D.WITHDRAWN, _H.GIVE): Move(_D.AWAITED, why="it was to go elsewhere, and comes here after all"),
        (_D.WITHDRAWN, _H.WITHDRAW): Move(_D.WITHDRAWN, why="said twice"),
        (_D.WITHDRAWN, _H.DEPOSIT): Move(
            _D.STORED, "deposit.stored", "the door was open already when the withdrawal came: what happened is told"
        ),
        (_D.STORED, _H.WITHDRAW): Move(_D.STORED, why="too late: it lies inside; the server recalls it"),
        (_D.STORED, _H.MISS): Move(_D.GONE, "door.counted", "nobody here knows where it went: the server is told"),
        (_D.STORED, _H.HAND_OVER): Move(_D.GONE, "collect.finished"),
        (_D.GONE, _H.WITHDRAW): Move(_D.GONE, why="too late: it has left the bank"),
    },
)


class Command(StrEnum):
    TAKEN = "taken"
    """In the journal, and being done."""
    EXECUTED = "executed"
    REFUSED = "refused"


class Ending(StrEnum):
    EXECUTE = "execute"
    REFUSE = "refuse"


COMMAND: Final = Lifecycle(
    "command at a bank",
    start=Command.TAKEN,
    final=(Command.EXECUTED, Command.REFUSED),
    table={
        (Command.TAKEN, Ending.EXECUTE): Move(Command.EXECUTED, "command.answered"),
        (Command.TAKEN, Ending.REFUSE): Move(Command.REFUSED, "command.answered"),
    },
)


class Grant(StrEnum):
    LIVE = "live"
    USED = "used"
    REVOKED = "revoked"
    SUPERSEDED = "superseded"


class Deed(StrEnum):
    USE = "use"
    REVOKE = "revoke"
    SUPERSEDE = "supersede"


_G, _E = Grant, Deed
_ENDED = "it has ended before"

GRANT: Final = Lifecycle(
    "grant at a bank",
    start=_G.LIVE,
    final=(_G.USED, _G.REVOKED, _G.SUPERSEDED),
    table={
        (_G.LIVE, _E.USE): Move(_G.USED),
        (_G.LIVE, _E.REVOKE): Move(_G.REVOKED),
        (_G.LIVE, _E.SUPERSEDE): Move(_G.SUPERSEDED),
        (_G.USED, _E.USE): Move(_G.USED, why="opened once more in the grace time"),
        (_G.USED, _E.REVOKE): Move(_G.USED, why=_ENDED),
        (_G.USED, _E.SUPERSEDE): Move(_G.USED, why=_ENDED),
        (_G.REVOKED, _E.USE): Move(_G.REVOKED, why="the door stood open already when the end came"),
        (_G.REVOKED, _E.REVOKE): Move(_G.REVOKED, why=_ENDED),
        (_G.REVOKED, _E.SUPERSEDE): Move(_G.REVOKED, why=_ENDED),
        (_G.SUPERSEDED, _E.USE): Move(_G.SUPERSEDED, why="the door stood open already when the end came"),
        (_G.SUPERSEDED, _E.REVOKE): Move(_G.SUPERSEDED, why=_ENDED),
        (_G.SUPERSEDED, _E.SUPERSEDE): Move(_G.SUPERSEDED, why=_ENDED),
    },
)
