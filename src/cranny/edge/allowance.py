"""What a bank may take in by itself of what nobody announced to it: so many a day, and for so long after it was last
in step with the server. Known deliveries and pick-ups have no such limit. Pure rules.

A day is the edge's own, and those never go back: a clock that is set to and fro gives nothing twice. A clock that has
shown a year far away once would hold the day fast until then; so a day is also over when the controller has run
through 24 hours of it, by the clock that nobody can set. A power cut begins these anew. How long the bank is alone
is told by both as well: where the edge's time stands still, by how long the controller has run since it was in step."""

from typing import Final, Literal

import msgspec

from cranny.core.errors import Refused
from cranny.edge import moment
from cranny.edge.change import Change, Ruled
from cranny.edge.draft import Draft
from cranny.edge.moment import NEVER, Moment
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
    server hears that no more are taken. It began at `mono_ms` of the run `boot`."""

    day: int = 0
    count: int = 0
    told: bool = False
    boot: bytes = b""
    mono_ms: int = 0


def spend(draft: Draft, at: Moment) -> None:
    """One more, `at` this moment. Raises Refused, code `unknown_tracking`, with `paused` saying why."""
    state = draft.state
    today = _today(state, at)
    if reason := _paused(state, today, at):
        raise Refused("No more unknown parcels just now.", code="unknown_tracking", extra={"paused": reason})
    draft.put(_setting(msgspec.structs.replace(today, count=today.count + 1)))


def tell(state: State, reason: Reason, at: Moment) -> Ruled[None]:
    """No more are taken: the server hears of it, once a day."""
    draft, today = Draft(state), _today(state, at)
    if not today.told:
        draft.put(_setting(msgspec.structs.replace(today, told=True)))
        draft.say(DepositPaused(reason=reason, count=today.count))
    return draft.change(), None


def reason_of(paused: str) -> Reason:
    """What a refusal says in `paused`."""
    return "budget" if paused == "budget" else "offline"


def in_step(state: State, at: Moment) -> Ruled[None]:
    """The server holds every fact, and the bank every right, `at` this moment."""
    last = state.in_step
    fresh = last.boot == at.boot and max(at.edge_ms - last.edge_ms, at.mono_ms - last.mono_ms) < IN_STEP_EVERY_MS
    if state.mark.acked < state.mark.seq or fresh:
        return Change(), None
    return Change(rows=[Setting("in_step", moment.pack(at))]), None


def _known(state: State) -> Unknown:
    return msgspec.msgpack.decode(state.unknown, type=Unknown) if state.unknown else Unknown()


def _today(state: State, at: Moment) -> Unknown:
    known, day = _known(state), at.edge_ms // DAY_MS
    if day > known.day:
        return Unknown(day, boot=at.boot, mono_ms=at.mono_ms)
    ran_ms = at.mono_ms - (known.mono_ms if known.boot == at.boot else 0)
    return known if ran_ms < DAY_MS else Unknown(known.day, boot=at.boot, mono_ms=at.mono_ms)


def _paused(state: State, today: Unknown, at: Moment) -> Reason | Literal[""]:
    policy, last = state.policy, state.in_step
    if today.count >= policy.unknown_per_day:
        return "budget"
    ran_ms = at.mono_ms - (last.mono_ms if last.boot == at.boot else 0)
    late = max(at.edge_ms - last.edge_ms, ran_ms) > policy.unknown_offline_h * HOUR_MS
    return "offline" if late and last != NEVER else ""


def _setting(unknown: Unknown) -> Setting:
    return Setting("unknown", msgspec.msgpack.encode(unknown))
