"""All rights of a bank anew, for a copy that begins empty: what its downlink has said so far, less what its own facts
say is over, and what these facts say of its doors.

The server has told the bank everything that it may, and the bank has told the server everything that it did, so both
logs together are what the bank knew. What lies behind its doors is given back as what it is: its own old word, for a
person to confirm. Nothing is freed here, and nothing opens before that.
"""

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

import msgspec

from cranny.fleet import downlink, tables
from cranny.fleet.anomalies import raise_anomaly
from cranny.platform.db import Tx
from cranny.wire.facts import decode
from cranny.wire.kinds import Body, CodeExhausted, CollectFinished, DepositStored, DoorCounted, unpack
from cranny.wire.messages import (
    BadgeGiven,
    DeliveryGiven,
    DeliveryWithdrawn,
    Given,
    GrantGiven,
    GrantRevoked,
    Layout,
    PlaceGiven,
    Policy,
)
from cranny.wire.messages import Renewed as Begins

CHUNK: Final = 2000
KINDS: Final = ("deposit.stored", "collect.finished", "door.counted", "code.exhausted")
"""Facts that change rights or doors."""


@dataclass(slots=True)
class Known:
    """What a bank knows, entry by entry and then fact by fact. Pure."""

    layout: Layout | None = None
    policy: Policy | None = None
    deliveries: dict[UUID, DeliveryGiven] = field(default_factory=dict)
    awaited: dict[UUID, None] = field(default_factory=dict)
    grants: dict[UUID, GrantGiven] = field(default_factory=dict)
    badges: dict[UUID, BadgeGiven] = field(default_factory=dict)
    places: dict[str, PlaceGiven] = field(default_factory=dict)
    ended: set[UUID] = field(default_factory=set)
    revoked: dict[UUID, None] = field(default_factory=dict)
    withdrawn: dict[UUID, None] = field(default_factory=dict)

    def give(self, given: Given) -> None:
        match given:
            case Layout():
                self.layout = given
            case Policy():
                self.policy = given
            case DeliveryGiven():
                self.deliveries[given.delivery] = given
                self.awaited[given.delivery] = None
                self.withdrawn.pop(given.delivery, None)
            case DeliveryWithdrawn():
                self.awaited.pop(given.delivery, None)
                self.withdrawn[given.delivery] = None
            case GrantGiven():
                self.grants.setdefault(given.grant, given)
            case BadgeGiven():
                self.badges[given.grant] = given
            case GrantRevoked():
                self.ended.add(given.grant)
                self.revoked[given.grant] = None
            case PlaceGiven():
                self.places[given.door] = given
                self._took(given.deliveries)
            case Begins():
                pass

    def tell(self, body: Body) -> None:
        match body:
            case DepositStored():
                self._stored(body)
            case CollectFinished():
                self._emptied(body.door, body.generation)
                self._took(body.deliveries)
                self.ended.update([body.grant] if body.grant else ())
            case DoorCounted(found="not_there") if not body.sensed:
                self._emptied(body.door, body.generation)
                self._took(body.deliveries)
            case CodeExhausted() if body.grant in self.grants:
                # No code is this one: the QR goes on, as before.
                self.grants[body.grant] = msgspec.structs.replace(self.grants[body.grant], code_verifier=b"")
            case _:
                pass

    def all(self, epoch: int) -> Iterator[Given]:
        """In the order in which a bank can take it."""
        yield Begins(epoch)
        yield from (one for one in (self.layout, self.policy) if one is not None)
        lying = dict.fromkeys(delivery for place in self.places.values() for delivery in place.deliveries)
        for delivery in {**self.awaited, **lying}:
            if delivery in self.deliveries:
                yield self.deliveries[delivery]
        yield from self.places.values()
        yield from (grant for grant in self.grants.values() if grant.grant not in self.ended)
        yield from (badge for badge in self.badges.values() if badge.grant not in self.ended)

    def over(self) -> Iterator[Given]:
        """What has ended by the server's word, for a bank that may have missed it."""
        yield from map(GrantRevoked, self.revoked)
        yield from map(DeliveryWithdrawn, self.withdrawn)

    def _stored(self, body: DepositStored) -> None:
        self._took(body.deliveries)
        self.ended.update(body.superseded)
        known = (self.deliveries[one].collector for one in body.deliveries if one in self.deliveries)
        place = PlaceGiven(body.door, body.generation, body.grant, next(known, b""), list(body.deliveries))
        before = self.places.get(body.door)
        if before is not None and before.generation == body.generation:
            both = list(dict.fromkeys([*before.deliveries, *body.deliveries]))
            place = msgspec.structs.replace(before, grant=body.grant, deliveries=both)
        self.places[body.door] = place

    def _emptied(self, door: str, generation: int) -> None:
        place = self.places.get(door)
        if place is not None and place.generation == generation:
            del self.places[door]

    def _took(self, deliveries: Iterable[UUID]) -> None:
        for delivery in deliveries:
            self.awaited.pop(delivery, None)


async def renew(tx: Tx, bank: UUID, epoch: int) -> None:
    """Append all rights anew, for `epoch`, and let empty copies begin with them. Whoever holds entries already finds
    nothing new in them. Only the transaction that holds the bank's cursor may do this."""
    known = await _known(tx, bank)
    await _begin(tx, bank, list(known.all(epoch)))


async def realign(tx: Tx, bank: UUID, applied: int) -> None:
    """The bank holds entries up to number `applied` of a history that this server lost with its database: `realigning`
    says why. Count on behind them, and give all anew: what was given since under their numbers was passed over there.
    Once for each `applied`."""
    place = await tx.one(tables.LOCK_PLACE, tx.tenant, bank, applied)
    if place is None or applied <= place["aligned"]:
        return
    await tx.run(tables.ALIGN, tx.tenant, bank, applied)
    known = await _known(tx, bank)
    epoch = max(1, await tx.value(tables.GET_EPOCH, tx.tenant, bank) or 0)
    await _begin(tx, bank, [*known.all(epoch), *known.over()])
    await raise_anomaly(tx, bank, "downlink_ahead", f"banks/{bank}", {"held": place["head"], "applied": applied})


async def _begin(tx: Tx, bank: UUID, givens: Sequence[Given]) -> None:
    last = await downlink.append(tx, bank, givens)
    await tx.run(tables.REBASE, tx.tenant, bank, last - len(givens) + 1)


async def _known(tx: Tx, bank: UUID) -> Known:
    """What the two logs of `bank` come to."""
    known, after = Known(), 0
    while entries := (await downlink.pending(tx, bank, after))[0]:
        for entry in entries:
            known.give(entry.given)
        after = entries[-1].seq
    async for body in _told(tx, bank):
        known.tell(body)
    return known


async def _told(tx: Tx, bank: UUID) -> AsyncIterator[Body]:
    epoch, seq = 0, 0
    while chunk := await tx.all(tables.FACTS_OF_RIGHTS, tx.tenant, bank, KINDS, epoch, seq, CHUNK):
        for row in chunk:
            body = unpack(row["kind"], decode(row["stored"]).body)
            if body is not None:
                yield body
        epoch, seq = chunk[-1]["epoch"], chunk[-1]["seq"]
