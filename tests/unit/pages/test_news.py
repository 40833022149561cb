"""Which doors of a wall are read anew for what is new in the log."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from cranny.core.events import Event
from cranny.pages.operator.news import News, news

NOW = datetime(2026, 1, 1, tzinfo=UTC)
BANK, OTHER = UUID(int=1), UUID(int=2)
PLACES = {"deliveries/1": "07"}
HERE: dict[str, Any] = {"bank": str(BANK)}
WHOLE = News(whole=True)


def event(type_: str, subject: str, data: dict[str, Any]) -> Event:
    return Event(UUID(int=3), UUID(int=4), type_, subject, NOW, NOW, data, 1)


def only(*labels: str) -> News:
    return News(frozenset(labels))


@pytest.mark.parametrize(
    ("type_", "subject", "data", "found"),
    [
        ("door.opened", f"banks/{BANK}/doors/07", HERE, only("07")),
        # Odd labels are labels.
        ("door.opened", f"banks/{BANK}/doors/A/doors/7", HERE, only("A/doors/7")),
        ("bank.offline", f"banks/{BANK}", {}, WHOLE),
        ("alarm.raised", "alarms/1", HERE, WHOLE),
        ("anomaly.found", "anomalies/1", HERE, WHOLE),
        ("command.asked", "commands/1", HERE, WHOLE),
        # Nothing lies here of it yet, but a place is promised.
        ("delivery.announced", "deliveries/2", HERE, only()),
        # These events do not name the bank; what they are about lies behind a door that is shown.
        ("delivery.extended", "deliveries/1", {"hours": 24}, only("07")),
        ("delivery.recalled", "deliveries/1", {"reason": "called back"}, only("07")),
        ("delivery.extended", "deliveries/2", {"hours": 24}, None),
        ("door.opened", f"banks/{OTHER}/doors/07", {"bank": str(OTHER)}, None),
        ("delivery.announced", "deliveries/2", {"bank": str(OTHER)}, None),
        ("bank.changed", f"banks/{BANK}", HERE, WHOLE),
        ("bank.changed", f"banks/{OTHER}", {"bank": str(OTHER)}, None),
        # Its name stands on the walls of its banks.
        ("site.changed", f"sites/{UUID(int=5)}", {"name": "Central station"}, WHOLE),
        # A bank whose id begins like this one's is another.
        ("bank.offline", f"banks/{BANK}0", {}, None),
        # Nothing shows of it: a wall drawn for it would only be late for the door that opens next.
        ("opening.intended", f"banks/{BANK}/doors/07", HERE, None),
        ("grant.used", "grants/1", HERE, None),
        ("notice.sent", "notices/1", HERE, None),
    ],
)
def test_a_wall_is_drawn_for_what_shows_on_it(
    type_: str, subject: str, data: dict[str, Any], found: News | None
) -> None:
    assert news(BANK, PLACES, [event(type_, subject, data)]) == found


def test_the_doors_of_many_events_are_read_together_and_one_about_the_bank_asks_for_all() -> None:
    moved = [event("door.opened", f"banks/{BANK}/doors/{n}", HERE) for n in ("01", "02", "01")]
    foreign = event("door.opened", f"banks/{OTHER}/doors/03", {})
    assert news(BANK, PLACES, [*moved, foreign]) == only("01", "02")
    assert news(BANK, PLACES, [*moved, event("bank.online", f"banks/{BANK}", {})]) == WHOLE
    assert news(BANK, PLACES, []) is None
