"""What became of a deposit when its door was shut: pure rules of the state.

What nobody saw is never guessed: a door is free again only when something says that it is empty, and where
something should be and nobody can tell, it stays out of the pool.
"""

from collections.abc import Iterable, Iterator
from typing import Final, Literal
from uuid import UUID

import msgspec

from cranny.core.errors import Refused
from cranny.edge import lifecycle
from cranny.edge.change import Ruled
from cranny.edge.draft import Draft
from cranny.edge.minting import is_minted
from cranny.edge.outcomes import NotStored, Settled, Shut, Stored
from cranny.edge.placing import has_ended, size_of
from cranny.edge.rights import end, ended_unseen, is_withdrawn
from cranny.edge.rows import Delivery, GivenMeanwhile, Occupancy, Opening, Row, Tracking
from cranny.edge.state import State
from cranny.edge.visits import TooSmall
from cranny.wire.allocation import Size
from cranny.wire.kinds import DepositAbandoned, DepositStored, DoorShut, Evidence

_SHARED: Final = Size(0, 0, 0)

Reason = Literal["too-small", "not-opened", "withdrawn", "empty", "unsecured", "unknown"]


def settle(state: State, opening: UUID, content: bool | None, said: TooSmall | None) -> Ruled[Settled]:
    """The door was shut. `content` is what its sensor says; `said` when the courier found it too small."""
    draft, now = Draft(state), state.openings[opening]
    draft.say(DoorShut(opening=opening, door=now.door, generation=now.generation))
    draft.turn(now, lifecycle.Turn.SHUT)
    shared = state.occupancies.get(now.door)
    if not now.deliveries:
        if content is False:
            draft.block(now.door, "sensor-contradiction")
        return draft.change(), Shut(now.door, opening)
    evidence, reason, doubt = _verdict(now, content, shared is not None, said)
    if doubt:
        draft.block(now.door, doubt)
    told = _store(draft, now, shared, evidence) if evidence else _abandon(draft, now, reason)
    return draft.change(), told


def too_small(state: State, opening: UUID) -> Ruled[tuple[UUID, Size, bool]]:
    """The last delivery of this opening does not fit: (delivery, what its next box has to be larger than, whether it
    was alone). Where it had to share, a box of its own may be as small as any; what was to lie beside it stays. Raises
    Refused `no_visit` when the door was shut meanwhile."""
    draft, now = Draft(state), state.openings.get(opening)
    if now is None:
        raise Refused("The door is shut already.", code="no_visit")
    *others, last = now.deliveries
    if others:
        draft.put(msgspec.structs.replace(now, deliveries=others))
    box = None if others or now.door in state.occupancies else state.boxes.get(now.door)
    return draft.change(), (last, size_of(box) if box else _SHARED, not others)


def forget_unstored(state: State) -> Ruled[None]:
    """Tracking numbers that nobody announced and that were taken away again are nobody's business any more, and a
    code that the bank made for nothing opens nothing."""
    draft = Draft(state)
    for one in list(state.deliveries.values()):
        awaited = one.state is lifecycle.Delivery.AWAITED and state.being_stored(one.delivery) is None
        if one.announced or not awaited:
            continue
        to = lifecycle.DELIVERY.move(one.state, lifecycle.Handling.FORGET).to
        draft.put(msgspec.structs.replace(one, state=to))
        if one.delivery in state.texts:
            draft.put(Tracking(one.delivery, ""))
        if one.collect_grant in state.grants:
            draft.put(end(state.grants[one.collect_grant], lifecycle.Deed.REVOKE))
    return draft.change(), None


def _verdict(
    opening: Opening, content: bool | None, shared: bool, said: TooSmall | None
) -> tuple[Evidence | None, Reason, str]:
    """(evidence when it is stored, else the reason why not, what to block the door for)."""
    doubtful = opening.state is lifecycle.Opening.DOUBTFUL
    if said is not None:
        if content is None:
            return None, "too-small", "" if shared or said.emptied else "not-confirmed-empty"
        as_it_should = content is shared  # the others' things are still inside, or nothing is
        return None, "too-small", "" if as_it_should else "sensor-contradiction"
    if content is False:
        return None, "unknown" if doubtful else "empty", "sensor-contradiction" if shared else ""
    if content and not shared:
        return "sensed", "empty", ""
    if doubtful or opening.overdue:
        return None, "unknown" if doubtful else "unsecured", "uncertain"
    return "inferred", "empty", ""


def _store(draft: Draft, opening: Opening, shared: Occupancy | None, evidence: Evidence) -> Settled:
    state = draft.state
    stored = [state.deliveries[delivery] for delivery in opening.deliveries]
    offered = [shared.grant] if shared else []
    offered += [delivery.collect_grant for delivery in stored]
    grants = [grant for grant in offered if grant is not None]
    opens = next((grant for grant in grants if not has_ended(state, grant)), grants[0] if grants else None)
    superseded = [grant for grant in grants if grant != opens]
    unannounced = [delivery.delivery for delivery in stored if not delivery.announced]
    texts = {str(one): state.texts[one] for one in unannounced if one in state.texts}
    draft.say(
        DepositStored(
            opening=opening.opening,
            door=opening.door,
            generation=opening.generation,
            deliveries=opening.deliveries,
            grant=opens,
            evidence=evidence,
            superseded=superseded,
            unannounced=unannounced,
            minted=is_minted(state, opens),
        ),
        beside={"tracking": texts} if texts else None,
    )
    draft.put(*_stored_rows(state, stored, superseded, unannounced))
    draft.put(
        Occupancy(
            label=opening.door,
            generation=opening.generation,
            grant=opens,
            collector=shared.collector if shared else stored[0].collector,
            visit=shared.visit if shared else _visit(opening),
            deliveries=[*(shared.deliveries if shared else ()), *opening.deliveries],
        )
    )
    return Stored(opening.door, opening.opening, _visit(opening), len(stored), evidence)


def _stored_rows(
    state: State, stored: Iterable[Delivery], superseded: Iterable[UUID], unannounced: Iterable[UUID]
) -> Iterator[Row]:
    for delivery in stored:
        to = lifecycle.DELIVERY.move(delivery.state, lifecycle.Handling.DEPOSIT).to
        yield msgspec.structs.replace(delivery, state=to)
        if delivery.delivery in state.meanwhile:
            yield GivenMeanwhile(delivery.delivery, b"")
    for grant in superseded:
        known = state.grants.get(grant)
        deed = lifecycle.Deed.SUPERSEDE
        yield end(known, deed) if known else ended_unseen(grant, deed)
    for delivery_id in unannounced:
        if delivery_id in state.texts:
            yield Tracking(delivery_id, "")


def _abandon(draft: Draft, opening: Opening, reason: Reason) -> Settled:
    if reason == "empty" and all(is_withdrawn(draft.state, draft.state.deliveries[one]) for one in opening.deliveries):
        reason = "withdrawn"
    draft.say(
        DepositAbandoned(
            opening=opening.opening,
            door=opening.door,
            generation=opening.generation,
            deliveries=opening.deliveries,
            reason=reason,
        )
    )
    return NotStored(opening.door, opening.opening, _visit(opening), reason)


def _visit(opening: Opening) -> UUID:
    if opening.visit is None:
        raise AssertionError("a deposit belongs to a visit")
    return opening.visit
