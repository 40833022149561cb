"""Every message between a bank and the server, versioned by its subject. Encoded as MessagePack.

Up: batches of facts, heartbeats, pulls: all signed by the box. Down: numbered entries and answers, signed by the
server.
"""

from typing import Annotated, Literal, TypeVar
from uuid import UUID

import msgspec

from cranny.core.errors import Invalid
from cranny.wire.facts import Count, Quality, WallMillis
from cranny.wire.kinds import Text
from cranny.wire.sensors import Measure
from cranny.wire.summed import Level

M = TypeVar("M")
BATCH_MOST = 200
"""Facts in one batch, which one bank's trouble can hold up; with their bytes it must also stay below the broker's
largest message (1 MiB)."""


class Message(msgspec.Struct, frozen=True, omit_defaults=True):
    """A message; unknown fields of a newer sender are passed over."""


# ---------------------------------------------------------------- up


class FactBatch(Message, frozen=True):
    """`facts` are stored bytes, contiguous from `first`; `beside` holds each fact's personal fields, as
    MessagePack, or None. `applied` is the last downlink entry that the bank holds. (`boot`, `mono_ms`) is when
    the batch was made, by the clock that the facts of that boot count on: from it the server works out when
    something happened while the wall clock was in doubt."""

    tenant: UUID
    bank: UUID
    epoch: Count
    first: Count
    facts: Annotated[list[bytes], msgspec.Meta(max_length=BATCH_MOST)]
    beside: Annotated[list[bytes | None], msgspec.Meta(max_length=BATCH_MOST)]
    applied: Count
    boot: UUID | None = None
    mono_ms: Count = 0


class FactAck(Message, frozen=True):
    """Sent after the server's commit. Everything up to `seq` of `epoch` is safe. `forked` means that what
    the bank sent contradicts what the server holds: it must not go on in this epoch."""

    epoch: int
    seq: int
    forked: bool = False
    refused: str = ""
    """Why nothing was taken (a bad signature, a foreign bank); empty when all is well."""


class Beat(Message, frozen=True):
    """A heartbeat. `token` is fresh and random: a command must quote a recent one."""

    boot: UUID
    epoch: Count
    head: Count
    acked: Count
    applied: Count
    token: Annotated[bytes, msgspec.Meta(min_length=16, max_length=64)]
    wall_ms: WallMillis
    clock_quality: Quality
    version: Text
    free: Count
    """Doors that could take a deposit now."""
    mono_ms: Count = 0
    """How old this boot is, by the bank's own clock: what the token's age is counted on."""
    readings: Annotated[dict[str, Level | None], msgspec.Meta(max_length=256)] = {}
    """What each sensor shows now, by channel, in hundredths; None when it shows nothing. Not kept."""


class Pull(Message, frozen=True):
    """Asks for the entries after `applied`, whose tag was `tag`."""

    applied: Count
    tag: Count = 0


# ---------------------------------------------------------------- down


class CompartmentGiven(Message, frozen=True):
    """Inner size and centre height in mm; the board's address is (unit, channel); `tower` is the column it
    stands in, counted from 0 at the left as one sees the front. This is all that a drawing of the wall needs."""

    label: str
    width: int
    height: int
    depth: int
    centre: int
    features: list[str]
    unit: int
    channel: int
    tower: int = 0


class ScreenGiven(Message, frozen=True):
    """Where the kiosk's panel is: from `bottom` to `top`, mm above the floor. `tower` is the tower it is built
    into; with `own` it has a column of its own instead, with so many towers to its left."""

    tower: int
    bottom: int
    top: int
    own: bool


class ChannelGiven(Message, frozen=True):
    """One sensor: what it measures, which file of `edge/sensors` reads it and where. `doors` are concerned by it, none
    when it is about the whole bank. `low` and `high` are limits of its own, in hundredths; else the policy's count."""

    name: str
    measure: Measure
    source: str
    address: str
    doors: list[str] = []
    every_s: int = 30
    low: int | None = None
    high: int | None = None


class Layout(Message, frozen=True, tag="layout"):
    """`screen` is None where the front has none."""

    name: str
    timezone: str
    compartments: list[CompartmentGiven]
    screen: ScreenGiven | None = None
    sensors: list[ChannelGiven] = []


