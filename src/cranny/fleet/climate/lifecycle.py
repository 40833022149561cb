"""The life of an alarm: a bank raises it and ends it; in between, or afterwards, a person says that it was seen.

The facts that tell of it come in order from one bank; but a bank whose storage was lost begins anew, a server restored
from a copy hears things again, and a person may be faster or slower than all of them.
"""

from enum import StrEnum
from typing import Final

from cranny.core.lifecycle import Lifecycle, Move


class AlarmState(StrEnum):
    """`raised`, `acknowledged` by somebody while it is still so, `ended`."""

    RAISED = "raised"
    ACKNOWLEDGED = "acknowledged"
    """Somebody has seen it, and it is still so."""
    ENDED = "ended"


class AlarmTrigger(StrEnum):
    RAISE = "raise"
    ACKNOWLEDGE = "acknowledge"
    END = "end"


_S, _T = AlarmState, AlarmTrigger

ALARM: Final = Lifecycle(
    "alarm",
    start=_S.RAISED,
    final=(_S.ENDED,),
    table={
        (_S.RAISED, _T.ACKNOWLEDGE): Move(_S.ACKNOWLEDGED, "alarm.acknowledged"),
        (_S.RAISED, _T.END): Move(_S.ENDED, "alarm.ended"),
        (_S.ACKNOWLEDGED, _T.END): Move(_S.ENDED, "alarm.ended"),
        (_S.ACKNOWLEDGED, _T.ACKNOWLEDGE): Move(_S.ACKNOWLEDGED, why="somebody saw it before; the first word stays"),
        (_S.ENDED, _T.ACKNOWLEDGE): Move(
            _S.ENDED, "alarm.acknowledged", why="it was over before anybody saw it: that it was seen is noted"
        ),
        (_S.RAISED, _T.RAISE): Move(_S.RAISED, why="told twice"),
        (_S.ACKNOWLEDGED, _T.RAISE): Move(_S.ACKNOWLEDGED, why="told twice; that somebody saw it stays"),
        (_S.ENDED, _T.RAISE): Move(_S.ENDED, why="its end came first: it never lives again"),
        (_S.ENDED, _T.END): Move(_S.ENDED, why="told twice, or ended by a new controller before"),
    },
)
