"""Which door takes a delivery: pure rules of the state and of what the sensors say."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import msgspec

from cranny.core.errors import Refused
from cranny.core.ids import Ids
from cranny.edge import allowance, lifecycle
from cranny.edge.change import Ruled
from cranny.edge.draft import Draft, Sight
from cranny.edge.minting import Minted
from cranny.edge.moment import NEVER, Moment
from cranny.edge.rights import caught_up, is_withdrawn
from cranny.edge.rows import Compartment, Delivery, GivenMeanwhile, Occupancy, Opening, Tracking
from cranny.edge.state import State
from cranny.edge.steps import intent
from cranny.edge.visits import Visit
from cranny.wire.allocation import DoorOption, Size, choose, fits_together
from cranny.wire.kinds import DepositNoRoom
from cranny.wire.messages import CompartmentGiven, ItemGiven

UNMEASURED: Final = Size(0, 0, 0)
TOGETHER: Final = 256
"""Deliveries in one compartment, at most."""
_RANK: Final = {lifecycle.Delivery.AWAITED: 0, lifecycle.Delivery.STORED: 1, lifecycle.Delivery.WITHDRAWN: 2}


@dataclass(frozen=True, slots=True)
class Scan:
    """A tracking number: its digest, and its normal form; `at` is when. `own`: not a parcel for somebody, but something
    that whoever stands there stores for themselves, of this size. `again`: it was let in, and the door was too
    small."""

    digest: bytes
    text: str
    at: Moment = NEVER
    own: Minted | None = None
    size: Size = UNMEASURED
    again: bool = False


@dataclass(frozen=True, slots=True)
class Placed:
    """`pulse`: the intent is new and the lock is to be released; else the door stands open already."""

    opening: Opening
    pulse: bool


def intend(state: State, sight: Sight, scan: Scan, visit: Visit, ids: Ids) -> Ruled[Placed]:
    """The door for what was scanned. Raises Refused with an `outcomes.Reason` as its code."""
    if state.layout is None or sight.blind():
        raise Refused("The doors are not known yet.", code="not_ready")
    draft = Draft(state)
    delivery = _found(state, scan, visit) or _unannounced(draft, scan, ids)
    under_way = state.being_stored(delivery.delivery)
    if under_way is not None:
        return draft.change(), _already(sight, under_way, visit)
    if delivery.delivery in state.meanwhile:
        draft.put(delivery, GivenMeanwhile(delivery.delivery, b""))
    if delivery.state is lifecycle.Delivery.STORED:
        opening = _once_more(state, sight, delivery, visit, ids)
    else:
        joined = _joinable(state, sight, delivery, visit)
        if joined is not None:
            opening = msgspec.structs.replace(joined, deliveries=[*joined.deliveries, delivery.delivery])
            draft.put(opening)
            return draft.change(), Placed(opening, pulse=False)
        opening = _shared(state, sight, delivery, visit, ids) or _fresh(state, sight, delivery, visit, ids)
    box = state.compartment(opening.door)
    draft.put(Compartment(box.label, opening.generation, box.openings + 1, box.blocked), opening)
    draft.say(intent(opening))
    return draft.change(), Placed(opening, pulse=True)


def free(state: State, sight: Sight, *, fit: bool = True) -> Iterator[CompartmentGiven]:
    """Compartments that could take a deposit now, by what is known and not by what is hoped. Without `fit` those whose
    climate is wrong or unknown are among them."""
    under_way = {opening.door for opening in state.openings.values()}
    for label, box in state.boxes.items():
        taken = label in state.occupancies or label in under_way or state.compartment(label).blocked
        content = sight.content(label)
        empty = content is False or (content is None and not state.inherited(label))
        if not taken and empty and sight.ready(label) and (sight.fit_for_use(label) or not fit):
            yield box


def no_room(state: State, delivery: UUID, free_doors: int) -> Ruled[None]:
    """The server promised a place for `delivery`, and no door was right for it."""
    draft = Draft(state)
    draft.say(DepositNoRoom(delivery=delivery, free=free_doors))
    return draft.change(), None


# ---------------------------------------------------------------- what is meant


def _found(state: State, scan: Scan, visit: Visit) -> Delivery | None:
    """The delivery with this tracking number, one that is waited for first, and before one that nobody announced; of
    several of these the one announced last, as a server that was restored from a backup has lost the others. None when
    there is none and the bank may take unknown ones."""
    tracked = (caught_up(state, found) for found in state.tracked(scan.digest))
    known = sorted(tracked, key=lambda found: found.delivery, reverse=True)
    delivery = min(known, key=lambda found: (_RANK[found.state], not found.announced), default=None)
    if delivery is None or _left_over(state, delivery):
        if state.policy.unknown_tracking == "refuse" and scan.own is None and not scan.again:
            raise Refused("Nobody announced this tracking number.", code="unknown_tracking")
        return delivery
    if is_withdrawn(state, delivery):
        raise Refused("This delivery was withdrawn.", code="withdrawn")
    stored_before = delivery.state is lifecycle.Delivery.STORED and scan.digest in visit.scanned
    if stored_before and state.being_stored(delivery.delivery) is None:
        raise Refused("This one is stored already.", code="already_stored")
    return delivery


def _left_over(state: State, delivery: Delivery) -> bool:
    """Somebody brought it, nobody had announced it, and it did not stay."""
    awaited = delivery.state is lifecycle.Delivery.AWAITED and not delivery.announced
    return awaited and state.being_stored(delivery.delivery) is None


def _unannounced(draft: Draft, scan: Scan, ids: Ids) -> Delivery:
    allowance.spend(draft, scan.at)
    delivery = Delivery(
        delivery=ids.new(),
        state=lifecycle.DELIVERY.start,
        deposit_grant=None,
        collect_grant=scan.own.grant.grant if scan.own else None,
        collector=b"",
        items=[ItemGiven(ids.new(), scan.digest, *scan.size)],
        features=[],
        seated=False,
    )
    draft.put(delivery, *([scan.own.grant] if scan.own else [Tracking(delivery.delivery, scan.text)]))
    return delivery


def _already(sight: Sight, opening: Opening, visit: Visit) -> Placed:
    """Scanned again, or another item of the same delivery, while its door stands open."""
    ours = opening.visit == visit.id and opening.state is lifecycle.Opening.OPEN
    if not ours or not sight.stands_open(opening.door):
        raise Refused("This delivery is being dealt with.", code="busy")
    return Placed(opening, pulse=False)


# ---------------------------------------------------------------- which door


def _once_more(state: State, sight: Sight, delivery: Delivery, visit: Visit, ids: Ids) -> Opening:
    """A further item of a delivery that was stored in this visit: the same door, nothing new to store."""
    place = state.where(delivery.delivery)
    if place is None or place.visit != visit.id or not _reopenable(state, sight, place):
        raise Refused("This delivery is stored already.", code="already_stored")
    return _opening(delivery, place.label, place.generation, visit, ids, deliveries=[])


def _joinable(state: State, sight: Sight, delivery: Delivery, visit: Visit) -> Opening | None:
    """A door that stands open in this visit for the same collector: no pulse is needed."""
    for opening in state.openings.values():
        company = [state.deliveries[other] for other in opening.deliveries if other in state.deliveries]
        ours = opening.visit == visit.id and opening.state is lifecycle.Opening.OPEN and not opening.overdue
        if (
            ours
            and opening.opening not in visit.too_small
            and any(_same_collector(delivery, other.collector) for other in company)
            and sight.stands_open(opening.door)
            and _goes_with(state, delivery, opening.door, opening.deliveries, visit)
        ):
            return opening
    return None


def _shared(state: State, sight: Sight, delivery: Delivery, visit: Visit, ids: Ids) -> Opening | None:
    """The door in which this visit stored something for the same collector."""
    for place in state.occupancies.values():
        if (
            place.visit == visit.id
            and _same_collector(delivery, place.collector)
            and _reopenable(state, sight, place)
            and _goes_with(state, delivery, place.label, (), visit)
        ):
            return _opening(delivery, place.label, place.generation, visit, ids)
    return None


def _fresh(state: State, sight: Sight, delivery: Delivery, visit: Visit, ids: Ids) -> Opening:
    best = _best(state, delivery, visit, free(state, sight))
    if best is None:
        promised = {"delivery": delivery.delivery} if delivery.announced else {}
        if _best(state, delivery, visit, free(state, sight, fit=False)) is not None:
            raise Refused("The doors for this have not the right temperature.", code="too_warm", extra=promised)
        raise Refused("No free door is right for this.", code="full", extra=promised)
    return _opening(delivery, best.label, state.compartment(best.label).generation + 1, visit, ids)


def _best(state: State, delivery: Delivery, visit: Visit, boxes: Iterable[CompartmentGiven]) -> DoorOption | None:
    return choose(
        [
            DoorOption(box.label, size_of(box), frozenset(box.features), state.compartment(box.label).openings)
            for box in boxes
        ],
        list(_sizes([delivery])),
        frozenset(delivery.features),
        seated=delivery.seated,
        larger_than=visit.outgrown.get(delivery.delivery),
    )


def _opening(
    delivery: Delivery, door: str, generation: int, visit: Visit, ids: Ids, *, deliveries: list[UUID] | None = None
) -> Opening:
    return Opening(
        opening=ids.new(),
        door=door,
        generation=generation,
        purpose="deposit",
        grant=delivery.deposit_grant,
        credential="tracking" if delivery.announced or delivery.collect_grant is None else "own",
        deliveries=[delivery.delivery] if deliveries is None else deliveries,
        visit=visit.id,
        state=lifecycle.OPENING.start,
    )


def _same_collector(delivery: Delivery, collector: bytes) -> bool:
    return delivery.announced and delivery.collector == collector


def _reopenable(state: State, sight: Sight, place: Occupancy) -> bool:
    """Nobody has the right to it but the collector, who has not used it, and the door can be released."""
    return (
        place.grant is not None
        and not has_ended(state, place.grant)
        and not state.compartment(place.label).blocked
        and state.under_way(place.label) is None
        and sight.ready(place.label)
        and sight.fit_for_use(place.label)
    )


def _goes_with(state: State, delivery: Delivery, door: str, joining: Iterable[UUID], visit: Visit) -> bool:
    """Whether it fits in with all that lies behind the door and what is `joining` just now."""
    place, box = state.occupancies.get(door), state.boxes.get(door)
    inside = [*(place.deliveries if place else ()), *joining]
    if box is None or delivery.delivery in visit.outgrown or len(inside) >= TOGETHER:
        return False
    if not set(delivery.features) <= set(box.features):
        return False
    company = [state.deliveries[other] for other in inside if other in state.deliveries]
    return fits_together(_sizes([*company, delivery]), size_of(box))


def size_of(box: CompartmentGiven) -> Size:
    """Inner sides in mm."""
    return Size(box.width, box.height, box.depth)


def _sizes(deliveries: Iterable[Delivery]) -> Iterator[Size]:
    for delivery in deliveries:
        for item in delivery.items:
            yield Size(item.width, item.height, item.depth)


def has_ended(state: State, grant: UUID) -> bool:
    """The bank knows that this grant opens nothing any more."""
    known = state.grants.get(grant)
    return known is not None and known.state is not lifecycle.Grant.LIVE
