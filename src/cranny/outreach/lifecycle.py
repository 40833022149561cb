"""The life of a notice: one message to one person, from the moment it has to be told until it is, or visibly is not.

Sending happens outside the database, so what is known can come late: a message may be on its way while it is
withdrawn or given up. That it went out after all is the truth then, and the table says so.
"""

from enum import StrEnum
from typing import Final

from cranny.core.lifecycle import Lifecycle, Move


class Notice(StrEnum):
    """`queued`, `sent` once a channel took it over. `failed`: no channel got through, somebody has to see to it.
    `withdrawn`: what it said was not so any more before it went out."""

    QUEUED = "queued"
    """A job sends it, or tries again."""
    SENT = "sent"
    """A channel took it over."""
    FAILED = "failed"
    """No channel got through: somebody has to see to it."""
    WITHDRAWN = "withdrawn"
    """It was overtaken before it went out: what it said is not so any more."""


class Deed(StrEnum):
    SEND = "send"
    REROUTE = "reroute"
    FAIL = "fail"
    WITHDRAW = "withdraw"


_TWO_WORKERS = "two workers had it, one of them declared dead too early: the person may have got it twice"
_OVER = "it is over with it already"

NOTICE: Final = Lifecycle(
    "notice",
    start=Notice.QUEUED,
    final=(Notice.SENT,),
    table={
        (Notice.QUEUED, Deed.SEND): Move(Notice.SENT, "notice.sent"),
        (Notice.QUEUED, Deed.REROUTE): Move(
            Notice.QUEUED, "notice.rerouted", why="one channel does not get through; the next one takes over"
        ),
        (Notice.QUEUED, Deed.FAIL): Move(Notice.FAILED, "notice.failed"),
        (Notice.QUEUED, Deed.WITHDRAW): Move(Notice.WITHDRAWN, "notice.withdrawn"),
        (Notice.SENT, Deed.SEND): Move(Notice.SENT, why=_TWO_WORKERS),
        (Notice.SENT, Deed.REROUTE): Move(Notice.SENT, why=_OVER),
        (Notice.SENT, Deed.FAIL): Move(Notice.SENT, why=_OVER),
        (Notice.SENT, Deed.WITHDRAW): Move(Notice.SENT, why="what is sent is sent"),
        (Notice.FAILED, Deed.SEND): Move(Notice.SENT, "notice.sent", why="given up on while it was on its way"),
        (Notice.FAILED, Deed.REROUTE): Move(Notice.FAILED, why=_OVER),
        (Notice.FAILED, Deed.FAIL): Move(Notice.FAILED, why=_OVER),
        (Notice.FAILED, Deed.WITHDRAW): Move(Notice.FAILED, why="that it failed stays visible"),
        (Notice.WITHDRAWN, Deed.SEND): Move(Notice.SENT, "notice.sent", why="withdrawn while it was on its way"),
        (Notice.WITHDRAWN, Deed.REROUTE): Move(Notice.WITHDRAWN, why=_OVER),
        (Notice.WITHDRAWN, Deed.FAIL): Move(Notice.WITHDRAWN, why=_OVER),
        (Notice.WITHDRAWN, Deed.WITHDRAW): Move(Notice.WITHDRAWN, why="overtaken twice"),
    },
)
