"""What a batch of facts comes to: plain values between the pure rules and whatever store writes them.

What there is one of for each fact is a struct: it is made four times as fast as a data class.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from cranny.core.events import NewEvent
from cranny.fleet.lifecycle import BankTrigger
from cranny.fleet.rules import Cursor, Link
from cranny.wire.summed import Summed


class Breach(Exception):
    """A change that can't be: it breaks a rule of the store, such as one live occupancy per door. Nothing of it
    was written."""


class FactRow(msgspec.Struct, frozen=True):
    """A fact to keep. `kind` is empty when the bytes can't be read; `projected` tells whether the rest of the
    change holds what it means."""

    link: Link
    kind: str
    projected: bool


class Started(msgspec.Struct, frozen=True):
    """A deposit: (door, generation) now holds `deliveries`, besides what it held under this generation before."""

    door: str
    generation: int
    deliveries: tuple[UUID, ...]
    grant: UUID | None
    at: datetime


class Ended(msgspec.Struct, frozen=True):
    """A collection: nothing is in (door, generation) any more. A second one, of a door that was opened once more
    with the same credential, changes nothing."""

    door: str
    generation: int
    at: datetime


class Told(msgspec.Struct, frozen=True):
    """An event, and when it happened."""

    event: NewEvent
    at: datetime


class Measured(msgspec.Struct, frozen=True):
    """A window of measurements, at the place of the fact that told it."""

    epoch: int
    seq: int
    start: datetime
    ended: datetime
    doubtful: bool
    channels: list[Summed]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that contradicts a right, a rule or an expectation: to be listed until somebody settles it.
    The same (bank, kind, subject) found again while it is open counts up and makes no second one."""

    bank: UUID
    kind: str
    subject: str
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Change:
    """What to write for one bank."""

    bank: UUID
    cursor: Cursor
    head_time: datetime | None
    """When the newest fact happened; None leaves what the store holds."""
    rows: tuple[FactRow, ...] = ()
    told: tuple[Told, ...] = ()
    doors: tuple[Started | Ended, ...] = ()
    """In the order in which they happened, which the store keeps per door."""
    blocked: Mapping[str, str | None] = field(default_factory=dict)
    """By door, the last word: why it leaves the pool, None when it comes back."""
    findings: tuple[Finding, ...] = ()
    measured: tuple[Measured, ...] = ()
    trigger: BankTrigger | None = None
    """What it means for the bank's own state."""
    renew: int = 0
    """The epoch whose bank gets all its rights anew; 0 for none."""
    lift_downlink: int = 0
    """The bank holds entries up to here, though the server has fewer: it lost some (`renewal.realign`)."""
