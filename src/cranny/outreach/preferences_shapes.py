"""How somebody wants to be told, as it travels over the API."""

from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from msgspec import Meta

_CLOCK = Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]\Z", examples=["22:00"])]
Channel = Annotated[str, Meta(min_length=1, max_length=20, examples=["sms"])]

ASKED: Final[dict[str, Any]] = {
    "channels": ["sms", "email"],
    "quiet": {"from": "22:00", "to": "07:00", "zone": "Europe/Berlin"},
    "low_doors": True,
    "language": "de",
}
SHOWN: Final[dict[str, Any]] = {
    "person": "019cadc6-9a80-7c5b-b0d2-0a8f0c9d7e11",
    **ASKED,
    "consents": [{"channel": "sms", "given": True, "at": "2026-03-02T09:00:00Z", "how": "own page", "by": "persons/…"}],
    "chosen": "2026-03-02T09:00:00Z",
}
CONSENT: Final[dict[str, Any]] = {"consents": {"sms": False, "email": True}, "how": "told the desk"}
STOP: Final[dict[str, Any]] = {"channel": "sms", "address": "+4915112345678"}


class QuietHours(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"start": "from", "end": "to"}):
    """Every day from one time to the other, over midnight where that is the earlier one. `zone` is an IANA time zone;
    left out, that of the bank which a message is about."""

    start: _CLOCK
    """When it begins: hours and minutes."""
    end: _CLOCK
    """When it is over: hours and minutes."""
    zone: Annotated[str, Meta(max_length=64, examples=["Europe/Berlin"])] = ""


class PreferencesAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of it but the `language`: what is left out is as if nobody had ever said it. `channels` are the only ones
    wanted, the best first; none means any. `low_doors`: doors within seated reach, where there are any free."""

    channels: Annotated[list[Channel], Meta(max_length=10)] = []
    quiet: QuietHours | None = None
    """When nothing is to be sent; null: no such hours."""
    low_doors: bool = False
    language: Annotated[str, Meta(min_length=2, max_length=35, examples=["de"])] | None = None
    """A BCP 47 tag; left out, the one that is known stays."""


class ConsentShown(msgspec.Struct, frozen=True):
    """What they have said of one channel."""

    channel: str
    given: bool
    """Whether messages may go out by it."""
    at: datetime
    """Since when it holds."""
    how: str
    """How they said it."""
    by: str
    """Who wrote it down, as `persons/…` or `keys/…`."""


class PreferencesShown(msgspec.Struct, frozen=True):
    """A channel without a consent is used: nobody has said anything of it. `chosen` is when they last chose, or
    somebody for them."""

    person: UUID
    """The person's id."""
    channels: list[str]
    """The only ones wanted, the best first; none means any."""
    quiet: QuietHours | None
    """When nothing is sent; null: no such hours."""
    low_doors: bool
    """Whether they want doors within seated reach."""
    language: str | None
    consents: list[ConsentShown]
    """What they have said of each channel."""
    chosen: datetime | None


class ConsentAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What they say of each of these channels, and `how` they said it."""

    consents: Annotated[dict[str, bool], Meta(min_length=1, max_length=10)]
    """By channel: whether messages may go out by it."""
    how: Annotated[str, Meta(min_length=1, max_length=200, examples=["told the desk"])]


class StopAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """STOP came in by `channel` from this `address` or number."""

    channel: Channel
    address: Annotated[str, Meta(min_length=3, max_length=254, examples=["+4915112345678"])]


class Stopped(msgspec.Struct, frozen=True):
    """How many persons that is, which may be none."""

    persons: int
    """How many persons that is."""


class LinkSent(msgspec.Struct, frozen=True):
    """It is on its way to `person`, and nobody else sees it."""

    person: UUID
