"""Facts into a store: judged by the rules, projected, written together with the cursor. The caller commits, and
only then tells the bank.

Batches of many banks go in one transaction. When one of them can't be, each bank is taken by itself, and a batch
that still can't be is halved until the fact that breaks a rule is found: that one is kept as it came, and listed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import structlog

from cranny.core.errors import Invalid
from cranny.fleet import rules
from cranny.fleet.changes import Breach, Change, Finding
from cranny.fleet.lifecycle import BankTrigger
from cranny.fleet.projection import project, refuse
from cranny.fleet.rules import Link, Plan, Verdict
from cranny.fleet.store import Store, Uplink
from cranny.fleet.times import received
from cranny.wire.messages import FactAck, FactBatch

NOT_ENROLLED: Final = "not-enrolled"
"""`FactAck.refused` for a key that may not, or may no longer, speak for the bank."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Arrival:
    """A batch whose signature holds for `public_key` (an NKEY), and when it came."""

    batch: FactBatch
    public_key: str
    at: datetime


@dataclass(frozen=True, slots=True)
class _Judged:
    arrival: Arrival
    uplink: Uplink
    plan: Plan


async def take_many(store: Store, arrivals: Sequence[Arrival]) -> list[FactAck]:
    """Take `arrivals`, at most one for each bank, and say what to tell each bank after the commit. Raises Breach
    when one of them can't be taken as a whole: leave the transaction, and `take_one` each."""
    judged = await _judge(store, arrivals)
    changes = [change for one in judged if isinstance(one, _Judged) and (change := _change(one))]
    await store.apply(changes)
    return [rules.answer(one.plan) if isinstance(one, _Judged) else one for one in judged]


async def take_one(store: Store, arrival: Arrival) -> FactAck:
    """Take one batch, whatever its facts are."""
    (judged,) = await _judge(store, [arrival])
    if not isinstance(judged, _Judged):
        return judged
    try:
        async with store.attempt():
            change = _change(judged)
            await store.apply([change] if change else [])
    except Breach:
        await _take_apart(store, judged)
    return rules.answer(judged.plan)


async def _judge(store: Store, arrivals: Sequence[Arrival]) -> list[_Judged | FactAck]:
    """For each arrival the plan, or the refusal."""
    uplinks = await store.uplinks({arrival.batch.bank for arrival in arrivals})
    judged: list[_Judged | FactAck] = []
    for arrival in arrivals:
        batch, uplink = arrival.batch, uplinks.get(arrival.batch.bank)
        # The key is compared under the lock: a controller that was replaced a moment ago says nothing more.
        if uplink is None or not uplink.public_key or uplink.public_key != arrival.public_key:
            judged.append(refusal(NOT_ENROLLED))
            continue
        try:
            rules.check_shape(batch)
        except Invalid as malformed:
            judged.append(refusal(malformed.code))
            continue
        held = rules.overlap(uplink.cursor, batch)
        known = await store.hashes(batch.bank, batch.epoch, held) if held else {}
        judged.append(_Judged(arrival, uplink, rules.plan(uplink.cursor, batch, known)))
    return judged


def refusal(code: str) -> FactAck:
    """Nothing was taken, and why."""
    return FactAck(epoch=0, seq=0, refused=code)


def _change(judged: _Judged) -> Change | None:
    """All that the batch comes to; None when that is nothing. Raises Breach."""
    frame = _frame(judged)
    links = judged.plan.links
    if not links:
        return frame
    change = _project(judged, links, judged.uplink.head_time)
    if frame is None:
        return change
    return replace(
        change,
        findings=(*frame.findings, *change.findings),
        trigger=frame.trigger,
        renew=frame.renew,
        lift_downlink=frame.lift_downlink,
    )


async def _take_apart(store: Store, judged: _Judged) -> None:
    frame = _frame(judged)
    if frame:
        await store.apply([frame])
    await _halve(store, judged, judged.plan.links, judged.uplink.head_time)


async def _halve(store: Store, judged: _Judged, links: Sequence[Link], floor: datetime | None) -> datetime | None:
    """Take `links`, leaving out what breaks a rule. Returns when the last of them happened."""
    try:
        change = _project(judged, links, floor)
        async with store.attempt():
            await store.apply([change])
    except Breach as breach:
        if len(links) == 1:
            await store.apply([refuse(judged.uplink.bank, links[0], str(breach))])
            return floor
    else:
        return change.head_time
    middle = len(links) // 2
    floor = await _halve(store, judged, links[:middle], floor)
    return await _halve(store, judged, links[middle:], floor)


def _project(judged: _Judged, links: Sequence[Link], floor: datetime | None) -> Change:
    arrival = judged.arrival
    try:
        return project(judged.uplink.bank, links, received(arrival.batch, arrival.at), floor)
    except Exception as bug:
        # It is pure, so it would be the same every time, and the bank would be held up for ever.
        log.exception("projection failed", bank=str(judged.uplink.bank), first=links[0].seq)
        raise Breach(f"the server has a bug: {type(bug).__name__}") from bug


def _frame(judged: _Judged) -> Change | None:
    """What the batch means besides its facts: a fork, a new epoch, a downlink that the server lost."""
    plan, uplink, batch = judged.plan, judged.uplink, judged.arrival.batch
    findings: list[Finding] = []
    trigger = None
    lift = batch.applied if batch.applied > uplink.down_head else 0
    where = f"banks/{uplink.bank}/epochs/{batch.epoch}"
    held = {"held_epoch": uplink.cursor.epoch, "held_seq": uplink.cursor.seq}
    detail = {"epoch": batch.epoch, "first": batch.first, "why": plan.flaw, **held}
    if plan.verdict is Verdict.FORKED and plan.cursor != uplink.cursor:
        findings.append(Finding(uplink.bank, "chain_forked", where, detail))
        trigger = BankTrigger.FORK
    if plan.verdict is Verdict.CLOSED:
        findings.append(Finding(uplink.bank, "epoch_closed", where, detail))
    if plan.opened and batch.epoch > 1:
        findings.append(Finding(uplink.bank, "epoch_started", where, detail))
        trigger = BankTrigger.EPOCH
    if not findings and not lift:
        return None
    # The facts, when there are any, move the cursor themselves; a gap moves nothing.
    cursor = uplink.cursor if plan.links or plan.verdict is Verdict.GAP else plan.cursor
    return Change(
        uplink.bank,
        cursor,
        None,
        findings=tuple(findings),
        trigger=trigger,
        renew=batch.epoch if plan.opened and batch.epoch > 1 else 0,
        lift_downlink=lift,
    )
