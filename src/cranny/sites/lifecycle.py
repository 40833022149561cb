"""The life of a capacity promise.

Only what nobody asked for is told by an event of its own: a lapse, which happens by the clock alone, and a
rejection, which happens when a bank has no door for what was promised. A promise is made, used or released within a
deed that records its own event (`delivery.announced`, `delivery.stored`, `delivery.cancelled`).
"""

from enum import StrEnum
from typing import Final

from cranny.core.lifecycle import Lifecycle, Move


class Promise(StrEnum):
    HELD = "held"
    USED = "used"
    RELEASED = "released"
    LAPSED = "lapsed"
    REJECTED = "rejected"
    """The bank has no door for it, whatever was promised."""


class Trigger(StrEnum):
    USE = "use"
    RELEASE = "release"
    LAPSE = "lapse"
    REJECT = "reject"


_TWICE: Final = "told a second time"
_TAKEN: Final = "the thing is in a door already, which counts as occupied, not as promised"
_CAME_ANYWAY: Final = "it came although the promise was over; its door counts as occupied"

RESERVATION: Final = Lifecycle(
    "reservation",
    start=Promise.HELD,
    final=(Promise.USED, Promise.RELEASED, Promise.LAPSED, Promise.REJECTED),
    table={
        (Promise.HELD, Trigger.USE): Move(Promise.USED),
        (Promise.HELD, Trigger.RELEASE): Move(Promise.RELEASED),
        (Promise.HELD, Trigger.LAPSE): Move(Promise.LAPSED, "reservation.lapsed"),
        (Promise.HELD, Trigger.REJECT): Move(Promise.REJECTED, "reservation.rejected"),
        (Promise.USED, Trigger.USE): Move(Promise.USED, why=_TWICE),
        (Promise.USED, Trigger.RELEASE): Move(Promise.USED, why=_TAKEN),
        (Promise.USED, Trigger.LAPSE): Move(Promise.USED, why=_TAKEN),
        (Promise.RELEASED, Trigger.USE): Move(Promise.RELEASED, why=_CAME_ANYWAY),
        (Promise.RELEASED, Trigger.RELEASE): Move(Promise.RELEASED, why=_TWICE),
        (Promise.RELEASED, Trigger.LAPSE): Move(Promise.RELEASED, why="given back before its time ran out"),
        (Promise.LAPSED, Trigger.USE): Move(Promise.LAPSED, why=_CAME_ANYWAY),
        (Promise.LAPSED, Trigger.RELEASE): Move(Promise.LAPSED, why="given back after its time had run out"),
        (Promise.LAPSED, Trigger.LAPSE): Move(Promise.LAPSED, why=_TWICE),
        (Promise.USED, Trigger.REJECT): Move(Promise.USED, why=_TAKEN),
        (Promise.RELEASED, Trigger.REJECT): Move(Promise.RELEASED, why="given back before the bank had no door for it"),
        (Promise.LAPSED, Trigger.REJECT): Move(Promise.LAPSED, why="its time had run out before"),
        (Promise.REJECTED, Trigger.USE): Move(Promise.REJECTED, why="a door became free after all"),
        (Promise.REJECTED, Trigger.RELEASE): Move(Promise.REJECTED, why=_TWICE),
        (Promise.REJECTED, Trigger.LAPSE): Move(Promise.REJECTED, why="rejected before its time ran out"),
        (Promise.REJECTED, Trigger.REJECT): Move(Promise.REJECTED, why=_TWICE),
    },
)
