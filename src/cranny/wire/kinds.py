"""The kinds of fact and their bodies. A kind's name is also the type of the event that the server makes of it.

Doors are named by their label, unique in a bank for ever. `generation` is the occupancy's number at that door.
A body holds ids, labels and figures, never codes and never personal data.
"""

from typing import Annotated, Any, Final, Literal
from uuid import UUID

import msgspec

from cranny.core.errors import Invalid
from cranny.wire.facts import Count
from cranny.wire.sensors import Measure, Trouble
from cranny.wire.summed import Label, Level, Summed

Text = Annotated[str, msgspec.Meta(max_length=200, pattern=r"^[^\x00]*\Z")]
Deliveries = Annotated[list[UUID], msgspec.Meta(max_length=256)]
Labels = Annotated[list[Label], msgspec.Meta(max_length=1000)]
Purpose = Literal["deposit", "collect", "recall", "inspect"]
Found = Literal["there", "not_there", "other"]
"""What somebody saw behind a door: what should lie there, nothing, or something else (as well)."""
Evidence = Literal["sensed", "inferred"]
"""`sensed`: a content sensor saw it. `inferred`: the door was opened and shut, nobody looked inside."""


class Body(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What every body has in common: it says no more than its fields."""


class BankStarted(Body, frozen=True):
    """The controller is up. `applied` is the last downlink entry it holds."""

    version: Text
    applied: Count


class DiskFilled(Body, frozen=True):
    """The disk is full: deposits pause."""


class DiskFreed(Body, frozen=True):
    """There is room again."""


class EpochBegan(Body, frozen=True):
    """The first fact of an epoch that follows another one on this box: the log of epoch `before` ended with fact `seq`,
    as far as it knew; the server holds another history."""

    before: Count
    seq: Count


class OpeningIntended(Body, frozen=True):
    """Written and synced before the pulse: the record that an opening will be tried."""

    opening: UUID
    door: Label
    generation: Count
    purpose: Purpose
    grant: UUID | None
    credential: Literal["code", "qr", "tracking", "reopen", "command", "token", "badge", "own", "inventory"]
    attempt: Count = 1
    command: UUID | None = None
    """The command that asked for it: from this record on it is never obeyed again."""
    token_id: UUID | None = None
    """The signed token that was shown, where no grant was needed."""


class DoorOpened(Body, frozen=True):
    opening: UUID
    door: Label
    generation: Count


class DoorNotOpened(Body, frozen=True):
    """All tries were spent; the grant is not used. The door leaves the free pool."""

    opening: UUID
    door: Label
    generation: Count
    reason: Text


class OpeningUnknown(Body, frozen=True):
    """The controller stopped between pulse and result; `door_open` is what the sensor says now."""

    opening: UUID
    door: Label
    generation: Count
    door_open: bool


class DoorShut(Body, frozen=True):
    """`opening` is None when the door had been forced."""

    opening: UUID | None
    door: Label
    generation: Count


class DoorUnsecured(Body, frozen=True):
    """Open for longer than the bank's policy allows."""

    opening: UUID | None
    door: Label


class DoorLeftOpen(Body, frozen=True):
    """Open for `for_s` seconds: somebody has to go there and shut it."""

    opening: UUID | None
    door: Label
    for_s: Count


class DoorForced(Body, frozen=True):
    """The sensor says open and no opening was intended."""

    door: Label


class DoorBlocked(Body, frozen=True):
    """Out of the free pool until a person has looked."""

    door: Label
    reason: Text


class DoorCleared(Body, frozen=True):
    """A person has looked: back in the free pool. `opening` is the inspection, None when it was settled
    without one."""

    opening: UUID | None
    door: Label


class DepositStored(Body, frozen=True):
    """Shut after a deposit. `grant` is the collect grant that now opens (door, generation); `superseded` are
    the collect grants of further deliveries of the same collector that it stands for."""

    opening: UUID
    door: Label
    generation: Count
    deliveries: Deliveries
    grant: UUID | None
    evidence: Evidence
    superseded: Deliveries = []
    unannounced: Deliveries = []
    """Those of `deliveries` whose id was made at the bank because nobody had announced them."""
    minted: bool = False
    """The bank made the code of `grant` itself and showed it to whoever stored something of their own."""


class DepositAbandoned(Body, frozen=True):
    """The door was opened for a deposit and nothing stayed in it."""

    opening: UUID
    door: Label
    generation: Count
    deliveries: Deliveries
    reason: Literal["too-small", "not-opened", "withdrawn", "empty", "unsecured", "unknown"]


class DepositNoRoom(Body, frozen=True):
    """An announced delivery stood before the bank, and no free door was right for it. `free` doors were free at all."""

    delivery: UUID
    free: Count = 0


class DepositPaused(Body, frozen=True):
    """The bank takes in no more of what nobody announced: `count` were enough for a day, or it has been out of step
    with the server for too long."""

    reason: Literal["budget", "offline"]
    count: Count


class CollectFinished(Body, frozen=True):
    """Shut after a collect, recall or inspect opening that ended the occupancy."""

    opening: UUID
    door: Label
    generation: Count
    purpose: Purpose
    grant: UUID | None
    deliveries: Deliveries
    evidence: Evidence


class CollectLeft(Body, frozen=True):
    """Shut, and the content sensor still sees something: nothing was collected, the grant still opens."""

    opening: UUID
    door: Label
    generation: Count
    grant: UUID | None
    deliveries: Deliveries


class InventoryBegan(Body, frozen=True):
    """Somebody goes from door to door, by an inspection `grant` or a `command`."""

    inventory: UUID
    grant: UUID | None
    command: UUID | None
    doors: Count


class DoorCounted(Body, frozen=True):
    """What a person saw. `deliveries` are those that should lie there under `generation`; `sensed` is what the content
    sensor said, None where there is none. Where it agrees, `not_there` ends what was believed to lie there."""

    inventory: UUID
    opening: UUID | None
    door: Label
    generation: Count
    found: Found
    deliveries: Deliveries
    sensed: bool | None


class InventoryEnded(Body, frozen=True):
    inventory: UUID
    looked: Count
    left: Count


class GrantRefused(Body, frozen=True):
    """The server gave `grant`, and it opens nothing here: it had `ended` by the server's own word, or its `locator` is
    that of another live grant. Only a server that was restored from a backup does not know that."""

    grant: UUID
    reason: Literal["ended", "locator"]


class CodeExhausted(Body, frozen=True):
    """Too many wrong tries: the code of this grant is off, its QR still works."""

    grant: UUID
    tries: Count


class KeypadSlowed(Body, frozen=True):
    """The keypad makes everybody wait `delay_ms` after wrong tries."""

    delay_ms: Count


class CommandTaken(Body, frozen=True):
    """Obeyed from now on, where that takes longer than one opening: a restart, or every door."""

    command: UUID
    action: Text
    by: Text


class CommandAnswered(Body, frozen=True):
    """What became of a command that this bank's server signed; told once for each. `doors` were seen open; `reason`
    (`commands.Refusal`) says why it was refused; `by` who asked."""

    command: UUID
    action: Text
    outcome: Literal["executed", "refused"]
    by: Text
    reason: Text = ""
    doors: Annotated[list[Label], msgspec.Meta(max_length=1000)] = []


class SensorAlarmed(Body, frozen=True):
    """A value was beyond `limit` for longer than it may be, or a sensor said nothing for as long. `value` is the worst
    so far, in hundredths, None when nothing is known. `for_s`: how long it has lasted. `doors` are concerned."""

    alarm: UUID
    channel: Label
    measure: Measure
    trouble: Trouble
    value: Level | None
    limit: Level | None
    for_s: Count
    doors: Labels = []


class SensorRecovered(Body, frozen=True):
    """The alarm is over. `worst` is the worst value while it lasted. `cause`: the value came back, the sensor is not
    there any more, or its limits have changed."""

    alarm: UUID
    channel: Label
    measure: Measure
    trouble: Trouble
    worst: Level | None
    for_s: Count
    cause: Literal["back", "removed"] = "back"
    doors: Labels = []


class GoodsSpoiled(Body, frozen=True):
    """What lies behind this door was beyond its limits for too long, all in all. Told once for a generation."""

    door: Label
    generation: Count
    deliveries: Deliveries
    channel: Label
    warm_s: Count
    worst: Level | None


class TelemetrySummed(Body, frozen=True):
    """All channels over one window of `span_ms`, which ended `age_ms` before this fact. `doubtful`: the bank stopped
    meanwhile and its clock can't tell how long that was. No event is made of it."""

    age_ms: Count
    span_ms: Count
    channels: Annotated[list[Summed], msgspec.Meta(max_length=256)]
    doubtful: bool = False


class DoorTried(Body, frozen=True):
    """Written before the pulse of a commissioning: the line meant for `door` is released. Another door may open."""

    trial: UUID
    door: Label
    unit: Count
    channel: Count


class DoorExamined(Body, frozen=True):
    """What came of it. `opened` is the door that the person saw open, None for none; `sensed`: a contact moved."""

    trial: UUID
    door: Label
    opened: Label | None
    sensed: bool
    trouble: Text = ""


KINDS: Final[dict[str, type[Body]]] = {
    "bank.started": BankStarted,
    "epoch.began": EpochBegan,
    "disk.filled": DiskFilled,
    "disk.freed": DiskFreed,
    "opening.intended": OpeningIntended,
    "opening.unknown": OpeningUnknown,
    "door.opened": DoorOpened,
    "door.not_opened": DoorNotOpened,
    "door.shut": DoorShut,
    "door.unsecured": DoorUnsecured,
    "door.left_open": DoorLeftOpen,
    "door.forced": DoorForced,
    "door.blocked": DoorBlocked,
    "door.cleared": DoorCleared,
    "deposit.stored": DepositStored,
    "deposit.abandoned": DepositAbandoned,
    "deposit.no_room": DepositNoRoom,
    "deposit.paused": DepositPaused,
    "collect.finished": CollectFinished,
    "collect.left": CollectLeft,
    "inventory.began": InventoryBegan,
    "door.counted": DoorCounted,
    "inventory.ended": InventoryEnded,
    "grant.refused": GrantRefused,
    "code.exhausted": CodeExhausted,
    "keypad.slowed": KeypadSlowed,
    "command.taken": CommandTaken,
    "command.answered": CommandAnswered,
    "door.tried": DoorTried,
    "door.examined": DoorExamined,
    "sensor.alarmed": SensorAlarmed,
    "sensor.recovered": SensorRecovered,
    "goods.spoiled": GoodsSpoiled,
    "telemetry.summed": TelemetrySummed,
}
NAMES: Final[dict[type[Body], str]] = {body: name for name, body in KINDS.items()}


def pack(body: Body) -> dict[str, Any]:
    """A body as plain values for CBOR (ids stay UUIDs)."""
    packed: dict[str, Any] = msgspec.to_builtins(body, builtin_types=(UUID, bytes))
    return packed


def unpack(kind: str, body: dict[str, Any]) -> Body | None:
    """The typed body; None when the kind is not known here. Raises Invalid, code `fact-body-invalid`."""
    known = KINDS.get(kind)
    if known is None:
        return None
    try:
        return msgspec.convert(body, known, builtin_types=(UUID, bytes))
    except msgspec.ValidationError as error:
        raise Invalid(f"A {kind} fact has a body that can't be read: {error}", code="fact-body-invalid") from error
