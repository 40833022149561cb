"""A door as its controller sees it: two tables.

`DOOR` is what the lock and the sensor do. It starts `unseen` whenever the controller starts, and every reading
and every timer, however late or often, has a row in every state: hardware can surprise us but never raise. What
a row emits is the kind of the fact to journal (`wire.kinds`).

`POOL` is whether the door may be offered for a deposit. The two are apart because a blocked door still opens
for the one whose parcel lies in it, and stays blocked after that.
"""

from enum import StrEnum
from typing import Final

from cranny.core.lifecycle import Lifecycle, Move


class Door(StrEnum):
    UNSEEN = "unseen"
    """No reading since the controller started, or the board has fallen silent. It can't be opened."""
    SHUT = "shut"
    RELEASED = "released"
    """The intent is journalled and the lock was pulsed; the sensor still says shut."""
    OPEN = "open"
    UNSECURED = "unsecured"
    """Open for longer than the policy allows."""
    FORCED = "forced"
    """Open, and no opening was intended."""
    UNKNOWN = "unknown"
    """An opening was cut off between pulse and result: the next reading decides."""


class Happening(StrEnum):
    RELEASE = "release"
    """Ours: about to pulse. A second one in the same opening is a further try."""
    CRASHED = "crashed"
    """Ours, at start: the journal holds an opening of this door without a result."""
    OPENED = "opened"
    SHUT = "shut"
    SILENT = "silent"
    """The board does not answer any more."""
    WAIT_OVER = "wait_over"
    """All tries are spent and the door has not opened."""
    TOO_LONG = "too_long"
    """Open for as long as the policy allows."""


SENSED: Final = frozenset({Happening.OPENED, Happening.SHUT, Happening.SILENT})
TIMED: Final = frozenset({Happening.WAIT_OVER, Happening.TOO_LONG})
STANDS_OPEN: Final = frozenset({Door.OPEN, Door.UNSECURED, Door.FORCED})

_D, _H = Door, Happening

