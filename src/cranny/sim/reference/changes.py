"""What somebody asks for who changes their mind, as `usecases/deliveries` does it over PostgreSQL: another one collects
it, it goes through another bank; and what a bank does before it has heard of that. Inside a transaction."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

import msgspec

from cranny.core.errors import Refused
from cranny.sim.reference.authority import Announced, Unknown
from cranny.sim.reference.books import DeliveryKept
from cranny.sim.reference.rights import AWAITED, Rights
from cranny.usecases.deliveries import Deed, Delivery
from cranny.wire.messages import DeliveryWithdrawn, Policy


def set_policy(rights: Rights, bank: UUID, unknown_tracking: Unknown) -> None:
    given = [entry.given for (of, _), entry in rights.books.entries.items() if of == bank]
    last = [one for one in given if isinstance(one, Policy)][-1]
    rights.give(bank, msgspec.structs.replace(last, unknown_tracking=unknown_tracking))


def readdress(rights: Rights, id_: UUID, owner: UUID) -> None:
    """Raises Refused where that makes no sense, or others lie behind the same door for the same collector."""
    before = rights.books.deliveries.must(id_)
    inside = before.state not in AWAITED
    if inside and _shares(rights, before):
        raise Refused("More of the same collector lies there.", code="shares-door")
    row = replace(rights.move(id_, Deed.READDRESS), owner=str(owner))
    place = (row.door, row.generation) if inside else ("", 0)
    row = replace(row, collect_grant=rights.issue(row.bank, "collect", id_, *place).id)
    rights.books.deliveries.put(id_, row)
    if not inside:
        rights.give_delivery(row, rights.size(row))
    rights.revoke([before.collect_grant])


def reroute(rights: Rights, id_: UUID, bank: UUID) -> None:
    """Raises Refused where that makes no sense."""
    before = rights.books.deliveries.must(id_)
    if before.bank == bank:
        raise Refused("It goes there already.", code="same-bank")
    row, size = rights.move(id_, Deed.REROUTE), rights.size(before)
    if row.state is Delivery.RECALLING:
        rights.end_collecting(row)
        rights.recall(row)
        recalled = rights.books.deliveries.must(id_)
        rights.books.deliveries.put(id_, replace(recalled, reroute_to=bank))
        return
    leave(rights, row)
    deposit, collect = rights.issue(bank, "deposit", id_), rights.issue(bank, "collect", id_)
    row = replace(
        row, bank=bank, deposit_grant=deposit.id, collect_grant=collect.id, came_by=(*row.came_by, before.bank)
    )
    rights.books.deliveries.put(id_, row)
    rights.give_delivery(row, size)


def leave(rights: Rights, row: DeliveryKept) -> None:
    """Nobody waits for `row` at its bank any more."""
    rights.revoke([row.deposit_grant, row.collect_grant])
    rights.give(row.bank, DeliveryWithdrawn(row.id))


def go_on(rights: Rights, row: DeliveryKept) -> None:
    """`row` was taken out to go through another bank."""
    if row.reroute_to is not None and row.owner:
        rights.await_(Announced(row.reroute_to, UUID(row.owner), row.tracking, rights.size(row)))


def came_here(
    rights: Rights,
    bank: UUID,
    ids: list[UUID],
    place: tuple[str, int] | None,
    beside: Sequence[DeliveryKept] = (),
) -> list[DeliveryKept]:
    """Those of `ids` that `bank` was given once, before they were to go elsewhere, or what goes on from there under the
    same number. They lie at `place`, with `beside`, or have lain here and are gone."""
    back: list[DeliveryKept] = []
    for row in rights.books.deliveries.values():
        if row.id not in ids or row.bank == bank or bank not in row.came_by:
            continue
        if row.state not in (*AWAITED, Delivery.CANCELLED):
            later = _later(rights, row)
            company = [*rights.books.behind(bank, *place), *beside, *back] if place else []
            alone = later and all(other.id != later.id and other.owner == later.owner for other in company)
            if place and later and alone:
                back.append(take_over(rights, bank, row.id, later, place))
            else:
                rights.contradicts(bank, "duplicate_identity", f"deliveries/{row.id}")
            continue
        rights.contradicts(bank, "deposited_elsewhere", f"deliveries/{row.id}")
        grant = row.collect_grant
        if row.state in AWAITED:
            leave(rights, row)
            grant = rights.issue(bank, "collect", row.id, *place).id if place else grant
        here = replace(row, bank=bank, collect_grant=grant, known_as=None, came_by=(*row.came_by, row.bank))
        rights.books.deliveries.put(row.id, here)
        back.append(here)
    return back


def take_over(rights: Rights, bank: UUID, id_: UUID, row: DeliveryKept, place: tuple[str, int]) -> DeliveryKept:
    """What `bank` calls `id_`, and has put at `place`, is `row`, which is awaited."""
    leave(rights, row)
    came_by = row.came_by
    if row.bank != bank:
        rights.contradicts(bank, "deposited_elsewhere", f"deliveries/{row.id}")
        came_by = (*came_by, row.bank)
    grant = rights.issue(bank, "collect", row.id, *place)
    here = replace(row, bank=bank, known_as=id_, collect_grant=grant.id, came_by=came_by)
    rights.books.deliveries.put(row.id, here)
    return here


def _later(rights: Rights, row: DeliveryKept) -> DeliveryKept | None:
    """Another delivery that is awaited with the number of `row`."""
    others = (other for other in rights.books.deliveries.values() if other.id != row.id and not other.doubled)
    return next((other for other in others if other.tracking == row.tracking and other.state in AWAITED), None)


def _shares(rights: Rights, row: DeliveryKept) -> bool:
    behind = rights.books.behind(row.bank, row.door, row.generation)
    return any(other.id != row.id and other.collect_grant == row.collect_grant for other in behind)
