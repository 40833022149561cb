"""What a signed token opens, and when: pure rules. Used once, and that is on the disk with the intent of the opening;
for one bank, one door and what lies there. A clock only ever refuses."""

from cranny.core.errors import Refused
from cranny.core.ids import Ids
from cranny.edge import lifecycle
from cranny.edge.change import Ruled
from cranny.edge.collects import release_for
from cranny.edge.draft import Sight
from cranny.edge.placing import Placed
from cranny.edge.rows import Opening, UsedToken
from cranny.edge.state import State
from cranny.wire.tokens import TOLERANCE_S, Token


def check_time(token: Token, edge_ms: int, *, clock_known: bool, in_reach: bool) -> None:
    """Raises Refused, code `wrong`. A bank whose clock was never set takes no token unless the server is in reach."""
    if not clock_known and not in_reach:
        raise _no("Nobody knows what time it is here.")
    if edge_ms > (token.expires + TOLERANCE_S) * 1000:
        raise _no("This token has expired.")


def intend(state: State, sight: Sight, token: Token, ids: Ids) -> Ruled[Placed]:
    """The door of a token whose signature holds. Raises Refused with an `outcomes.Reason`."""
    if token.bank != state.mark.bank.bytes:
        raise _no("This token is for another bank.")
    if token.id in state.used_tokens or token.id in state.grants:
        raise _no("This token was used, or taken back.")
    if state.under_way(token.door) is not None:
        raise Refused("This door is being dealt with.", code="busy")
    opening = Opening(
        opening=ids.new(),
        door=token.door,
        generation=_generation(state, token),
        purpose=token.purpose,
        grant=None,
        credential="token",
        deliveries=[],
        visit=None,
        state=lifecycle.OPENING.start,
    )
    return release_for(state, sight, opening, UsedToken(token.id, token.expires), token.id)


def _generation(state: State, token: Token) -> int:
    """What lies there has to be what the server thought of when it signed."""
    place = state.occupancies.get(token.door)
    if place is not None and place.generation == token.generation:
        return place.generation
    last = state.compartment(token.door).generation
    if place is None and token.purpose == "inspect" and token.generation in {0, last}:
        return last
    raise Refused("Something else lies there by now.", code="nothing_here")


def _no(why: str) -> Refused:
    return Refused(why, code="wrong")
