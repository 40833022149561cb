"""What a bank may take in by itself of what nobody announced to it: so many a day, and for so long after it was last
in step with the server. Known deliveries and pick-ups have no such limit. Pure rules; days are the edge's own, which
never go back."""

from typing import Final, Literal

import msgspec

from cranny.core.errors import Refused
from cranny.edge.change import Change, Ruled
from cranny.edge.draft import Draft
from cranny.edge.rows import Setting
from cranny.edge.state import State
from cranny.wire.kinds import DepositPaused

DAY_MS: Final = 86_400_000
HOUR_MS: Final = 3_600_000
IN_STEP_EVERY_MS: Final = 600_000
"""So often, at most, it is written down that the bank is in step."""


Reason = Literal["budget", "offline"]


class Unknown(msgspec.Struct, frozen=True, array_like=True):
    """`count` doors were opened on `day` (since 1970, by the edge's own time) for what nobody announced; `told`: the
    server hears that no more are taken."""

    day: int = 0
    count: int = 0
    told: bool = False


def spend(draft: Draft, at_ms: int) -> None:
    """One more at the moment `at_ms`. Raises Refused, code `unknown_tracking`, with `paused` saying why."""
    state = draft.state
    today = _today(state, at_ms)
    if reason := _paused(state, today, at_ms):
        raise Refused("No more unknown parcels just now.", code="unknown_tracking", extra={"paused": reason})
    draft.put(_setting(Unknown(today.day, today.count + 1, today.told)))


def tell(state: State, reason: Reason, at_ms: int) -> Ruled[None]:
    """No more are taken: the server hears of it, once a day."""
    draft, today = Draft(state), _today(state, at_ms)
    if not today.told:
        draft.put(_setting(Unknown(today.day, today.count, told=True)))
        draft.say(DepositPaused(reason=reason, count=today.count))
    return draft.change(), None


def reason_of(paused: str) -> Reason:
    """What a refusal says in `paused`."""
    return "budget" if paused == "budget" else "offline"


def in_step(state: State, at_ms: int) -> Ruled[None]:
    """The server holds every fact, and the bank every right, at the moment `at_ms`."""
    if state.mark.acked < state.mark.seq or 0 <= at_ms - state.in_step_ms < IN_STEP_EVERY_MS:
        return Change(), None
    return Change(rows=[Setting("in_step", msgspec.msgpack.encode(at_ms))]), None


def _today(state: State, at_ms: int) -> Unknown:
    known = msgspec.msgpack.decode(state.unknown, type=Unknown) if state.unknown else Unknown()
    day = max(known.day, at_ms // DAY_MS)
    return known if day == known.day else Unknown(day)


def _paused(state: State, today: Unknown, at_ms: int) -> Reason | Literal[""]:
    policy = state.policy
    if today.count >= policy.unknown_per_day:
        return "budget"
    late = state.in_step_ms and at_ms - state.in_step_ms > policy.unknown_offline_h * HOUR_MS
    return "offline" if late else ""


def _setting(unknown: Unknown) -> Setting:
    return Setting("unknown", msgspec.msgpack.encode(unknown))
