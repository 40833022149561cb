"""A command as the server sees it. It is sent once, when it is issued, and never again.

`unknown` is said as such: whether the bank did it, only the bank's journal can tell, and it does once it comes up.
"""

from enum import StrEnum
from typing import Final

from cranny.core.lifecycle import Lifecycle, Move


class CommandState(StrEnum):
    """`awaiting_confirmation` of a second person, or at once `issued`; then `executed`, `refused`, or `unknown`: no
    answer came in time, and the bank's journal may settle it later. `declined` and `lapsed` were never sent."""

    AWAITING = "awaiting_confirmation"
    """A second person has to agree first; nothing was sent."""
    ISSUED = "issued"
    """It may be on its way, and it may be being done."""
    EXECUTED = "executed"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    """No answer came in time."""
    DECLINED = "declined"
    LAPSED = "lapsed"


class CommandTrigger(StrEnum):
    ISSUE = "issue"
    CONFIRM = "confirm"
    DECLINE = "decline"
    LAPSE = "lapse"
    EXECUTE = "execute"
    """The bank says, by its answer or in its journal, that it was done."""
    REFUSE = "refuse"
    LOSE = "lose"
    """The time for an answer is over."""


_S, _T = CommandState, CommandTrigger
_RESTORED = "the server was restored from a copy that had not seen it being confirmed"
_TOLD = f"it is the leave for a token, which nobody sends; or {_RESTORED}"
_LISTED = "it contradicts what was said before: listed, for a person to look at"

COMMAND: Final = Lifecycle(
    "command",
    start=_S.AWAITING,
    final=(_S.EXECUTED, _S.REFUSED, _S.DECLINED, _S.LAPSED),
    table={
        (_S.AWAITING, _T.ISSUE): Move(_S.ISSUED, "command.issued", "nobody else has to agree"),
        (_S.AWAITING, _T.CONFIRM): Move(_S.ISSUED, "command.confirmed"),
        (_S.AWAITING, _T.DECLINE): Move(_S.DECLINED, "command.declined"),
        (_S.AWAITING, _T.LAPSE): Move(_S.LAPSED, "command.lapsed"),
        (_S.AWAITING, _T.EXECUTE): Move(_S.EXECUTED, "command.executed", _TOLD),
        (_S.AWAITING, _T.REFUSE): Move(_S.REFUSED, "command.refused", _RESTORED),
        (_S.ISSUED, _T.EXECUTE): Move(_S.EXECUTED, "command.executed"),
        (_S.ISSUED, _T.REFUSE): Move(_S.REFUSED, "command.refused"),
        (_S.ISSUED, _T.LOSE): Move(_S.UNKNOWN, "command.unknown"),
        (_S.ISSUED, _T.LAPSE): Move(_S.ISSUED, why="it was confirmed in the same moment"),
        (_S.UNKNOWN, _T.EXECUTE): Move(_S.EXECUTED, "command.executed", "the bank's journal settles it"),
        (_S.UNKNOWN, _T.REFUSE): Move(_S.REFUSED, "command.refused", "the bank's journal settles it"),
        (_S.UNKNOWN, _T.LOSE): Move(_S.UNKNOWN, why="told already"),
        (_S.EXECUTED, _T.EXECUTE): Move(_S.EXECUTED, why="the journal says what the answer said"),
        (_S.EXECUTED, _T.REFUSE): Move(_S.EXECUTED, why=_LISTED),
        (_S.EXECUTED, _T.LOSE): Move(_S.EXECUTED, why="the answer came in the same moment"),
        (_S.REFUSED, _T.REFUSE): Move(_S.REFUSED, why="the journal says what the answer said"),
        (_S.REFUSED, _T.EXECUTE): Move(_S.REFUSED, why=_LISTED),
        (_S.REFUSED, _T.LOSE): Move(_S.REFUSED, why="the answer came in the same moment"),
        (_S.DECLINED, _T.EXECUTE): Move(_S.DECLINED, why=_LISTED),
        (_S.DECLINED, _T.REFUSE): Move(_S.DECLINED, why="nothing happened, as was wished"),
        (_S.LAPSED, _T.EXECUTE): Move(_S.LAPSED, why=_LISTED),
        (_S.LAPSED, _T.REFUSE): Move(_S.LAPSED, why="nothing happened, as was wished"),
    },
)
