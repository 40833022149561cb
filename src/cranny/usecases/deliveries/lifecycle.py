"""The life of a delivery: one or more items from a depositor to a collector through a bank.

The server is told by facts that may come late, twice or out of order, so the three triggers that a bank reports
(`deposit`, `collect`, `take_back`) have a row in every state. A trigger that a person asks for (`cancel`, `extend`,
`adopt`, `readdress`, `reroute`) has no row where it makes no sense: it is refused with its code. `cancelled` is no
final state, because a bank that was out of reach may still take the parcel in; what was collected or
returned never comes back.
"""

from enum import StrEnum
from typing import Final

from cranny.core.lifecycle import Lifecycle, Move


class Delivery(StrEnum):
    """`announced`, `stored`, `collected` if all goes well. `lapsed`: not deposited in time, no place is kept, the bank
    may still take it. `overdue`: not collected in time, the code still opens. `recalling`: staff is to take it back;
    `returned`: they have. `cancelled`: a bank that was out of reach may still have taken it in."""

    ANNOUNCED = "announced"
    LAPSED = "lapsed"
    """Not deposited in the promised time. The place is not kept any longer; the bank may still take it."""
    CANCELLED = "cancelled"
    STORED = "stored"
    OVERDUE = "overdue"
    """Not collected in time. The code still opens."""
    RECALLING = "recalling"
    """It lies in the bank, and the depositor's side is to take it back."""
    COLLECTED = "collected"
    RETURNED = "returned"


class Deed(StrEnum):
    DEPOSIT = "deposit"
    COLLECT = "collect"
    TAKE_BACK = "take_back"
    LAPSE = "lapse"
    GIVE_UP = "give_up"
    FALL_DUE = "fall_due"
    CANCEL = "cancel"
    EXTEND = "extend"
    ADOPT = "adopt"
    """A parcel that nobody had announced gets its recipient."""
    READDRESS = "readdress"
    """Somebody else collects it."""
    REROUTE = "reroute"
    """It is to go through another bank."""
    TURN_AWAY = "turn_away"
    """The bank had no door for it, or can be seen not to have one."""


D = Delivery

FACTS: Final = (Deed.DEPOSIT, Deed.COLLECT, Deed.TAKE_BACK)
SWEPT: Final = (Deed.LAPSE, Deed.GIVE_UP, Deed.FALL_DUE)
ASKED: Final = (Deed.CANCEL, Deed.EXTEND, Deed.ADOPT, Deed.READDRESS, Deed.REROUTE)
NOTED: Final = (Deed.TURN_AWAY,)
"""It changes nothing; whoever sends has to hear of it."""

INSIDE: Final = (D.STORED, D.OVERDUE, D.RECALLING)
"""It lies behind a door."""
COLLECTABLE: Final = (D.STORED, D.OVERDUE)
AWAITED: Final = (D.ANNOUNCED, D.LAPSED)
"""It may be deposited."""

_LOST = "the deposit's fact was lost with the bank's storage; what came after proves it"
_TWICE = "the fact was told twice"
_OLD = "a fact told again, or one older than the end"
_RACE_HOLD = "the courier was faster than the clock"
_RACE_END = "it ended while the clock was striking"
_TWO_SWEEPS = "two sweeps at once"

