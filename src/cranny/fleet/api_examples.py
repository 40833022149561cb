"""Examples for the description of the API."""

from typing import Any, Final

_BANK: Final = "0199b6a0-7c00-7a3e-9d2f-1d6f6a2b4c01"

CLAIM: Final[dict[str, Any]] = {"claim": "7Q2MZ-K3V5Q-Z7HWM-2A9XC-4TB0DE", "expires": "2026-11-23T09:30:00Z"}
ENROLLED: Final[dict[str, Any]] = {
    "tenant": "0199b6a0-7c00-7a3e-9d2f-1d6f6a2b4c00",
    "bank": _BANK,
    "nats": ["tls://nats.lockers.example:4222"],
    "server_key": "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqo=",
    "epoch": 1,
    "sealed": "c2VhbGVkIGZvciB0aGUgYm94J3MgZXllcyBvbmx5",
}
STATUS: Final[dict[str, Any]] = {
    "bank": _BANK,
    "state": "online",
    "enrolled": "2026-11-22T09:35:00Z",
    "last_beat": "2026-11-22T10:04:12Z",
    "version": "0.1.0",
    "clock_quality": "good",
    "free": 17,
    "epoch": 1,
    "taken": 4211,
    "waiting": 0,
    "given": 388,
    "applied": 388,
}
ANOMALY: Final[dict[str, Any]] = {
    "id": "0199b6c1-5a10-7b4c-8e11-3f0a9d2c7e99",
    "bank": _BANK,
    "kind": "deposited_after_cancel",
    "subject": "deliveries/0199b6c1-5a10-7b4c-8e11-3f0a9d2c7e10",
    "detail": {"door": "A09"},
    "state": "open",
    "times": 1,
    "created": "2026-11-22T10:04:12Z",
    "last_seen": "2026-11-22T10:04:12Z",
    "note": "",
    "next_step": {
        "deed": "recall",
        "sentence": "It was called off and brought all the same: have it taken back.",
        "request": "GET /v1/deliveries/0199b6c1-5a10-7b4c-8e11-3f0a9d2c7e10",
    },
}
SETTLED: Final[dict[str, Any]] = {**ANOMALY, "state": "settled", "note": "Looked inside: door A09 was empty."}
