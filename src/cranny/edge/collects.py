"""Who may open which door to take something out, and what became of it when the door was shut: pure rules."""

from collections.abc import Iterator
from uuid import UUID

import msgspec

from cranny.core.errors import Refused
from cranny.core.ids import Ids
from cranny.edge import lifecycle, renewal
from cranny.edge.change import Ruled
from cranny.edge.draft import Draft, Sight
from cranny.edge.grace import begin, one_less
from cranny.edge.outcomes import Collected, LeftBehind, Settled, Shut
from cranny.edge.placing import Placed
from cranny.edge.rights import end
from cranny.edge.rows import Again, Compartment, Credential, Delivery, Grant, Occupancy, Opening, Row
from cranny.edge.state import State
from cranny.edge.steps import intent
from cranny.wire.kinds import CollectFinished, CollectLeft, DoorShut, Evidence


def intend(state: State, sight: Sight, grant: UUID, credential: Credential, ids: Ids) -> Ruled[Placed]:
    """The door of a grant whose credential was proven a moment ago. Raises Refused with an `outcomes.Reason`."""
    now = state.grants.get(grant)
    if now is None or now.state is not lifecycle.Grant.LIVE:
        raise Refused("This grant has ended.", code="wrong")
    door, generation = _behind(state, now)
    under_way = state.under_way(door)
    if under_way is not None:
        return Draft(state).change(), _already(sight, under_way, grant)
    if now.purpose != "inspect" and renewal.held_back(state, door):
        raise Refused("Somebody has to look behind this door first.", code="inventory")
    if now.tries:
        now = msgspec.structs.replace(now, tries=0)
    return release_for(state, sight, _opening(now, door, generation, credential, ids), now)


def intend_again(state: State, sight: Sight, again: Again, ids: Ids) -> Ruled[Placed]:
    """The door once more, for whoever collected a moment ago and forgot something, unless it has gone to somebody
    else since."""
    box = state.compartment(again.door)
    if box.generation != again.generation or again.door in state.occupancies:
        raise Refused("This grant is used.", code="wrong")
    under_way = state.under_way(again.door)
    if under_way is not None:
        return Draft(state).change(), _already(sight, under_way, again.grant)
    opening = _opening(again.as_grant(), again.door, again.generation, "reopen", ids)
    return release_for(state, sight, opening, one_less(again))


def settle(state: State, opening: UUID, content: bool | None, now_ms: int) -> Ruled[Settled]:
    """The door was shut, at `now_ms` of the edge's time. `content` is what its sensor says."""
    draft, now = Draft(state), state.openings[opening]
    draft.say(DoorShut(opening=opening, door=now.door, generation=now.generation))
    draft.turn(now, lifecycle.Turn.SHUT)
    place = state.occupancies.get(now.door)
    doubtful = now.state is lifecycle.Opening.DOUBTFUL
    if now.credential == "reopen":
        if content:
            draft.block(now.door, "left-after-collect")
        return draft.change(), Shut(now.door, opening)
    if content is None and doubtful and not now.seen_open:  # it may never have opened: the grant still opens
        return draft.change(), Shut(now.door, opening)
    if content or (content is None and now.purpose == "inspect" and place is not None):
        return left(draft, now, place)
    if content is None and doubtful:  # whoever stood there may have walked away from a dead screen
        draft.block(now.door, "uncertain")
    elif now.purpose == "inspect":
        draft.clear(now.door, opening)
    used = state.grants.get(now.grant) if now.grant and now.purpose != "inspect" else None
    if used is not None:
        draft.put(begin(used, now.door, now.generation, state, now_ms))
    return finish(draft, now, place, "inferred" if content is None else "sensed")


def _behind(state: State, grant: Grant) -> tuple[str, int]:
    """(door, generation) that the grant opens."""
    place = state.lies_behind(grant)
    if place is not None:
        return place.label, place.generation
    box = state.compartment(grant.door)
    # A generation of an epoch that was given up is not this epoch's; whoever comes to look into a doubt may.
    if grant.purpose == "inspect" and (box.generation == grant.generation or box.blocked == renewal.UNCOUNTED):
        return grant.door, box.generation
    raise Refused("Nothing lies behind a door for this.", code="nothing_here")


def _already(sight: Sight, opening: Opening, grant: UUID) -> Placed:
    if opening.grant != grant or opening.purpose == "deposit" or not sight.stands_open(opening.door):
        raise Refused("This door is being dealt with.", code="busy")
    return Placed(opening, pulse=False)


def _opening(grant: Grant, door: str, generation: int, credential: Credential, ids: Ids) -> Opening:
    return Opening(
        opening=ids.new(),
        door=door,
        generation=generation,
        purpose=grant.purpose,
        grant=grant.grant,
        credential=credential,
        deliveries=[],
        visit=None,
        state=lifecycle.OPENING.start,
    )


def release_for(
    state: State, sight: Sight, opening: Opening, right: Row | None, token: UUID | None = None
) -> Ruled[Placed]:
    """The intent of `opening`, and in the same transaction what becomes of the `right` to it; `token` is the signed one
    that was shown. Raises Refused, code `help`, when the door can't be released."""
    if opening.door not in state.boxes or not sight.ready(opening.door):
        raise Refused("This door can't be released now.", code="help")
    draft, box = Draft(state), state.compartment(opening.door)
    draft.put(Compartment(box.label, box.generation, box.openings + 1, box.blocked), opening)
    if right is not None:
        draft.put(right)
    draft.say(msgspec.structs.replace(intent(opening), token_id=token))
    return draft.change(), Placed(opening, pulse=True)


def left(draft: Draft, opening: Opening, place: Occupancy | None) -> Ruled[Settled]:
    """Something still lies inside. Where it is known what, an inspection has settled the doubt."""
    draft.say(
        CollectLeft(
            opening=opening.opening,
            door=opening.door,
            generation=opening.generation,
            grant=opening.grant,
            deliveries=place.deliveries if place else [],
        )
    )
    here = opening.purpose == "inspect" and opening.credential != "command"  # who asks from afar has not looked
    looked = here and opening.state is not lifecycle.Opening.DOUBTFUL
    if looked and place is not None and place.generation == opening.generation:
        draft.clear(opening.door, opening.opening)
    return draft.change(), LeftBehind(opening.door, opening.opening)


def finish(draft: Draft, opening: Opening, place: Occupancy | None, evidence: Evidence) -> Ruled[Settled]:
    """Nothing lies inside any more."""
    draft.say(
        CollectFinished(
            opening=opening.opening,
            door=opening.door,
            generation=opening.generation,
            purpose=opening.purpose,
            grant=opening.grant,
            deliveries=place.deliveries if place else [],
            evidence=evidence,
        )
    )
    if place is not None:
        draft.put(msgspec.structs.replace(place, ended=True), *_gone(draft.state, place))
    used = draft.state.grants.get(opening.grant) if opening.grant else None
    if used is not None:
        draft.put(end(used, lifecycle.Deed.USE))
    return draft.change(), Collected(opening.door, opening.opening, opening.purpose, evidence)


def _gone(state: State, place: Occupancy) -> Iterator[Delivery]:
    for one in place.deliveries:
        delivery = state.deliveries[one]
        to = lifecycle.DELIVERY.move(delivery.state, lifecycle.Handling.HAND_OVER).to
        yield msgspec.structs.replace(delivery, state=to)
