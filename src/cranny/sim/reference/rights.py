"""The rights side of the simulated server: who may do what, by the product's own tables of states.

It does what `access` and `usecases/deliveries` do over PostgreSQL, on plain rows. Every method is called inside a
transaction of the store.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from cranny.access import GRANT, LIVE
from cranny.access import Deed as GrantDeed
from cranny.core.clock import Clock
from cranny.core.ids import Ids
from cranny.fleet import TAGS, Finding
from cranny.sim.dice import Dice
from cranny.sim.reference.authority import Announced
from cranny.sim.reference.books import Books, DeliveryKept, GrantKept
from cranny.usecases.deliveries import DELIVERY, Delivery
from cranny.usecases.deliveries import Deed as DeliveryDeed
from cranny.wire.allocation import Size
from cranny.wire.codes import (
    SERVER_LOCATORS,
    code_material,
    collector_digest,
    draw_code,
    draw_qr,
    qr_verifier,
    tracking_digest,
)
from cranny.wire.kdf import SALT_BYTES, Kdf
from cranny.wire.kinds import Purpose
from cranny.wire.messages import (
    DeliveryGiven,
    DeliveryWithdrawn,
    Given,
    GrantGiven,
    GrantRevoked,
    ItemGiven,
)

AWAITED = (Delivery.ANNOUNCED, Delivery.LAPSED)
COLLECTABLE = (Delivery.STORED, Delivery.OVERDUE)
VERIFY = "verify"
TELL = "tell"


class Rights:
    def __init__(
        self,
        books: Books,
        *,
        tenant: UUID,
        peppers: Mapping[UUID, bytes],
        clock: Clock,
        ids: Ids,
        dice: Dice,
        tags: Dice,
    ) -> None:
        self.books = books
        self.tenant = tenant
        self.pokes: set[UUID] = set()
        """Banks that something was given to."""
        self._peppers = peppers
        self._clock = clock
        self._ids = ids
        self._dice = dice
        self._tags = tags

    # ------------------------------------------------------------ deeds

    def announce(self, asked: Announced) -> None:
        """Once for each tracking number; one that a bank took in before gets its recipient where it lies."""
        holder = self.newest(asked.tracking)
        if holder is not None and not (holder.state is Delivery.RETURNED and holder.reroute_to):
            self._adopt(holder, asked.owner)
            return
        self.await_(asked)

    def await_(self, asked: Announced) -> None:
        """A delivery that nobody knew of."""
        id_ = self._ids.new()
        deposit = self.issue(asked.bank, "deposit", id_)
        collect = self.issue(asked.bank, "collect", id_)
        row = DeliveryKept(id_, asked.bank, DELIVERY.start, str(asked.owner), asked.tracking, deposit.id, collect.id)
        self.books.deliveries.put(id_, row)
        self.give_delivery(row, asked.size)
        self.books.tell("delivery.announced", f"deliveries/{id_}", self.now(), {})

    def give_delivery(self, row: DeliveryKept, size: Size) -> None:
        """To its bank, with what is wanted to bring and to collect it."""
        if row.deposit_grant is None or row.collect_grant is None:
            raise AssertionError("what is awaited was announced")
        pepper = self._peppers[row.bank]
        item = ItemGiven(self._ids.new(), tracking_digest(pepper, row.tracking), *size)
        self.give(
            row.bank,
            DeliveryGiven(
                delivery=row.id,
                deposit_grant=row.deposit_grant,
                collect_grant=row.collect_grant,
                collector=collector_digest(pepper, UUID(row.owner)),
                items=[item],
                features=[],
                seated=False,
            ),
        )

    def size(self, row: DeliveryKept) -> Size:
        """What a bank was told that it measures; nothing is known of what nobody had announced."""
        for entry in reversed(self.books.entries.values()):
            if isinstance(entry.given, DeliveryGiven) and entry.given.delivery == row.id:
                item = entry.given.items[0]
                return Size(item.width, item.height, item.depth)
        return Size(1, 1, 1)

    def newest(self, tracking: str) -> DeliveryKept | None:
        """What goes, or went, by this number last."""
        rows = reversed(self.books.deliveries.values())
        return next((row for row in rows if row.tracking == tracking and not row.doubled), None)

    def cancel(self, id_: UUID) -> None:
        """Raises Refused when it is over."""
        before = self.books.deliveries.must(id_).state
        row = self.move(id_, DeliveryDeed.CANCEL)
        if row.state is before:
            return
        if row.state is Delivery.CANCELLED:
            self.revoke([row.deposit_grant, row.collect_grant])
            self.give(row.bank, DeliveryWithdrawn(id_))
            return
        self.end_collecting(row)
        self.recall(row)

    def recall(self, row: DeliveryKept) -> None:
        """Issue the grant that takes `row` back out of its door."""
        grant = self.issue(row.bank, "recall", row.id, row.door, row.generation)
        self.books.deliveries.put(row.id, replace(self.books.deliveries.must(row.id), recall_grant=grant.id))

    def inspect(self, bank: UUID, door: str) -> UUID:
        """The right to look behind a door that is in doubt, once."""
        return self.issue(bank, "inspect", None, door, self.books.newest.get((bank, door)) or 0).id

    def issue(
        self, bank: UUID, purpose: Purpose, delivery: UUID | None, door: str = "", generation: int = 0
    ) -> GrantKept:
        """A grant; one with a door is bound from the start. Its verifiers are made by a job."""
        state = GRANT.move(GRANT.start, GrantDeed.BIND).to if door else GRANT.start
        grant = GrantKept(self._ids.new(), bank, purpose, delivery, state, door=door, generation=generation)
        if purpose != "deposit":
            locator = self._locator(bank)
            grant = replace(grant, code=draw_code(locator, self._dice), qr=draw_qr(locator, self._dice))
            self.books.jobs.put((VERIFY, grant.id), False)
        self.books.grants.put(grant.id, grant)
        return grant

    def give(self, bank: UUID, *givens: Given) -> None:
        """Numbered entries for `bank`, in this order."""
        self.books.give(bank, givens, self._tags.below(TAGS))
        self.pokes.add(bank)

    async def verify(self, id_: UUID, kdf: Kdf) -> None:
        """The job that makes a grant's verifiers and gives them to its bank."""
        grant = self.books.grants.must(id_)
        self.books.jobs.put((VERIFY, id_), True)
        if not grant.live or grant.verified or grant.code is None or grant.qr is None or grant.purpose == "deposit":
            return
        pepper, salt = self._peppers[grant.bank], self._dice.bytes(SALT_BYTES)
        given = GrantGiven(
            grant=id_,
            purpose=grant.purpose,
            delivery=grant.delivery,
            locator=grant.code.locator,
            salt=salt,
            code_verifier=await kdf.derive(code_material(pepper, self.tenant, grant.bank, grant.code), salt),
            qr_verifier=qr_verifier(pepper, self.tenant, grant.bank, grant.qr),
            door=grant.door,
            generation=grant.generation,
        )
        self.give(grant.bank, given)
        self.books.grants.put(id_, replace(grant, verified=True))
        self.turn(id_, GrantDeed.VERIFY)

    # ------------------------------------------------------------ moves, by the product's tables

    def move(
        self, id_: UUID, deed: DeliveryDeed, *, data: Mapping[str, Any] | None = None, at: datetime | None = None
    ) -> DeliveryKept:
        """The delivery after `deed`. Raises Refused when the table has no such row."""
        row = self.books.deliveries.must(id_)
        move = DELIVERY.move(row.state, deed)
        row = replace(row, state=move.to)
        self.books.deliveries.put(id_, row)
        if move.emits:
            self.books.tell(move.emits, f"deliveries/{id_}", at or self.now(), dict(data or {}))
        return row

    def turn(self, id_: UUID, deed: GrantDeed) -> GrantKept:
        """The grant after `deed`. One that became active is worth a message."""
        grant = self.books.grants.must(id_)
        move = GRANT.move(grant.state, deed)
        grant = replace(grant, state=move.to)
        self.books.grants.put(id_, grant)
        if move.emits:
            self.books.tell(move.emits, f"grants/{id_}", self.now(), {})
        if move.emits == "grant.activated":
            self.books.jobs.put((TELL, id_), False)
        return grant

    def revoke(self, ids: Iterable[UUID | None]) -> None:
        """End them, and tell their banks."""
        for id_ in dict.fromkeys(ids):
            grant = self.books.grants.get(id_) if id_ else None
            if grant is None:
                continue
            self.turn(grant.id, GrantDeed.REVOKE)
            if grant.live and grant.purpose != "deposit":
                self.give(grant.bank, GrantRevoked(grant.id))

    def refused(self, bank: UUID, id_: UUID) -> None:
        """The bank can't keep a grant: another one takes its place, as far as somebody still needs it."""
        grant = self.books.grants.get(id_)
        if grant is None or grant.bank != bank:
            self.contradicts(bank, "unknown_grant", f"grants/{id_}")
            return
        row = self.books.deliveries.get(grant.delivery) if grant.delivery else None
        if row is not None and row.recall_grant == id_ and row.state is Delivery.RECALLING:
            self.recall(row)
        if row is not None and row.collect_grant == id_:
            self._replace(row)
        self.revoke([id_])

    def contradicts(self, bank: UUID, kind: str, subject: str) -> None:
        """What the bank did does not fit: for somebody to look at."""
        self.books.note(Finding(bank, kind, subject))

    def now(self) -> datetime:
        return self._clock.now()

    def known(self, bank: UUID, ids: Sequence[UUID]) -> list[DeliveryKept]:
        """The deliveries that `bank` calls by `ids`."""
        here = [row for row in self.books.deliveries.values() if row.bank == bank]
        names = {row.id: row for row in here} | {row.known_as: row for row in here if row.known_as}
        return [names[id_] for id_ in ids if id_ in names]

    def pepper(self, bank: UUID) -> bytes:
        return self._peppers[bank]

    def _locator(self, bank: UUID) -> int:
        """The one that has rested longest, of those that are free."""
        taken = {grant.code.locator for grant in self.books.grants.values() if grant.code and _holds(grant, bank)}
        while (locator := self.books.next(f"locator {bank}") % len(SERVER_LOCATORS)) in taken:
            pass
        return locator

    def _adopt(self, row: DeliveryKept, owner: UUID) -> None:
        if row.owner or row.state not in (Delivery.STORED, Delivery.OVERDUE):
            return
        grant = self.issue(row.bank, "collect", row.id, row.door, row.generation)
        moved = self.move(row.id, DeliveryDeed.ADOPT)
        self.books.deliveries.put(row.id, replace(moved, owner=str(owner), collect_grant=grant.id))

    def _replace(self, row: DeliveryKept) -> None:
        if row.state in AWAITED:
            grant = self.issue(row.bank, "collect", row.id)
            self.books.deliveries.put(row.id, replace(row, collect_grant=grant.id))
            self.give(row.bank, msgspec.structs.replace(self._given(row), collect_grant=grant.id))
        elif row.state in COLLECTABLE:
            grant = self.issue(row.bank, "collect", row.id, row.door, row.generation)
            behind = self.books.behind(row.bank, row.door, row.generation)
            for other in behind:
                if other.collect_grant == row.collect_grant:
                    self.books.deliveries.put(other.id, replace(other, collect_grant=grant.id))

    def _given(self, row: DeliveryKept) -> DeliveryGiven:
        """As its bank was last given it."""
        ours = (entry.given for (bank, _), entry in self.books.entries.items() if bank == row.bank)
        return [one for one in ours if isinstance(one, DeliveryGiven) and one.delivery == row.id][-1]

    def end_collecting(self, row: DeliveryKept) -> None:
        """Take the collect grant of `row` away; others that lie behind the same door with it get one of their own."""
        if row.collect_grant is None:
            return
        left = [
            other
            for other in self.books.behind(row.bank, row.door, row.generation)
            if other.collect_grant == row.collect_grant and other.id != row.id
        ]
        self.revoke([row.collect_grant])
        if left:
            grant = self.issue(row.bank, "collect", left[0].id, row.door, row.generation)
            for other in left:
                self.books.deliveries.put(other.id, replace(other, collect_grant=grant.id))


def _holds(grant: GrantKept, bank: UUID) -> bool:
    return grant.bank == bank and grant.state in LIVE
