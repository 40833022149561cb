"""What is to be looked at, on a terminal: the ids that `settle` and `seen` ask for are whole."""

from typing import Any
from uuid import UUID

import pytest

from cranny.apps.cli import alarms, anomalies

ID = str(UUID(int=2**127 - 1))
ODD: dict[str, Any] = {
    "id": ID,
    "created": "2026-03-02T09:00:00Z",
    "kind": "deposited_after_cancel",
    "subject": f"deliveries/{UUID(int=7)}",
    "times": 12,
    "next_step": {"sentence": "Have it taken out. " * 5, "request": f"GET /v1/deliveries/{UUID(int=7)}"},
}
ALARM: dict[str, Any] = {
    "id": ID,
    "raised": "2026-03-02T09:00:00Z",
    "kind": "temperature_high",
    "channel": "fridge",
    "doors": ["A1", "A9"],
    "value": 9.5,
    "limit": 8.0,
    "state": "raised",
}


@pytest.mark.parametrize(("page", "row"), [(anomalies, ODD), (alarms, ALARM)])
def test_an_id_is_whole_in_eighty_columns(
    page: Any, row: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(page, "call", lambda *_, **__: {"items": [row], "next": None})
    page.list_()
    shown = capsys.readouterr().out
    assert ID in shown
    assert max(len(line) for line in shown.splitlines()) <= 80