DOOR: Final = Lifecycle(
    "door",
    start=_D.UNSEEN,
    final=(),
    table={
        (_D.UNSEEN, _H.SHUT): Move(_D.SHUT),
        (_D.UNSEEN, _H.OPENED): Move(
            _D.FORCED, "door.forced", "found open, and the journal knows of no opening: somebody was there"
        ),
        (_D.UNSEEN, _H.SILENT): Move(_D.UNSEEN, why="it has not spoken yet, and still does not"),
        (_D.UNSEEN, _H.CRASHED): Move(_D.UNKNOWN),
        (_D.UNSEEN, _H.WAIT_OVER): Move(_D.UNSEEN, why="a timer from before the board fell silent"),
        (_D.UNSEEN, _H.TOO_LONG): Move(_D.UNSEEN, why="a timer from before the board fell silent"),
        (_D.SHUT, _H.RELEASE): Move(_D.RELEASED, "opening.intended"),
        (_D.SHUT, _H.OPENED): Move(
            _D.FORCED, "door.forced", "nobody was let in; also a jam that gives way after the tries were spent"
        ),
        (_D.SHUT, _H.SHUT): Move(_D.SHUT, why="the sensor repeats itself"),
        (_D.SHUT, _H.SILENT): Move(_D.UNSEEN, why="nobody can tell any more; not offered until it speaks"),
        (_D.SHUT, _H.WAIT_OVER): Move(_D.SHUT, why="the timer is late: it opened and was shut again meanwhile"),
        (_D.SHUT, _H.TOO_LONG): Move(_D.SHUT, why="the timer is late: it was shut in the same moment"),
        (_D.RELEASED, _H.OPENED): Move(_D.OPEN, "door.opened"),
        (_D.RELEASED, _H.RELEASE): Move(_D.RELEASED, "opening.intended", "a further try of the same opening"),
        (_D.RELEASED, _H.SHUT): Move(_D.RELEASED, why="the sensor repeats what was so before the pulse"),
        (_D.RELEASED, _H.SILENT): Move(_D.UNKNOWN, why="the pulse went out and nobody saw what it did"),
        (_D.RELEASED, _H.WAIT_OVER): Move(_D.SHUT, "door.not_opened"),
        (_D.RELEASED, _H.TOO_LONG): Move(_D.RELEASED, why="a timer of an earlier opening"),
        (_D.OPEN, _H.SHUT): Move(_D.SHUT, "door.shut"),
        (_D.OPEN, _H.OPENED): Move(_D.OPEN, why="the contact bounces"),
        (_D.OPEN, _H.SILENT): Move(_D.UNKNOWN, why="it was open when the board fell silent"),
        (_D.OPEN, _H.WAIT_OVER): Move(_D.OPEN, why="the timer is late: it opened in the same moment"),
        (_D.OPEN, _H.TOO_LONG): Move(_D.UNSECURED, "door.unsecured"),
        (_D.UNSECURED, _H.SHUT): Move(_D.SHUT, "door.shut"),
        (_D.UNSECURED, _H.OPENED): Move(_D.UNSECURED, why="the contact bounces"),
        (_D.UNSECURED, _H.SILENT): Move(_D.UNKNOWN, why="it was open when the board fell silent"),
        (_D.UNSECURED, _H.WAIT_OVER): Move(_D.UNSECURED, why="a timer of an earlier try"),
        (_D.UNSECURED, _H.TOO_LONG): Move(_D.UNSECURED, why="already told"),
        (_D.FORCED, _H.SHUT): Move(_D.SHUT, "door.shut", "pushed shut again; the pool does not get it back"),
        (_D.FORCED, _H.OPENED): Move(_D.FORCED, why="the contact bounces"),
        (_D.FORCED, _H.SILENT): Move(_D.UNSEEN, why="it was open when the board fell silent, and told as forced"),
        (_D.FORCED, _H.WAIT_OVER): Move(_D.FORCED, why="the timer is late: the tries were already spent"),
        (_D.FORCED, _H.TOO_LONG): Move(_D.FORCED, why="already told"),
        (_D.UNKNOWN, _H.OPENED): Move(_D.OPEN, "opening.unknown", "open now: the opening goes on"),
        (_D.UNKNOWN, _H.SHUT): Move(_D.SHUT, "opening.unknown", "shut now: nobody knows whether it was open"),
        (_D.UNKNOWN, _H.SILENT): Move(_D.UNKNOWN, why="it still does not speak"),
        (_D.UNKNOWN, _H.CRASHED): Move(
            _D.UNKNOWN, why="two openings of one door were cut off: one reading settles both"
        ),
        (_D.UNKNOWN, _H.WAIT_OVER): Move(_D.UNKNOWN, why="only a reading can settle it"),
        (_D.UNKNOWN, _H.TOO_LONG): Move(_D.UNKNOWN, why="only a reading can settle it"),
    },
)


class Pool(StrEnum):
    OFFERED = "offered"
    BLOCKED = "blocked"


class Doubt(StrEnum):
    BLOCK = "block"
    """The door did not open, was forced, or what is inside is in doubt."""
    INSPECTED = "inspected"
    """A person has looked: it works and is empty, or what is in it is known."""


POOL: Final = Lifecycle(
    "door in the pool",
    start=Pool.OFFERED,
    final=(),
    table={
        (Pool.OFFERED, Doubt.BLOCK): Move(Pool.BLOCKED, "door.blocked"),
        (Pool.OFFERED, Doubt.INSPECTED): Move(Pool.OFFERED, why="a look at a door that nobody doubted"),
        (Pool.BLOCKED, Doubt.BLOCK): Move(Pool.BLOCKED, why="one look settles all doubts"),
        (Pool.BLOCKED, Doubt.INSPECTED): Move(Pool.OFFERED, "door.cleared", "a person has looked"),
    },
)
