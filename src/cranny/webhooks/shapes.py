"""What goes in and out over HTTP."""

from datetime import datetime
from typing import Annotated, Any, Final, TypeAlias
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from cranny.webhooks.lifecycle import Endpoint, Message
from cranny.webhooks.tables import AttemptRow, EndpointRow, MessageRow
from cranny.webhooks.trying import TRIP

Url: TypeAlias = Annotated[str, Meta(min_length=10, max_length=2000)]
Pattern: TypeAlias = Annotated[str, Meta(max_length=100, pattern=r"^[a-z][a-z_]*\.([a-z][a-z_]*|\*)\Z")]
Types: TypeAlias = Annotated[list[Pattern], Meta(max_length=50)]
Description: TypeAlias = Annotated[str, Meta(max_length=200)]

_ENDPOINT: Final = "019cadc6-9a80-7ad4-9d0e-2f5f6b1c5a10"
_MESSAGE: Final = "019cadc6-9a80-7ad4-9d0e-2f5f6b1c5a77"
ASKED: Final[dict[str, Any]] = {
    "url": "https://shop.example/hooks/cranny",
    "types": ["delivery.*", "grant.activated"],
    "description": "Orders",
}
SHOWN: Final[dict[str, Any]] = {
    "id": _ENDPOINT,
    **ASKED,
    "state": "on",
    "health": "well",
    "failures": 0,
    "open_until": None,
    "old_secret_until": None,
    "created": "2026-03-02T09:00:00Z",
}
MADE: Final[dict[str, Any]] = {**SHOWN, "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwJ0rIY9…"}
MESSAGE: Final[dict[str, Any]] = {
    "id": _MESSAGE,
    "endpoint": _ENDPOINT,
    "event": "019cadc6-9a80-7b3c-8a31-70e1ab9c0b11",
    "type": "delivery.stored",
    "subject": "deliveries/019cadc6-9a80-7de4-9145-27ff8431312a",
    "position": 4711,
    "state": "delivered",
    "tries": 2,
    "next_at": None,
    "give_up_at": "2026-03-05T09:00:00Z",
    "created": "2026-03-02T09:00:00Z",
    "done_at": "2026-03-02T09:00:06Z",
}
MESSAGE_IN_FULL: Final[dict[str, Any]] = {
    **MESSAGE,
    "attempts": [
        {
            "number": 1,
            "at": "2026-03-02T09:00:00Z",
            "status": 503,
            "ms": 12,
            "answer": "later",
            "error": "not-accepted",
        },
        {"number": 2, "at": "2026-03-02T09:00:06Z", "status": 204, "ms": 31, "answer": "", "error": ""},
    ],
}


class EndpointAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`types` are event types, or `delivery.*` for all that begin so; none of them means every event
    but those of the audit trail (`audit.*`), which have to be asked for."""

    url: Url
    types: Types = []
    description: Description = ""


class EndpointChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is left out stays."""

    url: Url | UnsetType = UNSET
    types: Types | UnsetType = UNSET
    description: Description | UnsetType = UNSET


class RotateAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """For so many hours messages are signed with both secrets; 0: the old one ends at once."""

    overlap_hours: Annotated[int, Meta(ge=0, le=168)] = 24
    """For how many hours both secrets sign."""


class EndpointShown(msgspec.Struct, frozen=True):
    """`health` is `failing` after five failed tries in a row; nothing is sent until `open_until` then, and one message
    after it. Until `old_secret_until` messages are signed with two secrets."""

    id: UUID
    url: str
    types: list[str]
    description: str
    state: Endpoint
    health: str
    failures: int
    open_until: datetime | None
    old_secret_until: datetime | None
    created: datetime


class EndpointMade(EndpointShown, frozen=True, kw_only=True):
    """With its newest secret: this is the only time it can be read."""

    secret: str
    """What messages are signed with, as Standard Webhooks have it: `whsec_…`."""

    def __repr__(self) -> str:
        """Without the secret, wherever it is printed."""
        return f"EndpointMade({self.id})"


class MessageShown(msgspec.Struct, frozen=True):
    """`event` is the webhook's id, the same in every try. `position` is the event's place in the log, 0 for a test.
    `next_at` is when it is tried next at the earliest, null when it is over."""

    id: UUID
    endpoint: UUID
    event: UUID
    type: str
    """A type of docs/events.md, or `webhook.test`."""
    subject: str
    position: int
    state: Message
    tries: int
    next_at: datetime | None
    give_up_at: datetime
    created: datetime
    done_at: datetime | None


class AttemptShown(msgspec.Struct, frozen=True):
    """`status` is null when there was no answer, and `error` says why; `answer` is how its body began."""

    number: int
    """Which try it was, counted from 1."""
    at: datetime
    status: int | None
    ms: int
    """How long it took, in milliseconds."""
    answer: str
    error: str


class MessageInFull(MessageShown, frozen=True, kw_only=True):
    """With every try."""

    attempts: list[AttemptShown]
    """Every try."""


def endpoint(row: EndpointRow) -> EndpointShown:
    return EndpointShown(
        id=row.id,
        url=row.url,
        types=row.types,
        description=row.description,
        state=row.state,
        health="failing" if row.failures >= TRIP else "well",
        failures=row.failures,
        open_until=row.open_until,
        old_secret_until=row.old_until,
        created=row.created,
    )


def message(row: MessageRow) -> MessageShown:
    return MessageShown(
        id=row.id,
        endpoint=row.endpoint,
        event=row.event,
        type=row.type,
        subject=row.subject,
        position=row.position,
        state=row.state,
        tries=row.tries,
        next_at=row.next_at if row.state is Message.WAITING else None,
        give_up_at=row.give_up_at,
        created=row.created,
        done_at=row.done_at,
    )


def attempt(row: AttemptRow) -> AttemptShown:
    return AttemptShown(row.number, row.at, row.status, row.ms, row.answer, row.error)
