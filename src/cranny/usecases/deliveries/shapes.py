"""What comes in and goes out over HTTP. Sizes in mm, weights in g, ids as UUID text, times as RFC 3339."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

import msgspec
from msgspec import Meta

from cranny.core.errors import Invalid
from cranny.usecases.deliveries.lifecycle import Delivery
from cranny.web.problems import FieldError
from cranny.wire.codes import normal_tracking
from cranny.wire.kinds import Evidence

MOST_ITEMS: Final = 20
KIND_NAME: Final = r"^[a-z][a-z0-9-]{0,31}\Z"
PARCEL: Final = "parcel"
"""The kind when none is said; it needs no row of its own."""

Millimetres = Annotated[int, Meta(ge=1, le=3000, examples=[300])]
Hours = Annotated[int, Meta(ge=1, le=24 * 365, examples=[48])]
Text = Annotated[str, Meta(max_length=200)]


class ItemAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A thing with a tracking number, and how much room it takes: `size` (a size class), or its own
    `width`, `height` and `depth` in mm."""

    tracking: Annotated[str, Meta(min_length=1, max_length=64, examples=["JD0146000089"])]
    size: Annotated[str, Meta(min_length=1, max_length=64, examples=["M"])] | None = None
    width: Millimetres | None = None
    height: Millimetres | None = None
    depth: Millimetres | None = None
    weight_g: Annotated[int, Meta(ge=0, le=1_000_000, examples=[850])] | None = None
    perishable_hours: Annotated[int, Meta(ge=1, le=24 * 365, examples=[24])] | None = None
    """It does not keep: it has to be collected within so many hours of its deposit, and is spoiled afterwards."""


class RequirementsAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the door must offer."""

    features: Annotated[Sequence[str], Meta(max_length=8, examples=[["chilled"]])] = ()
    """What the door must have, such as `chilled` or `high-security`."""
    seated: bool = False
    """Whether the door should be in reach of somebody seated."""


class RecipientAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who collects. At least an e-mail address or a phone number, or nobody could be told."""

    name: Annotated[str, Meta(max_length=200, examples=["Ada Example"])] | None = None
    email: Annotated[str, Meta(max_length=254, examples=["ada@example.org"])] | None = None
    phone: Annotated[str, Meta(max_length=32, examples=["+4915112345678"])] | None = None
    language: Annotated[str, Meta(min_length=2, max_length=35, examples=["de"])] | None = None
    """A BCP 47 tag; left out, the one that is known of this person stays, and so does one that they chose."""
    badge: Annotated[str, Meta(max_length=128, examples=["04:A1:B2:C3:D4:E5:80"])] | None = None
    """The number of a badge that opens this delivery's door too, as the bank's reader gives it. Not kept of the person:
    give it with each delivery."""


class DeliveryAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An announcement. Hours that are left out come from the kind, else from the bank's policy."""

    bank: UUID
    items: Annotated[list[ItemAsked], Meta(min_length=1, max_length=MOST_ITEMS)]
    """The things in it."""
    recipient: RecipientAsked
    requirements: RequirementsAsked = RequirementsAsked()
    sender: Text = ""
    kind: Annotated[str, Meta(pattern=KIND_NAME, examples=["parcel"])] = PARCEL
    """`parcel`, or a kind that `GET /v1/delivery-kinds` lists."""
    hold_hours: Hours | None = None
    """How long a place is kept for it."""
    collect_within_hours: Hours | None = None
    """How long it waits for its collector, from the moment the server knows that it is stored."""
    reference: Text = ""
    """The sender's own name for it, such as an order number."""


class CancelAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why it is called off; whoever looks after the bank reads it."""

    reason: Annotated[str, Meta(max_length=200, examples=["order cancelled"])] = ""


class ExtendAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """More time for its collector."""

    hours: Hours
    """How many hours more, from its deadline or from now, whichever is later."""


class ChangeAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be different from now on."""

    recipient: RecipientAsked


class RerouteAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`bank` is where it is to go through instead."""

    bank: UUID
    reason: Annotated[str, Meta(max_length=200, examples=["recipient moved"])] = ""


class KindAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A kind of delivery. Hours that are left out come from the bank's policy."""

    title: Annotated[str, Meta(min_length=1, max_length=80, examples=["Internal mail"])]
    hold_hours: Hours | None = None
    collect_hours: Hours | None = None


