"""Which events make a wall look different."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from cranny.core.events import Event
from cranny.pages.operator.reading import concerns

NOW = datetime(2026, 1, 1, tzinfo=UTC)
BANK, OTHER = UUID(int=1), UUID(int=2)


@pytest.mark.parametrize(
    ("type_", "subject", "data", "different"),
    [
        ("door.opened", f"banks/{BANK}/doors/07", {}, True),
        ("bank.offline", f"banks/{BANK}", {}, True),
        ("delivery.announced", "deliveries/1", {"bank": str(BANK)}, True),
        ("door.opened", f"banks/{OTHER}/doors/07", {}, False),
        ("delivery.announced", "deliveries/1", {"bank": str(OTHER)}, False),
        # Nothing shows of it: a wall drawn for it would only be late for the door that opens next.
        ("opening.intended", f"banks/{BANK}/doors/07", {"bank": str(BANK)}, False),
    ],
)
def test_a_wall_is_drawn_for_what_shows_on_it(type_: str, subject: str, data: dict[str, Any], different: bool) -> None:
    event = Event(UUID(int=3), UUID(int=4), type_, subject, NOW, NOW, data, 1)
    assert concerns(BANK, event) is different
