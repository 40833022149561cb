"""What the screen is told: answers and happenings, each with a stable `code` to translate. Never a code, a name
or a tracking number: a kiosk stands in public."""

from typing import Final, Literal, cast
from uuid import UUID

import msgspec

from cranny.core.errors import Refused
from cranny.wire.kinds import Evidence, Purpose

Reason = Literal[
    "wrong",  # no such code, or not this secret: the two can't be told apart
    "wait",  # the keypad is slow just now
    "unknown_badge",  # no such badge, or badges are switched off here
    "exhausted",  # the code of this grant is off; its QR still opens
    "nothing_here",  # the right code, but nothing lies behind a door for it (yet)
    "busy",  # this door or delivery is being dealt with
    "help",  # the door did not open: staff has to look
    "unreadable",  # nothing that a label could hold
    "unknown_tracking",
    "already_stored",
    "withdrawn",
    "too_warm",  # a door would do, but its climate is wrong or not known just now
    "full",  # no free door is right for it
    "inventory",  # it may lie there, but since the bank lost its memory nobody has looked
    "counting",  # it is for no door in particular: an inventory begins, and nothing has opened by it
    "deposits_paused",  # the bank's disk is nearly full: only pick-ups
    "not_ready",  # no layout yet, or still starting
    "no_visit",  # the visit is over, or its door is shut already
]
REASONS: Final[frozenset[str]] = frozenset(Reason.__args__)  # type: ignore[attr-defined]


class Outcome(msgspec.Struct, frozen=True, tag_field="code"):
    """`code` is the tag."""


class Opening(Outcome, frozen=True, tag="opening"):
    """A lock is about to be released; the door does not stand open yet. `place` is its index in the layout. `afar`:
    nobody at the bank asked for it."""

    door: str
    place: int
    purpose: Purpose
    opening: UUID
    visit: UUID | None
    attempt: int
    afar: bool = False


class Opened(Outcome, frozen=True, tag="opened"):
    """A door stands open. `place` is its index in the layout, `centre` its middle's height in mm; `passed_over`
    are doors that were tried before and did not open. `visit` is None for a pick-up. `items`: how many go in or come
    out, 0 where nobody knows; `together`: something of the same collector lies inside already. `spoiled`: what is
    taken out was too warm for too long. `afar`: nobody at the bank asked for it."""

    door: str
    place: int
    centre: int
    purpose: Purpose
    opening: UUID
    visit: UUID | None
    passed_over: list[str]
    items: int
    together: bool
    spoiled: bool = False
    afar: bool = False


class Refusal(Outcome, frozen=True, tag="refused"):
    """Nothing was opened. `wait_s` only with `wait`; `door` only where it was to be opened from afar."""

    reason: Reason
    wait_s: int = 0
    door: str | msgspec.UnsetType = msgspec.UNSET


class NextDoor(Outcome, frozen=True, tag="next_door"):
    """`door` did not open; another one is being tried."""

    door: str
    visit: UUID


class ShutFirst(Outcome, frozen=True, tag="shut_first"):
    """Take the parcel out and shut `door`; then a larger one opens."""

    door: str
    visit: UUID


class Stored(Outcome, frozen=True, tag="stored"):
    """`deliveries` by this opening, `so_far` in this visit."""

    door: str
    opening: UUID
    visit: UUID
    deliveries: int
    evidence: Evidence
    so_far: int = 0


class NotStored(Outcome, frozen=True, tag="not_stored"):
    """Shut, and nothing was accepted."""

    door: str
    opening: UUID
    visit: UUID
    reason: Literal["too-small", "not-opened", "withdrawn", "empty", "unsecured", "unknown"]


class Collected(Outcome, frozen=True, tag="collected"):
    """`reopen_s`: for so long the same credential opens this door again."""

    door: str
    opening: UUID
    purpose: Purpose
    evidence: Evidence
    reopen_s: int = 0


class LeftBehind(Outcome, frozen=True, tag="left_behind"):
    """Shut, and something still lies inside: the code still opens."""

    door: str
    opening: UUID


class Shut(Outcome, frozen=True, tag="shut"):
    """Shut, and nothing changed by it."""

    door: str
    opening: UUID


class PleaseShut(Outcome, frozen=True, tag="please_shut"):
    """The door has been open for too long."""

    door: str


class Counting(Outcome, frozen=True, tag="counting"):
    """The inventory has come further: read the state."""

    inventory: UUID


class VisitDone(Outcome, frozen=True, tag="visit_done"):
    visit: UUID
    stored: int


class Changed(Outcome, frozen=True, tag="changed"):
    """Something on the wall looks different: read the state."""


Answer = Opened | Refusal
Settled = Stored | NotStored | Collected | LeftBehind | Shut | Counting
Told = Answer | ShutFirst | VisitDone | Settled | Opening | NextDoor | PleaseShut | Changed


def refusal(refused: Refused) -> Refusal:
    """A refusal of a rule, for the screen. One that no screen knows comes through: it is a mistake of ours."""
    if refused.code not in REASONS:
        raise refused
    wait = refused.extra.get("wait_s", 0)
    return Refusal(cast("Reason", refused.code), wait if isinstance(wait, int) else 0)