class KindShown(msgspec.Struct, frozen=True):
    """A kind of delivery; null hours are those of the bank's policy."""

    name: str
    """The word that a delivery's `kind` names."""
    title: str
    hold_hours: int | None
    collect_hours: int | None


class ItemShown(msgspec.Struct, frozen=True):
    """`width`, `height` and `depth` in mm are those of the thing, or of the size class that was named for it; 0 where
    nobody said."""

    id: UUID
    tracking: str
    """The number that stands on it; empty where the bank told none."""
    size: str | None
    """The name of a size class, as it was named; null where none was."""
    width: int
    height: int
    depth: int
    weight_g: int | None


class GrantsShown(msgspec.Struct, frozen=True):
    """Ids only: what they open with is behind `POST /v1/grants/{id}/reveal`, and each look is recorded. A right to
    deposit has no code, as the tracking number proves it, and what a bank made itself can't be shown."""

    deposit: UUID | None
    """For whoever puts it in."""
    collect: UUID | None
    """For its recipient."""
    recall: UUID | None
    """For staff who take it back."""


class DeliveryShown(msgspec.Struct, frozen=True):
    """`door` is where it lies or last lay; `evidence` is `sensed` when a content sensor saw it there, `inferred`
    when nobody looked inside. `reroute_to` is the bank that it goes on to once it is taken out. Without a `recipient`
    nobody had announced it. `history` is where its events are. What was too warm for too long (`climate`), or
    perishable and not collected in time (`deadline`), is `spoiled_at` that moment; `temperature` is where its log
    is."""

    id: UUID
    state: Delivery
    bank: UUID
    kind: str
    reference: str
    sender: str
    recipient: UUID | None
    items: list[ItemShown]
    """The things in it."""
    requirements: RequirementsAsked
    door: str | None
    generation: int | None
    evidence: Evidence | None
    grants: GrantsShown
    """The rights to open for it."""
    reason: str
    """Why it was called off, taken back or sent on."""
    created: datetime
    hold_until: datetime | None
    """Until when a place is kept for it; null where nobody announced it."""
    stored_at: datetime | None
    """When it was put in; null while it was not."""
    collect_by: datetime | None
    """Until when it waits for its collector; null before it is stored."""
    ended_at: datetime | None
    """When it was over; null while it is not."""
    reroute_to: UUID | None
    history: str
    perishable_hours: int | None = None
    spoiled_at: datetime | None = None
    spoiled_why: str = ""
    """`climate` or `deadline`; empty while all is well."""
    temperature: str | None = None


def flaw(path: str, message: str, *, code: str = Invalid.code) -> Invalid:
    """The error for one field of a request."""
    return Invalid(message, code=code, extra={"errors": [FieldError(path, message)]})


def check(asked: DeliveryAsked, at: str = "") -> None:
    """Raise Invalid, with the path of the first field that does not fit. `at` goes before each path."""
    check_recipient(asked.recipient, at)
    seen: set[str] = set()
    for place, item in enumerate(asked.items):
        here = f"{at}items[{place}]"
        key = normal_tracking(item.tracking)
        if not key:
            raise flaw(f"{here}.tracking", "A tracking number needs at least one letter or digit.")
        if key in seen:
            raise flaw(f"{here}.tracking", "This tracking number is here twice.")
        seen.add(key)
        _check_size(item, here)


def check_recipient(asked: RecipientAsked, at: str = "") -> None:
    """Raise Invalid when nobody could be told. `at` goes before the path."""
    if not (asked.email or asked.phone):
        raise flaw(f"{at}recipient", "Give an e-mail address or a phone number: nobody could be told otherwise.")


def _check_size(item: ItemAsked, here: str) -> None:
    sides: Mapping[str, int | None] = {"width": item.width, "height": item.height, "depth": item.depth}
    missing = [name for name, side in sides.items() if side is None]
    if item.size is not None and len(missing) < len(sides):
        raise flaw(f"{here}.size", "Give a size class or the three sides, not both.")
    if item.size is None and missing:
        wanted = "size" if len(missing) == len(sides) else missing[0]
        raise flaw(f"{here}.{wanted}", "Give a size class, or width, height and depth in mm.")
