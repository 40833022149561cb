"""A bank as the server sees it: who may speak for it, whether it is heard, whether its log can be believed. And
what is listed because it contradicts: open, until somebody settles it."""

from enum import StrEnum
from typing import Final

from cranny.core.lifecycle import Lifecycle, Move


class BankState(StrEnum):
    """`unenrolled`: no box speaks for it yet. `forked`: its log contradicts itself, and nothing is taken of it until it
    begins a new epoch."""

    UNENROLLED = "unenrolled"
    """It is planned; no controller speaks for it."""
    OFFLINE = "offline"
    ONLINE = "online"
    FORKED = "forked"
    """Its log contradicts itself: nothing is taken of it until it starts a new epoch."""


class BankTrigger(StrEnum):
    ENROL = "enrol"
    BEAT = "beat"
    SILENCE = "silence"
    FORK = "fork"
    EPOCH = "epoch"
    """It starts a new epoch of its log."""


_S, _T = BankState, BankTrigger

BANK: Final = Lifecycle(
    "bank",
    start=BankState.UNENROLLED,
    final=(),
    table={
        (_S.UNENROLLED, _T.ENROL): Move(_S.OFFLINE, "bank.enrolled"),
        (_S.OFFLINE, _T.ENROL): Move(_S.OFFLINE, "bank.enrolled", why="another controller takes over"),
        (_S.ONLINE, _T.ENROL): Move(
            _S.OFFLINE, "bank.enrolled", why="another controller takes over and has not been heard yet"
        ),
        (_S.FORKED, _T.ENROL): Move(
            _S.FORKED, "bank.enrolled", why="a new key does not mend the log, a new epoch does"
        ),
        (_S.UNENROLLED, _T.BEAT): Move(_S.UNENROLLED, why="no controller may speak for it"),
        (_S.OFFLINE, _T.BEAT): Move(_S.ONLINE, "bank.online"),
        (_S.ONLINE, _T.BEAT): Move(_S.ONLINE, why="as usual"),
        (_S.FORKED, _T.BEAT): Move(_S.FORKED, why="being heard does not mend the log"),
        (_S.UNENROLLED, _T.SILENCE): Move(_S.UNENROLLED, why="nobody was to be heard"),
        (_S.OFFLINE, _T.SILENCE): Move(_S.OFFLINE, why="told already"),
        (_S.ONLINE, _T.SILENCE): Move(_S.OFFLINE, "bank.offline"),
        (_S.FORKED, _T.SILENCE): Move(_S.FORKED, why="the fork is what has to be looked at"),
        (_S.OFFLINE, _T.FORK): Move(_S.FORKED, "bank.forked"),
        (_S.ONLINE, _T.FORK): Move(_S.FORKED, "bank.forked"),
        (_S.FORKED, _T.FORK): Move(_S.FORKED, why="told already"),
        (_S.OFFLINE, _T.EPOCH): Move(_S.ONLINE, "bank.online", why="a new epoch of its log is heard"),
        (_S.ONLINE, _T.EPOCH): Move(_S.ONLINE, why="its storage is new; the epoch is listed as an anomaly"),
        (_S.FORKED, _T.EPOCH): Move(_S.ONLINE, "bank.online", why="a new epoch of its log mends the fork"),
    },
)


class AnomalyState(StrEnum):
    """`open` until somebody settles it, or what came later does."""

    OPEN = "open"
    SETTLED = "settled"


class AnomalyTrigger(StrEnum):
    SETTLE = "settle"


ANOMALY: Final = Lifecycle(
    "anomaly",
    start=AnomalyState.OPEN,
    final=(AnomalyState.SETTLED,),
    table={
        (AnomalyState.OPEN, AnomalyTrigger.SETTLE): Move(AnomalyState.SETTLED, "anomaly.settled"),
        (AnomalyState.SETTLED, AnomalyTrigger.SETTLE): Move(AnomalyState.SETTLED, why="somebody settled it before"),
    },
)
