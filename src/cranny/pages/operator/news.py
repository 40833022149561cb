"""What is new in the log, and which doors of a wall it is about: pure."""

from collections.abc import Iterable, Mapping
from typing import Final
from uuid import UUID

import msgspec

from cranny.core.events import Event

UNSAID: Final = frozenset({"opening.intended", "command.taken", "command.answered"})
"""What came of it is said by the next event."""
SITE: Final = "site.changed"
"""It may be the site of any bank, and its name stands on the wall; it is rare."""
UNSEEN: Final = ("grants/", "notices/", "tokens/")
"""Subjects of which nothing shows on a wall: what they lead to is an event of its own."""


class News(msgspec.Struct, frozen=True):
    """`doors` may look different, by label. With `whole` anything may: everything is to be read."""

    doors: frozenset[str] = frozenset()
    whole: bool = False


def news(bank: UUID, places: Mapping[str, str], events: Iterable[Event]) -> News | None:
    """What of `events` may show on the wall of `bank`; None where nothing does. `places`: the label of the door behind
    which each delivery lies, by the delivery's subject. A delivery that lies behind none may still have been promised
    a place here."""
    own, doors, shows = f"banks/{bank}", set[str](), False
    for event in events:
        about = event.subject
        if event.type in UNSAID or about.startswith(UNSEEN):
            continue
        if event.type == SITE:
            return News(whole=True)
        here = event.data.get("bank") == str(bank)
        if about.startswith(f"{own}/doors/"):
            doors.add(about.removeprefix(f"{own}/doors/"))
        elif about in places:
            doors.add(places[about])
        elif here or about == own or about.startswith(f"{own}/"):
            if not about.startswith("deliveries/"):
                return News(whole=True)
        else:
            continue
        shows = True
    return News(frozenset(doors)) if shows else None
