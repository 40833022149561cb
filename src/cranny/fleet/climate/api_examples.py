"""Examples for the description of the API."""

from typing import Any, Final

_BANK: Final = "0199b6a0-7c00-7a3e-9d2f-1d6f6a2b4c01"

TELEMETRY: Final[dict[str, Any]] = {
    "bank": _BANK,
    "since": "2026-11-26T12:00:00Z",
    "until": "2026-11-27T12:00:00Z",
    "resolution": "15m",
    "channels": [
        {
            "name": "E air",
            "kind": "temperature",
            "unit": "°C",
            "doors": ["E01", "E02"],
            "now": 4.31,
            "now_at": "2026-11-27T11:59:52Z",
            "points": [{"time": "2026-11-27T11:30:00Z", "low": 3.42, "mean": 4.02, "high": 4.59, "count": 30}],
            "gaps": [{"since": "2026-11-27T02:10:00Z", "until": "2026-11-27T04:45:00Z"}],
        }
    ],
}
ALARM: Final[dict[str, Any]] = {
    "id": "0199b6a0-7c00-7a3e-9d2f-1d6f6a2b4c77",
    "bank": _BANK,
    "kind": "too_warm",
    "channel": "E air",
    "doors": ["E01", "E02"],
    "state": "acknowledged",
    "value": 8.9,
    "limit": 8.0,
    "worst": 14.2,
    "for_s": 600,
    "raised": "2026-11-27T03:10:00Z",
    "ended": None,
    "cause": "",
    "acknowledged": "2026-11-27T03:14:00Z",
    "acknowledged_by": "keys/0199b6a0-7c00-7a3e-9d2f-1d6f6a2b4c10",
    "note": "The fridge's plug had come out.",
}