DELIVERY: Final = Lifecycle(
    "delivery",
    start=D.ANNOUNCED,
    final=(D.COLLECTED, D.RETURNED),
    table={
        # The straight way.
        (D.ANNOUNCED, Deed.DEPOSIT): Move(D.STORED, "delivery.stored"),
        (D.STORED, Deed.COLLECT): Move(D.COLLECTED, "delivery.collected"),
        # Not deposited in time.
        (D.ANNOUNCED, Deed.LAPSE): Move(D.LAPSED, "delivery.lapsed"),
        (D.LAPSED, Deed.LAPSE): Move(D.LAPSED, why=_TWO_SWEEPS),
        (D.LAPSED, Deed.DEPOSIT): Move(D.STORED, "delivery.stored", why="late, and there was a door for it"),
        (D.LAPSED, Deed.GIVE_UP): Move(D.CANCELLED, "delivery.cancelled", why="nobody brought it"),
        # Not collected in time.
        (D.STORED, Deed.FALL_DUE): Move(D.OVERDUE, "delivery.overdue"),
        (D.OVERDUE, Deed.FALL_DUE): Move(D.OVERDUE, why=_TWO_SWEEPS),
        (D.OVERDUE, Deed.COLLECT): Move(
            D.COLLECTED, "delivery.collected", why="faster than whoever would take it back"
        ),
        (D.STORED, Deed.EXTEND): Move(D.STORED, "delivery.extended", why="only the deadline moves"),
        (D.OVERDUE, Deed.EXTEND): Move(D.STORED, "delivery.extended"),
        # Called off.
        (D.ANNOUNCED, Deed.CANCEL): Move(D.CANCELLED, "delivery.cancelled"),
        (D.LAPSED, Deed.CANCEL): Move(D.CANCELLED, "delivery.cancelled"),
        (D.CANCELLED, Deed.CANCEL): Move(D.CANCELLED, why="asked twice"),
        (D.STORED, Deed.CANCEL): Move(D.RECALLING, "delivery.recalling"),
        (D.OVERDUE, Deed.CANCEL): Move(D.RECALLING, "delivery.recalling"),
        (D.RECALLING, Deed.CANCEL): Move(D.RECALLING, why="asked twice"),
        (D.RECALLING, Deed.TAKE_BACK): Move(D.RETURNED, "delivery.returned"),
        (D.STORED, Deed.TAKE_BACK): Move(D.RETURNED, "delivery.returned", why="staff emptied the door"),
        (D.OVERDUE, Deed.TAKE_BACK): Move(D.RETURNED, "delivery.returned", why="staff emptied the door"),
        # Changed under way.
        (D.ANNOUNCED, Deed.READDRESS): Move(D.ANNOUNCED, "delivery.readdressed", why="only who collects changes"),
        (D.LAPSED, Deed.READDRESS): Move(D.LAPSED, "delivery.readdressed", why="only who collects changes"),
        (D.STORED, Deed.READDRESS): Move(D.STORED, "delivery.readdressed", why="it lies where it lay"),
        (D.OVERDUE, Deed.READDRESS): Move(D.STORED, "delivery.readdressed", why="the new recipient's time begins now"),
        (D.ANNOUNCED, Deed.REROUTE): Move(D.ANNOUNCED, "delivery.rerouted", why="awaited at the other bank now"),
        (D.LAPSED, Deed.REROUTE): Move(D.ANNOUNCED, "delivery.rerouted", why="the other bank keeps a place for it"),
        (D.STORED, Deed.REROUTE): Move(
            D.RECALLING, "delivery.rerouting", why="it is fetched here, and goes on as another delivery there"
        ),
        (D.OVERDUE, Deed.REROUTE): Move(
            D.RECALLING, "delivery.rerouting", why="it is fetched here, and goes on as another delivery there"
        ),
        # The bank has no door for it.
        (D.ANNOUNCED, Deed.TURN_AWAY): Move(D.ANNOUNCED, "delivery.no_room", why="a door may become free yet"),
        (D.LAPSED, Deed.TURN_AWAY): Move(D.LAPSED, "delivery.no_room", why="a door may become free yet"),
        (D.CANCELLED, Deed.TURN_AWAY): Move(D.CANCELLED, why="nobody waits for it any more"),
        (D.STORED, Deed.TURN_AWAY): Move(D.STORED, why="it found its door after all"),
        (D.OVERDUE, Deed.TURN_AWAY): Move(D.OVERDUE, why="it found its door after all"),
        (D.RECALLING, Deed.TURN_AWAY): Move(D.RECALLING, why="it found its door after all"),
        (D.COLLECTED, Deed.TURN_AWAY): Move(D.COLLECTED, why=_OLD),
        (D.RETURNED, Deed.TURN_AWAY): Move(D.RETURNED, why=_OLD),
        # The bank did it before it heard of the cancellation: facts beat rights.
        (D.CANCELLED, Deed.DEPOSIT): Move(D.RECALLING, "delivery.recalling", why="deposited after the cancellation"),
        (D.RECALLING, Deed.COLLECT): Move(D.COLLECTED, "delivery.collected", why="collected after the cancellation"),
        # Nobody had announced it.
        (D.STORED, Deed.ADOPT): Move(D.STORED, "delivery.adopted", why="it lies where it lay, with a recipient now"),
        (D.OVERDUE, Deed.ADOPT): Move(D.STORED, "delivery.adopted", why="the recipient's time begins now"),
        # A fact is missing.
        (D.ANNOUNCED, Deed.COLLECT): Move(D.COLLECTED, "delivery.collected", why=_LOST),
        (D.ANNOUNCED, Deed.TAKE_BACK): Move(D.RETURNED, "delivery.returned", why=_LOST),
        (D.LAPSED, Deed.COLLECT): Move(D.COLLECTED, "delivery.collected", why=_LOST),
        (D.LAPSED, Deed.TAKE_BACK): Move(D.RETURNED, "delivery.returned", why=_LOST),
        (D.CANCELLED, Deed.COLLECT): Move(D.COLLECTED, "delivery.collected", why=_LOST),
        (D.CANCELLED, Deed.TAKE_BACK): Move(D.RETURNED, "delivery.returned", why=_LOST),
        # Told again, or too late.
        (D.STORED, Deed.DEPOSIT): Move(D.STORED, why=_TWICE),
        (D.OVERDUE, Deed.DEPOSIT): Move(D.OVERDUE, why=_TWICE),
        (D.RECALLING, Deed.DEPOSIT): Move(D.RECALLING, why=_TWICE),
        (D.COLLECTED, Deed.DEPOSIT): Move(D.COLLECTED, why=_OLD),
        (D.COLLECTED, Deed.COLLECT): Move(D.COLLECTED, why="opened once more in the grace time, or told twice"),
        (D.COLLECTED, Deed.TAKE_BACK): Move(D.COLLECTED, why="the recipient was faster"),
        (D.RETURNED, Deed.DEPOSIT): Move(D.RETURNED, why=_OLD),
        (D.RETURNED, Deed.COLLECT): Move(D.RETURNED, why="whoever took it back was faster"),
        (D.RETURNED, Deed.TAKE_BACK): Move(D.RETURNED, why=_TWICE),
        # A sweep lost its race.
        (D.CANCELLED, Deed.LAPSE): Move(D.CANCELLED, why=_RACE_END),
        (D.STORED, Deed.LAPSE): Move(D.STORED, why=_RACE_HOLD),
        (D.OVERDUE, Deed.LAPSE): Move(D.OVERDUE, why=_RACE_HOLD),
        (D.RECALLING, Deed.LAPSE): Move(D.RECALLING, why=_RACE_HOLD),
        (D.COLLECTED, Deed.LAPSE): Move(D.COLLECTED, why=_RACE_END),
        (D.RETURNED, Deed.LAPSE): Move(D.RETURNED, why=_RACE_END),
        (D.CANCELLED, Deed.GIVE_UP): Move(D.CANCELLED, why=_TWO_SWEEPS),
        (D.STORED, Deed.GIVE_UP): Move(D.STORED, why=_RACE_HOLD),
        (D.OVERDUE, Deed.GIVE_UP): Move(D.OVERDUE, why=_RACE_HOLD),
        (D.RECALLING, Deed.GIVE_UP): Move(D.RECALLING, why=_RACE_HOLD),
        (D.COLLECTED, Deed.GIVE_UP): Move(D.COLLECTED, why=_RACE_END),
        (D.RETURNED, Deed.GIVE_UP): Move(D.RETURNED, why=_RACE_END),
        (D.RECALLING, Deed.FALL_DUE): Move(D.RECALLING, why="called off while the clock was striking"),
        (D.COLLECTED, Deed.FALL_DUE): Move(D.COLLECTED, why=_RACE_END),
        (D.RETURNED, Deed.FALL_DUE): Move(D.RETURNED, why=_RACE_END),
    },
)
