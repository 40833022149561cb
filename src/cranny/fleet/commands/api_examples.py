"""What the API's description shows of commands."""

from typing import Any, Final

_ID: Final = "019cadc6-9a80-7c0d-9145-27ff8431312a"
_KEY: Final = "019cadc6-9a80-7cee-9145-27ff8431313b"

OPEN: Final[dict[str, Any]] = {"action": "open", "door": "A07", "reason": "Recipient on the phone, code unreadable"}
OUT: Final[dict[str, Any]] = {"action": "take_out", "door": "A07", "reason": "The hinge is bent"}
REBOOT: Final[dict[str, Any]] = {"action": "reboot", "reason": "The screen has frozen"}
EXECUTED: Final[dict[str, Any]] = {
    "id": _ID,
    "state": "executed",
    "bank": "019cadc6-9a80-7192-8035-a06b16b28ca5",
    "action": "open",
    "doors": ["A07"],
    "reason": OPEN["reason"],
    "says": "Door A07 is open. Someone should be standing there.",
    "second_person": "",
    "asked_by": {"key": _KEY, "label": "help desk"},
    "confirmed_by": None,
    "created": "2026-11-27T14:02:11Z",
    "expires": "2026-11-27T14:07:11Z",
    "acknowledged": "2026-11-27T14:02:12Z",
    "settled": "2026-11-27T14:02:12Z",
    "answer": "",
    "opened": ["A07"],
}
AWAITING: Final[dict[str, Any]] = {
    **EXECUTED,
    "state": "awaiting_confirmation",
    "says": "A second person has to confirm it, because this is a high-security compartment. Nothing was sent yet.",
    "second_person": "high-security",
    "acknowledged": None,
    "settled": None,
    "opened": [],
}
