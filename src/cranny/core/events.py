"""The shape of an event: CloudEvents 1.0 attributes with our data."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event about to be recorded.

    `type` is a stable name, noun and past deed (`delivery.stored`); `subject` is what it is about
    (`deliveries/<id>`), and the unit of order for reactions; `data` is plain JSON and holds ids and
    figures, never codes and never personal data. `said` is what somebody wrote in their own words (a
    reason, a reference): it may name people, so it is kept beside the log and can be erased.
    """

    type: str
    subject: str
    data: dict[str, Any] = field(default_factory=dict)
    said: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Event:
    """A recorded event. `position` is its place in the tenant's log, given after commit; it starts at 1
    and has no gaps. `time` is when it happened, `recorded` when the server wrote it."""

    id: UUID
    tenant: UUID
    type: str
    subject: str
    time: datetime
    recorded: datetime
    data: dict[str, Any]
    position: int
