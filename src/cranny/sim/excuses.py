"""What simulated lives do not meet, each with its reason and with what proves it instead."""

from collections.abc import Mapping
from typing import Final

ELSEWHERE: Final = {
    "reservation": "counts in PostgreSQL: tests/unit/sites/test_capacity.py and tests/sites",
    "notice": "messages and their channels: tests/outreach",
    "bank": "presence is rows in PostgreSQL: tests/fleet/test_rights_and_presence.py",
    "anomaly": "settled by people over the API: tests/fleet/test_api.py",
    "alarm": "sensors: tests/fleet",
    "endpoint": "webhooks, which no bank knows of: tests/webhooks",
    "message": "webhooks, which no bank knows of: tests/webhooks, tests/unit/webhooks",
    "command": "what the server does with its commands: tests/fleet; what a bank does with them is met here",
}
"""State tables, by name."""

_TOLD_TWICE: Final = "ingest takes no fact twice, so a reaction sees it once: tests/unit/deliveries/test_replay.py"
_LOST: Final = "a fact that was lost with a bank's storage: here no bank loses it; tests/journeys and tests/fleet do"
_RARE: Final = (
    "a race of seconds that two hundred lives need not meet; every row: tests/unit/deliveries, tests/unit/access"
)
_ORDER: Final = (
    "one bank tells in order, that it has no door first and then that it found one; every row: tests/unit/deliveries"
)
_OVER: Final = "a bank tells nothing more of tries at what has ended there; every row: tests/unit/access"
_LOOKS_FIRST: Final = (
    "the job that makes verifiers looks first, and leaves what needs none; every row: tests/unit/access"
)
_UNAIMED: Final = (
    "nothing lies in ambush with a backup, and both last for moments in which a bank asks no server anything; what it "
    "wrote then waits as facts not sent, in the middle of which servers are restored in many lives"
)
_TIMER: Final = "a timer that is late by one turn of the event loop: every row in tests/unit/wire/test_doors.py"


def _rows(table: str, trigger: str, states: str, reason: str) -> Mapping[str, str]:
    return {f"{table}: {state}, {trigger}": reason for state in states.split()}


ROWS: Final[dict[str, str]] = {
    **_rows("delivery", "turn_away", "stored overdue recalling collected returned", _ORDER),
    **_rows("delivery", "collect", "announced lapsed cancelled", _LOST),
    **_rows("delivery", "take_back", "announced lapsed cancelled", _LOST),
    **_rows("delivery", "deposit", "stored overdue recalling collected returned", _TOLD_TWICE),
    **_rows("delivery", "collect", "collected returned", _TOLD_TWICE),
    **_rows("delivery", "take_back", "collected returned", _TOLD_TWICE),
    **_rows("delivery", "take_back", "overdue", _RARE),
    **_rows("delivery", "give_up", "overdue recalling collected", _RARE),
    **_rows("delivery at a bank", "withdraw", "gone", _RARE),
    **_rows("delivery at a bank", "miss", "stored", "a guided inventory finds it gone: tests/edge/test_counting.py"),
    **_rows("door", "too_long", "unseen shut released unsecured forced unknown", _TIMER),
    **_rows("door", "wait_over", "unseen unsecured forced unknown", _TIMER),
    **_rows("door", "crashed", "unknown", "a door has one opening at a time, by the journal's index: tests/unit/wire"),
    **_rows("grant at a bank", "use", "used superseded", _RARE),
    **_rows("grant at a bank", "supersede", "revoked superseded used", _RARE),
    **_rows("grant", "verify", "ready active used revoked superseded", _LOOKS_FIRST),
    **_rows("grant", "bind", "bound used superseded", _TOLD_TWICE),
    **_rows("grant", "use", "ready bound superseded used", _LOST),
    **_rows("grant", "exhaust", "used superseded", _OVER),
    **_rows("grant", "exhaust", "unbound bound", _RARE),
    **_rows("grant", "supersede", "unbound active bound used superseded", _RARE),
    **_rows("grant", "revoke", "used superseded", _RARE),
}
"""Rows of state tables that two hundred lives need not meet: "table: state, trigger". They may."""

PAIRS: Final[dict[tuple[str, str], str]] = {
    ("server restored", "an intent"): _UNAIMED,
    ("server restored", "a pulse"): _UNAIMED,
}
"""(fault, what it would have to strike in the middle of). They may be met all the same."""
