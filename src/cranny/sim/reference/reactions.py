"""What the simulated server makes of what banks report: as `access` and `usecases/deliveries` react, on plain rows."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import msgspec

from cranny.access import Deed as GrantDeed
from cranny.access import Grant
from cranny.sim.reference import changes
from cranny.sim.reference.books import DeliveryKept, GrantKept, KeptEvent
from cranny.sim.reference.rights import AWAITED, Rights
from cranny.usecases.deliveries import DELIVERY, Delivery
from cranny.usecases.deliveries import Deed as DeliveryDeed
from cranny.wire.codes import normal_tracking

FIRST = (*AWAITED, Delivery.CANCELLED)
"""Where a first deposit finds a delivery."""


class Deposited(msgspec.Struct, frozen=True):
    """Of a `deposit.stored`."""

    bank: UUID
    door: str
    generation: int
    deliveries: list[UUID]
    grant: UUID | None
    epoch: int
    seq: int
    superseded: list[UUID] = []
    unannounced: list[UUID] = []


class Emptied(msgspec.Struct, frozen=True):
    """Of a `collect.finished`."""

    bank: UUID
    door: str
    generation: int
    purpose: str
    grant: UUID | None
    deliveries: list[UUID]


class _Beside(msgspec.Struct, frozen=True):
    tracking: dict[UUID, str] = {}


class Reactions:
    def __init__(self, rights: Rights, met: Callable[[str], None]) -> None:
        """`met` counts what no table tells."""
        self._rights = rights
        self._met = met
        self._books = rights.books

    def react(self, event: KeptEvent) -> None:
        """Inside the transaction that moves the cursor. Raises Refused when a table has a hole."""
        match event.type:
            case "deposit.stored":
                fact = msgspec.convert(event.data, Deposited)
                self._bind(fact)
                self._deposited(fact, event)
            case "collect.finished":
                self._emptied(msgspec.convert(event.data, Emptied), event)
            case "deposit.no_room":
                for row in self._rights.known(UUID(event.data["bank"]), [UUID(event.data["delivery"])]):
                    self._rights.move(row.id, DeliveryDeed.TURN_AWAY, at=event.at)
            case "grant.refused":
                self._rights.refused(UUID(event.data["bank"]), UUID(event.data["grant"]))
            case "code.exhausted":
                self._exhausted(UUID(event.data["bank"]), UUID(event.data["grant"]))

    # ------------------------------------------------------------ grants

    def _bind(self, fact: Deposited) -> None:
        for grant in list(self._books.grants.values()):
            if grant.purpose == "deposit" and grant.delivery in fact.deliveries and grant.bank == fact.bank:
                self._rights.turn(grant.id, GrantDeed.USE)
        for grant in self._own(fact.bank, [fact.grant] if fact.grant else []):
            if not grant.door:
                self._books.grants.put(grant.id, replace(grant, door=fact.door, generation=fact.generation))
            self._rights.turn(grant.id, GrantDeed.BIND)
        for grant in self._own(fact.bank, fact.superseded):
            self._rights.turn(grant.id, GrantDeed.SUPERSEDE)

    def _exhausted(self, bank: UUID, id_: UUID) -> None:
        for grant in self._own(bank, [id_]):
            self._books.grants.put(grant.id, replace(grant, code_off=True))
            self._rights.turn(grant.id, GrantDeed.EXHAUST)

    def _own(self, bank: UUID, ids: Sequence[UUID]) -> list[GrantKept]:
        own = []
        for id_ in ids:
            grant = self._books.grants.get(id_)
            if grant is None or grant.bank != bank:
                self._rights.contradicts(bank, "unknown_grant", f"grants/{id_}")
            else:
                own.append(grant)
        return own

    # ------------------------------------------------------------ deliveries

    def _deposited(self, fact: Deposited, event: KeptEvent) -> None:
        announced = self._rights.known(fact.bank, fact.deliveries)
        names = {name for row in announced for name in (row.id, row.known_as)}
        lost = [id_ for id_ in fact.deliveries if id_ not in names]
        back = changes.came_here(self._rights, fact.bank, lost, (fact.door, fact.generation), announced)
        names = {name for row in back for name in (row.id, row.known_as)}
        if names & set(fact.deliveries) - {row.id for row in back}:
            self._met("stored under its earlier name")
        lost = [id_ for id_ in lost if id_ not in names]
        for id_ in lost:
            if id_ not in fact.unannounced:
                self._rights.contradicts(fact.bank, "unknown_delivery", f"deliveries/{id_}")
        found = [self._take_in(fact, id_) for id_ in lost if id_ in fact.unannounced]
        grant = self._opens(fact, announced)
        for row in announced:
            self._store(fact, event, row, (grant if row.state in AWAITED else None) or row.collect_grant)
        for row in found + back:
            self._store(fact, event, row, row.collect_grant)

    def _store(self, fact: Deposited, event: KeptEvent, row: DeliveryKept, grant: UUID | None) -> None:
        moved = self._rights.move(row.id, DeliveryDeed.DEPOSIT, at=event.at)
        here = replace(moved, door=fact.door, generation=fact.generation, collect_grant=grant)
        if row.state in FIRST:
            self._books.deliveries.put(row.id, here)
            if not row.owner:
                self._books.tell("delivery.unidentified", f"deliveries/{row.id}", event.at, {})
        elif (row.door, row.generation) != (fact.door, fact.generation):
            self._rights.contradicts(fact.bank, "deposited_twice", f"deliveries/{row.id}")
        if row.state is Delivery.CANCELLED:
            self._rights.contradicts(fact.bank, "deposited_after_cancel", f"deliveries/{row.id}")
            self._rights.recall(here)

    def _opens(self, fact: Deposited, announced: Sequence[DeliveryKept]) -> UUID | None:
        """The grant that the bank names, or a new one where that has ended meanwhile and others lie there with it, or
        where it is none of theirs."""
        grant = self._grant(fact, announced)
        known = self._books.grants.get(grant) if grant else None
        awaited = [row for row in announced if row.state in AWAITED]
        if not awaited or (known is not None and (known.live or known.state is Grant.USED)):
            return grant
        if fact.grant and (old := self._books.grants.get(fact.grant)) and old.delivery in {row.id for row in awaited}:
            self._met("deposited for whom it was meant before")
        self._rights.revoke(row.collect_grant for row in awaited)
        return self._rights.issue(fact.bank, "collect", awaited[0].id, fact.door, fact.generation).id

    def _grant(self, fact: Deposited, announced: Sequence[DeliveryKept]) -> UUID | None:
        behind = self._books.behind(fact.bank, fact.door, fact.generation)
        return fact.grant if fact.grant in {row.collect_grant for row in (*announced, *behind)} else None

    def _take_in(self, fact: Deposited, id_: UUID) -> DeliveryKept:
        """A parcel that nobody had announced there, or that was announced while it went in."""
        tracking = self._beside(fact).get(id_, "")
        holder = next((row for row in self._books.deliveries.values() if _is(row, tracking)), None)
        if holder is None:
            row = DeliveryKept(id_, fact.bank, DELIVERY.start, "", tracking)
            self._books.deliveries.put(id_, row)
            return row
        if holder.state not in AWAITED:
            self._rights.contradicts(fact.bank, "duplicate_identity", f"deliveries/{holder.id}")
            row = DeliveryKept(id_, fact.bank, DELIVERY.start, "", tracking, doubled=True)
            self._books.deliveries.put(id_, row)
            return row
        return changes.take_over(self._rights, fact.bank, id_, holder, (fact.door, fact.generation))

    def _beside(self, fact: Deposited) -> dict[UUID, str]:
        kept = self._books.facts.must((fact.bank, fact.epoch, fact.seq)).link.beside
        personal: Any = msgspec.msgpack.decode(kept) if kept else {}
        return msgspec.convert(personal, _Beside).tracking

    def _emptied(self, fact: Emptied, event: KeptEvent) -> None:
        opened = self._own(fact.bank, [fact.grant] if fact.grant else [])
        revoked = any(grant.state is Grant.REVOKED for grant in opened)
        for grant in opened:
            if not grant.door:
                self._books.grants.put(grant.id, replace(grant, door=fact.door, generation=fact.generation))
            self._rights.turn(grant.id, GrantDeed.USE)
        at_door = (fact.bank, fact.door, fact.generation)
        left = [grant.id for grant in self._books.grants.values() if grant.live and _at(grant) == at_door]
        self._rights.revoke(left)
        deed = DeliveryDeed.COLLECT if fact.purpose == "collect" else DeliveryDeed.TAKE_BACK
        known = self._rights.known(fact.bank, fact.deliveries)
        names = {name for row in known for name in (row.id, row.known_as)}
        lost = [id_ for id_ in fact.deliveries if id_ not in names]
        for row in [*known, *changes.came_here(self._rights, fact.bank, lost, None)]:
            self._rights.move(row.id, deed, at=event.at)
            if row.state in DELIVERY.final:
                continue
            over = [row.collect_grant, row.recall_grant, row.deposit_grant if row.state in FIRST else None]
            self._rights.revoke(grant for grant in over if grant != fact.grant)
            if odd := _odd(row, deed, revoked=revoked):
                self._rights.contradicts(fact.bank, odd, f"deliveries/{row.id}")
            if row.state is Delivery.RECALLING and deed is DeliveryDeed.TAKE_BACK:
                self._met("fetched to go on" if row.reroute_to else "fetched")
                changes.go_on(self._rights, row)
                self._is_there(row, event)

    def _is_there(self, row: DeliveryKept, event: KeptEvent) -> None:
        """The bank to which `row` was to go on has told that it lies there before this one told that it was fetched."""
        for (bank, door, generation), lies in list(self._books.lies.items()):
            if bank == row.reroute_to and lies.live and row.id in lies.deliveries:
                self._deposited(Deposited(bank, door, generation, [row.id], None, epoch=0, seq=0), event)


def _odd(row: DeliveryKept, deed: DeliveryDeed, *, revoked: bool) -> str:
    """What is listed of `row`, as it was; `revoked`: so was the grant that opened."""
    if row.state is Delivery.RECALLING and deed is DeliveryDeed.COLLECT:
        return "collected_after_reroute" if row.reroute_to else "collected_after_cancel"
    if row.state in FIRST:
        return "deposit_not_told"
    return "collected_after_revoke" if revoked else ""


def _is(row: DeliveryKept, tracking: str) -> bool:
    """Whether `row` is under way with this tracking number."""
    over = row.doubled or row.state in (*DELIVERY.final, Delivery.CANCELLED)
    return bool(tracking) and not over and row.tracking == normal_tracking(tracking)


def _at(grant: GrantKept) -> tuple[UUID, str, int]:
    return grant.bank, grant.door, grant.generation
