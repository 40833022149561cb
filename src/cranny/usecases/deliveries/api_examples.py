"""What the API's description shows: one delivery, from the announcement to the recall."""

from typing import Any, Final

_ID: Final = "019cadc6-9a80-7de4-9145-27ff8431312a"
_BANK: Final = "019cadc6-9a80-7192-8035-a06b16b28ca5"
_GRANT: Final = "019cadc6-9a80-723a-832d-4982503f3d79"

ASKED: Final[dict[str, Any]] = {
    "bank": _BANK,
    "items": [{"tracking": "JD0146000089", "width": 300, "height": 100, "depth": 400, "weight_g": 850}],
    "recipient": {"name": "Ada Example", "email": "ada@example.org", "language": "de"},
    "sender": "Corner Books",
    "reference": "order 4711",
}
CHILLED: Final[dict[str, Any]] = {
    "bank": _BANK,
    "items": [{"tracking": "GR 7-1", "size": "M", "perishable_hours": 24}, {"tracking": "GR 7-2", "size": "S"}],
    "recipient": {"phone": "+4915112345678"},
    "requirements": {"features": ["chilled"], "seated": True},
    "hold_hours": 6,
    "collect_within_hours": 24,
}
ANNOUNCED: Final[dict[str, Any]] = {
    "id": _ID,
    "state": "announced",
    "bank": _BANK,
    "kind": "parcel",
    "reference": "order 4711",
    "sender": "Corner Books",
    "recipient": "019cadc6-9a80-7aaa-8035-a06b16b28c01",
    "items": [
        {
            "id": "019cadc6-9a80-7bbb-8035-a06b16b28c02",
            "tracking": "JD0146000089",
            "size": None,
            "width": 300,
            "height": 100,
            "depth": 400,
            "weight_g": 850,
        }
    ],
    "requirements": {"features": [], "seated": False},
    "door": None,
    "generation": None,
    "evidence": None,
    "grants": {"deposit": "019cadc6-9a80-7ccc-8035-a06b16b28c03", "collect": _GRANT, "recall": None},
    "reason": "",
    "created": "2026-03-02T09:00:00Z",
    "hold_until": "2026-03-04T09:00:00Z",
    "stored_at": None,
    "collect_by": None,
    "ended_at": None,
    "reroute_to": None,
    "history": f"/v1/events?subject=deliveries/{_ID}",
    "perishable_hours": None,
    "spoiled_at": None,
    "spoiled_why": "",
    "temperature": None,
}
STORED: Final[dict[str, Any]] = ANNOUNCED | {
    "state": "stored",
    "door": "07",
    "generation": 12,
    "evidence": "sensed",
    "stored_at": "2026-03-02T12:10:00Z",
    "collect_by": "2026-03-05T12:10:01Z",
}
RECALLING: Final[dict[str, Any]] = STORED | {
    "state": "recalling",
    "reason": "order cancelled",
    "grants": ANNOUNCED["grants"] | {"recall": "019cadc6-9a80-7ddd-8035-a06b16b28c04"},
}
CHANGED: Final[dict[str, Any]] = {"recipient": {"name": "Bob Example", "email": "bob@example.org"}}
REROUTE: Final[dict[str, Any]] = {"bank": "019cadc6-9a80-7eee-8035-a06b16b28ca6", "reason": "recipient moved"}
KIND_ASKED: Final[dict[str, Any]] = {"title": "Internal mail", "collect_hours": 240}
KIND: Final[dict[str, Any]] = {"name": "mail", "title": "Internal mail", "hold_hours": None, "collect_hours": 240}
TEMPERATURE: Final[dict[str, Any]] = {
    "delivery": _ID,
    "bank": _BANK,
    "door": "E03",
    "generation": 12,
    "unit": "°C",
    "since": "2026-03-02T11:20:00Z",
    "until": "2026-03-02T17:05:00Z",
    "spoiled_at": None,
    "spoiled_why": "",
    "logs": [
        {
            "sensor": "E air",
            "low_limit": 0.0,
            "high_limit": 8.0,
            "lowest": 3.4,
            "highest": 6.1,
            "beyond_s": 0,
            "points": [
                {"time": "2026-03-02T11:20:00Z", "celsius": 4.1},
                {"time": "2026-03-02T13:02:30Z", "celsius": 6.1},
            ],
            "gaps": [{"since": "2026-03-02T14:00:00Z", "until": "2026-03-02T14:25:00Z"}],
        }
    ],
}
