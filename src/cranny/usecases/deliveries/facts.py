"""What deliveries needs of the facts that banks report, read from the log's events."""

from uuid import UUID

import msgspec

from cranny.wire.kinds import Evidence, Purpose


class Deposited(msgspec.Struct, frozen=True):
    """Of a `deposit.stored`. (`epoch`, `seq`) is its place in the bank's log; `unannounced` are those of
    `deliveries` whose id the bank made."""

    bank: UUID
    door: str
    generation: int
    deliveries: list[UUID]
    grant: UUID | None
    evidence: Evidence
    epoch: int
    seq: int
    unannounced: list[UUID] = []
    minted: bool = False
    """Whoever stands there stored it for themselves: `grant` is the bank's own."""


class NoRoom(msgspec.Struct, frozen=True):
    """Of a `deposit.no_room`."""

    bank: UUID
    delivery: UUID
    free: int = 0


class Refused(msgspec.Struct, frozen=True):
    """Of a `grant.refused`."""

    bank: UUID
    grant: UUID


class Spoiled(msgspec.Struct, frozen=True):
    """Of a `goods.spoiled`."""

    bank: UUID
    door: str
    generation: int
    deliveries: list[UUID]
    channel: str
    warm_s: int
    worst: int | None


class Emptied(msgspec.Struct, frozen=True):
    """Of a `collect.finished`."""

    bank: UUID
    door: str
    generation: int
    purpose: Purpose
    grant: UUID | None
    deliveries: list[UUID]
    evidence: Evidence