class Policy(Message, frozen=True, tag="policy"):
    """What a bank may do by itself. Times in seconds, never scaled; but those of the climate pass as goods age, on the
    wall clock. Temperatures in hundredths of a degree Celsius."""

    unknown_tracking: Literal["accept", "refuse"] = "refuse"
    unknown_per_day: int = 50
    unknown_offline_h: int = 72
    own_storage: bool = False
    visit_idle_s: int = 90
    open_wait_s: int = 3
    beep_after_s: int = 60
    unsecured_after_s: int = 180
    left_open_after_s: int = 600
    reopen_within_s: int = 300
    reopen_times: int = 3
    chilled_from: int = 0
    chilled_to: int = 800
    frozen_to: int = -1800
    climate_delay_s: int = 600
    spoils_after_s: int = 3600
    badges: bool = True
    """Whether a badge opens anything. A plain one can be copied."""


class ItemGiven(Message, frozen=True):
    """`tracking` is the bank's digest of the tracking number; sizes in mm, 0 where nobody said."""

    item: UUID
    tracking: bytes
    width: int
    height: int
    depth: int


class DeliveryGiven(Message, frozen=True, tag="delivery"):
    """A delivery that may be deposited here. `collector` is a digest: equal for one person at one bank."""

    delivery: UUID
    deposit_grant: UUID
    collect_grant: UUID
    collector: bytes
    items: list[ItemGiven]
    features: list[str]
    seated: bool


class DeliveryWithdrawn(Message, frozen=True, tag="withdraw"):
    """It may not be deposited any more."""

    delivery: UUID


class GrantGiven(Message, frozen=True, tag="grant"):
    """The verifiers of a grant. A recall or inspect grant comes bound to (door, generation); a collect
    grant is bound by the bank itself at the deposit."""

    grant: UUID
    purpose: Literal["collect", "recall", "inspect"]
    delivery: UUID | None
    locator: int
    salt: bytes
    code_verifier: bytes
    qr_verifier: bytes
    door: str = ""
    generation: int = 0
    badge_verifier: bytes = b""


class BadgeGiven(Message, frozen=True, tag="badge"):
    """The badge that opens a grant from now on, instead of any before; empty when none does any more."""

    grant: UUID
    badge_verifier: bytes


class GrantRevoked(Message, frozen=True, tag="revoke"):
    grant: UUID


class Renewed(Message, frozen=True, tag="renew"):
    """What follows is all that is right and known, for a bank that begins `epoch` with an empty copy; such a bank
    takes nothing before it. A bank that holds entries passes over it: what follows changes nothing for it."""

    epoch: int


class PlaceGiven(Message, frozen=True, tag="place"):
    """What the bank itself said of a door before it lost its memory, given back to an empty copy: `deliveries` were put
    behind it under `generation`, and collect grant `grant` opens it. Whether they still lie there, a person has to
    look."""

    door: str
    generation: int
    grant: UUID | None
    collector: bytes
    deliveries: list[UUID]


Given = (
    Layout | Policy | DeliveryGiven | DeliveryWithdrawn | GrantGiven | BadgeGiven | GrantRevoked | Renewed | PlaceGiven
)


class Entry(Message, frozen=True):
    """One numbered right. `seq` starts at 1 and has no gaps. `tag` is drawn anew whenever something is given: a server
    that was restored from a backup gives the same numbers once more, and never with the same tags."""

    seq: int
    given: Given
    tag: int = 0


class Downlink(Message, frozen=True):
    """Entries in order for one bank, and the highest number there is. Travels inside a signed envelope."""

    tenant: UUID
    bank: UUID
    entries: list[Entry]
    head: int


def pack(message: msgspec.Struct) -> bytes:
    """MessagePack."""
    return msgspec.msgpack.encode(message)


def unpack(payload: bytes, kind: type[M]) -> M:
    """A message of `kind`. Raises Invalid, code `message-unreadable`, on anything else."""
    try:
        return msgspec.msgpack.decode(payload, type=kind)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise Invalid(f"This is no {kind.__name__}: {error}", code="message-unreadable") from error
