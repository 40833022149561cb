"""The life of a grant, from its issue to its one use or its end.

Two things must come true before a collect grant opens anything, in either order: the bank binds it to a door
(`bind`), and a job makes its verifiers (`verify`). Only `active` says both; only then is a message sent.
"""

from enum import StrEnum
from typing import Final

from cranny.core.lifecycle import Lifecycle, Move


class Grant(StrEnum):
    """`unbound`: neither its door is known nor its code made. `ready`: the code is made. `bound`: the door is known.
    `active`: both, it opens. A right to deposit stays `unbound`, as the tracking number proves it. Then it is over:
    `used`, `revoked`, or `superseded` by another one."""

    UNBOUND = "unbound"
    READY = "ready"
    BOUND = "bound"
    ACTIVE = "active"
    USED = "used"
    REVOKED = "revoked"
    SUPERSEDED = "superseded"


class Deed(StrEnum):
    VERIFY = "verify"
    """The verifiers are made and on their way to the bank."""
    BIND = "bind"
    """The bank has put the delivery behind a door: the grant is for that door and generation now."""
    USE = "use"
    REVOKE = "revoke"
    SUPERSEDE = "supersede"
    """Another grant of the same collector opens the same door."""
    EXHAUST = "exhaust"
    """Too many wrong tries at the keypad."""


LIVE: Final = (Grant.UNBOUND, Grant.READY, Grant.BOUND, Grant.ACTIVE)

_UNTOLD = "the deposit's fact is late or was lost with the bank's storage; the use proves it"
_CODE_OFF = "only the typed code is off; the QR still opens"
_ENDED = "it has ended before"
_TOO_LATE = "it ended while the job was waiting; nothing goes down to the bank"
_TOLD_TWICE = "the fact was told twice"
_CUT_OFF = "the bank let it through before it heard of the end; the end stands, the exposure is told"

GRANT: Final = Lifecycle(
    "grant",
    start=Grant.UNBOUND,
    final=(Grant.USED, Grant.REVOKED, Grant.SUPERSEDED),
    table={
        (Grant.UNBOUND, Deed.VERIFY): Move(Grant.READY),
        (Grant.UNBOUND, Deed.BIND): Move(Grant.BOUND),
        (Grant.UNBOUND, Deed.USE): Move(
            Grant.USED,
            "grant.used",
            why=f"a deposit grant is proven by the tracking number and never bound; else {_UNTOLD}",
        ),
        (Grant.UNBOUND, Deed.REVOKE): Move(Grant.REVOKED, "grant.revoked"),
        (Grant.UNBOUND, Deed.SUPERSEDE): Move(Grant.SUPERSEDED, "grant.superseded"),
        (Grant.UNBOUND, Deed.EXHAUST): Move(Grant.UNBOUND, "grant.code_off", why=_CODE_OFF),
        (Grant.READY, Deed.VERIFY): Move(Grant.READY, why="the job ran twice"),
        (Grant.READY, Deed.BIND): Move(Grant.ACTIVE, "grant.activated"),
        (Grant.READY, Deed.USE): Move(Grant.USED, "grant.used", why=_UNTOLD),
        (Grant.READY, Deed.REVOKE): Move(Grant.REVOKED, "grant.revoked"),
        (Grant.READY, Deed.SUPERSEDE): Move(Grant.SUPERSEDED, "grant.superseded"),
        (Grant.READY, Deed.EXHAUST): Move(Grant.READY, "grant.code_off", why=_CODE_OFF),
        (Grant.BOUND, Deed.VERIFY): Move(Grant.ACTIVE, "grant.activated"),
        (Grant.BOUND, Deed.BIND): Move(Grant.BOUND, why=_TOLD_TWICE),
        (Grant.BOUND, Deed.USE): Move(
            Grant.USED, "grant.used", why="the server was restored from a copy older than the job"
        ),
        (Grant.BOUND, Deed.REVOKE): Move(Grant.REVOKED, "grant.revoked"),
        (Grant.BOUND, Deed.SUPERSEDE): Move(Grant.SUPERSEDED, "grant.superseded"),
        (Grant.BOUND, Deed.EXHAUST): Move(Grant.BOUND, "grant.code_off", why=_CODE_OFF),
        (Grant.ACTIVE, Deed.VERIFY): Move(Grant.ACTIVE, why="the job ran twice"),
        (Grant.ACTIVE, Deed.BIND): Move(Grant.ACTIVE, why=_TOLD_TWICE),
        (Grant.ACTIVE, Deed.USE): Move(Grant.USED, "grant.used"),
        (Grant.ACTIVE, Deed.REVOKE): Move(Grant.REVOKED, "grant.revoked"),
        (Grant.ACTIVE, Deed.SUPERSEDE): Move(Grant.SUPERSEDED, "grant.superseded"),
        (Grant.ACTIVE, Deed.EXHAUST): Move(Grant.ACTIVE, "grant.code_off", why=_CODE_OFF),
        (Grant.USED, Deed.VERIFY): Move(Grant.USED, why=_TOO_LATE),
        (Grant.USED, Deed.BIND): Move(Grant.USED, why="the deposit is told after the use"),
        (Grant.USED, Deed.USE): Move(Grant.USED, why="opened once more in the grace time, or the fact was told twice"),
        (Grant.USED, Deed.REVOKE): Move(Grant.USED, why=_ENDED),
        (Grant.USED, Deed.SUPERSEDE): Move(Grant.USED, why=_ENDED),
        (Grant.USED, Deed.EXHAUST): Move(Grant.USED, why=_ENDED),
        (Grant.REVOKED, Deed.VERIFY): Move(Grant.REVOKED, why=_TOO_LATE),
        (Grant.REVOKED, Deed.BIND): Move(Grant.REVOKED, why="deposited after the cancellation: it opens nothing"),
        (Grant.REVOKED, Deed.USE): Move(Grant.REVOKED, "grant.used_after_end", why=_CUT_OFF),
        (Grant.REVOKED, Deed.REVOKE): Move(Grant.REVOKED, why=_ENDED),
        (Grant.REVOKED, Deed.SUPERSEDE): Move(Grant.REVOKED, why=_ENDED),
        (Grant.REVOKED, Deed.EXHAUST): Move(Grant.REVOKED, why=_ENDED),
        (Grant.SUPERSEDED, Deed.VERIFY): Move(Grant.SUPERSEDED, why=_TOO_LATE),
        (Grant.SUPERSEDED, Deed.BIND): Move(Grant.SUPERSEDED, why="another grant opens that door"),
        (Grant.SUPERSEDED, Deed.USE): Move(Grant.SUPERSEDED, "grant.used_after_end", why=_CUT_OFF),
        (Grant.SUPERSEDED, Deed.REVOKE): Move(Grant.SUPERSEDED, why=_ENDED),
        (Grant.SUPERSEDED, Deed.SUPERSEDE): Move(Grant.SUPERSEDED, why=_TOLD_TWICE),
        (Grant.SUPERSEDED, Deed.EXHAUST): Move(Grant.SUPERSEDED, why=_ENDED),
    },
)
