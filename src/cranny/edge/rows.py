"""What a bank remembers, row by row: the same structs in memory and in the journal.

Rows are never changed in place: a transaction writes new ones (`Journal.commit`), to the disk first.
"""

from typing import Literal
from uuid import UUID

import msgspec

from cranny.edge import lifecycle
from cranny.wire.commands import Action
from cranny.wire.kinds import Purpose
from cranny.wire.messages import ItemGiven

Credential = Literal["code", "qr", "tracking", "reopen", "command", "token", "badge", "own", "inventory"]


class Row(msgspec.Struct, frozen=True):
    """Fields are columns, in the same order; the first ones are the key (`schema`)."""


class Mark(Row, frozen=True):
    """How far the bank is. `seq` and `head` are the number and hash of the last fact of `epoch`; the server holds
    all up to `acked`; `applied` is the last downlink entry; `wall_ms` is the latest time that any fact bears."""

    id: int
    tenant: UUID
    bank: UUID
    epoch: int
    seq: int
    head: bytes
    acked: int
    applied: int
    wall_ms: int


class Past(Row, frozen=True):
    """An epoch that was given up: its last fact, and that one's hash."""

    epoch: int
    seq: int
    head: bytes


class Setting(Row, frozen=True):
    """`body` is the MessagePack of the last Layout or Policy given; of when the bank was in step with the server; of
    what it took in by itself (`allowance`); of the tag of the last downlink entry; of where the next carried file
    begins (`mule`); or says that the disk is full, and is empty when it is not."""

    name: Literal["layout", "policy", "in_step", "unknown", "disk", "tag", "begin"]
    body: bytes


class Compartment(Row, frozen=True):
    """`generation` is the last one given out here; `blocked` says why the door is out of the pool, or is empty."""

    label: str
    generation: int = 0
    openings: int = 0
    blocked: str = ""


class Occupancy(Row, frozen=True):
    """`grant` is the collect grant that opens it. `visit` is the one in which it was stored."""

    label: str
    generation: int
    grant: UUID | None
    collector: bytes
    visit: UUID
    deliveries: list[UUID]
    ended: bool = False


class Delivery(Row, frozen=True):
    """`collector` is empty for a delivery nobody announced."""

    delivery: UUID
    state: lifecycle.Delivery
    deposit_grant: UUID | None
    collect_grant: UUID | None
    collector: bytes
    items: list[ItemGiven]
    features: list[str]
    seated: bool

    @property
    def announced(self) -> bool:
        return bool(self.collector)


class Grant(Row, frozen=True):
    """`door` is empty where the bank binds it by itself (`Occupancy.grant`). The verifiers are erased when the
    grant ends. `tries` counts wrong codes in a row."""

    grant: UUID
    state: lifecycle.Grant
    purpose: Literal["collect", "recall", "inspect"]
    locator: int
    salt: bytes
    code_verifier: bytes
    qr_verifier: bytes
    door: str
    generation: int
    tries: int = 0
    code_off: bool = False


class Again(Row, frozen=True):
    """The door of a grant that was used opens `times` more for the same credential, until `until_ms` of the edge's
    time, as long as (door, generation) is nobody else's. The verifiers are the grant's own; they go with the last
    time."""

    grant: UUID
    purpose: Literal["collect", "recall", "inspect"]
    locator: int
    salt: bytes
    code_verifier: bytes
    qr_verifier: bytes
    door: str
    generation: int
    until_ms: int
    times: int

    def as_grant(self) -> Grant:
        """As it was when it ended."""
        return Grant(
            grant=self.grant,
            state=lifecycle.Grant.USED,
            purpose=self.purpose,
            locator=self.locator,
            salt=self.salt,
            code_verifier=self.code_verifier,
            qr_verifier=self.qr_verifier,
            door=self.door,
            generation=self.generation,
        )


class Pad(Row, frozen=True):
    """How slow the keypad is (`Keypad.steps`): a power cut makes it no quicker."""

    id: int
    steps: int


class Badge(Row, frozen=True):
    """What is kept of the badge that opens a live grant; nothing when none does. It goes with the grant."""

    grant: UUID
    verifier: bytes


class Opening(Row, frozen=True):
    """`deliveries` are those that are meant to be stored by it; `visit` is set for a deposit. `seen_open`: a
    sensor saw it. `overdue`: it stood open for longer than the policy allows."""

    opening: UUID
    door: str
    generation: int
    purpose: Purpose
    grant: UUID | None
    credential: Credential
    deliveries: list[UUID]
    visit: UUID | None
    state: lifecycle.Opening
    attempt: int = 1
    seen_open: bool = False
    overdue: bool = False


class Inventory(Row, frozen=True):
    """A guided look behind every door. `done` are the doors dealt with; `door` is the one being looked at, by `opening`
    (None once it is shut), and `answer` what was said of it so far."""

    inventory: UUID
    grant: UUID | None
    command: UUID | None
    done: list[str]
    opening: UUID | None = None
    door: str = ""
    answer: Literal["", "there", "not_there", "other"] = ""
    ended: bool = False


class Command(Row, frozen=True):
    """A command that was believed: it is never obeyed again. `left` are its doors whose result is not known yet,
    `doors` those that were seen open, `reason` why the last of the others was not."""

    command: UUID
    action: Action
    state: lifecycle.Command
    by: str
    left: int
    doors: list[str]
    reason: str = ""


class Order(Row, frozen=True):
    """`opening` was asked for by `command`; `told` when its result is known."""

    opening: UUID
    command: UUID
    told: bool = False


class UsedToken(Row, frozen=True):
    """A signed token that was used: never again. `expires` is its own, seconds since 1970 UTC."""

    token_id: UUID
    expires: int


class Tracking(Row, frozen=True):
    """The tracking number of a delivery nobody announced, in clear, until it travels beside the fact. Empty
    when it has gone."""

    delivery: UUID
    text: str


class GivenMeanwhile(Row, frozen=True):
    """The MessagePack of the DeliveryGiven that came while a door stood open for this delivery: it counts when the
    delivery was not put in after all. Empty when it has been settled."""

    delivery: UUID
    given: bytes


class Sensing(Row, frozen=True):
    """Where the sensors are: `body` is the MessagePack of `sensing.kept.Kept`."""

    id: int
    body: bytes


class Warmth(Row, frozen=True):
    """How long, in milliseconds of goods' time, what lies in (label, generation) was beyond its limits; `worst` is the
    value that was furthest away, in hundredths. `spoiled`: it was too long, and is told."""

    label: str
    generation: int
    warm_ms: int = 0
    worst: int | None = None
    spoiled: bool = False
