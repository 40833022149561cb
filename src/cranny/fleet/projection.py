"""What facts mean for the server: facts in, one `Change` out. Pure.

A fact that is not understood is kept as it came and listed; it never holds up those behind it.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from cranny.core.errors import Invalid
from cranny.core.events import NewEvent
from cranny.fleet.changes import Change, Ended, FactRow, Finding, Measured, Started, Told
from cranny.fleet.rules import Cursor, Link
from cranny.fleet.times import Received, earlier, occurred
from cranny.wire.facts import Fact
from cranny.wire.kinds import (
    Body,
    CollectFinished,
    DepositNoRoom,
    DepositPaused,
    DepositStored,
    DiskFilled,
    DoorBlocked,
    DoorCleared,
    DoorCounted,
    DoorLeftOpen,
    KeypadSlowed,
    OpeningIntended,
    TelemetrySummed,
    unpack,
)

LONGEST: Final = 300
"""Characters of an explanation that are kept."""
SLOWEST_MS: Final = 30_000
"""The keypad's longest pause, which eight wrong codes in a row come to: at that rate they are some thirty in ten
minutes at most, so there is nothing further to wait for."""
LONGEST_MS: Final = 10 * 365 * 24 * 3_600_000
"""No window is older than its bank."""


def project(bank: UUID, links: Sequence[Link], received: Received, floor: datetime | None) -> Change:
    """The change that `links` (at least one, in order) make. `floor` is when the fact before them happened."""
    made = _Making(bank, received, floor)
    for link in links:
        made.take(link)
    return made.change(_cursor(links[-1]))


def refuse(bank: UUID, link: Link, why: str) -> Change:
    """Keep a fact that breaks a rule of the store, and list it."""
    kind = link.fact.kind if link.fact else ""
    found = _finding(bank, "fact_refused", link, kind, why)
    return Change(bank, _cursor(link), None, rows=(FactRow(link, kind, projected=False),), findings=(found,))


class _Making:
    """A change in the making."""

    def __init__(self, bank: UUID, received: Received, floor: datetime | None) -> None:
        self._bank = bank
        self._subject = f"banks/{bank}"
        self._about = {"bank": str(bank)}
        self._received = received
        self._time = floor
        self._rows: list[FactRow] = []
        self._told: list[Told] = []
        self._findings: list[Finding] = []
        self._blocked: dict[str, str | None] = {}
        self._doors: list[Started | Ended] = []
        self._measured: list[Measured] = []

    def take(self, link: Link) -> None:
        kind = link.fact.kind if link.fact else ""
        body, finding = self._read(link, kind)
        self._rows.append(FactRow(link, kind, projected=body is not None))
        if finding:
            self._findings.append(finding)
        if body is None or link.fact is None:
            return
        self._time = occurred(link.fact, self._received, self._time)
        if isinstance(body, TelemetrySummed):  # measurements are read where they are kept, not in the log
            self._measured.append(_measured(link, body, self._time))
            return
        self._told.append(Told(self._event(link.fact, body), self._time))
        self._apply(body, self._time)

    def change(self, cursor: Cursor) -> Change:
        return Change(
            self._bank,
            cursor,
            self._time,
            rows=tuple(self._rows),
            told=tuple(self._told),
            doors=tuple(self._doors),
            blocked=self._blocked,
            findings=tuple(self._findings),
            measured=tuple(self._measured),
        )

    def _read(self, link: Link, kind: str) -> tuple[Body | None, Finding | None]:
        """The body, or what to list instead."""
        if link.fact is None:
            return None, _finding(self._bank, "fact_invalid", link, kind, link.flaw)
        try:
            body = unpack(link.fact.kind, link.fact.body)
        except Invalid as invalid:
            return None, _finding(self._bank, "fact_invalid", link, kind, invalid.detail)
        if body is None:
            return None, _unknown(self._bank, link, kind)
        return body, None

    def _event(self, fact: Fact, body: Body) -> NewEvent:
        data: dict[str, Any] = msgspec.to_builtins(msgspec.structs.asdict(body))
        data |= self._about
        data["epoch"], data["seq"], data["offline"] = fact.epoch, fact.seq, fact.offline
        door = data.get("door")
        return NewEvent(fact.kind, f"{self._subject}/doors/{door}" if door else self._subject, data)

    def _counted(self, body: DoorCounted, at: datetime) -> None:
        """A difference between the books and what somebody saw is listed; what is not there any more is over."""
        held, disputed = bool(body.deliveries), body.sensed is (body.found == "not_there")
        if body.found == "not_there" and held and not disputed:
            self._doors.append(Ended(body.door, body.generation, at))
        missing = "inventory_missing" if held and body.found == "not_there" else ""
        kind = "inventory_disputed" if disputed else "inventory_other" if body.found == "other" else missing
        if kind:
            detail = {
                "generation": body.generation,
                "deliveries": [str(one) for one in body.deliveries],
                "sensed": body.sensed,
            }
            self._findings.append(Finding(self._bank, kind, f"{self._subject}/doors/{body.door}", detail))

    def _apply(self, body: Body, at: datetime) -> None:
        if isinstance(body, DepositStored):
            self._doors.append(Started(body.door, body.generation, tuple(body.deliveries), body.grant, at))
        elif isinstance(body, CollectFinished):
            self._doors.append(Ended(body.door, body.generation, at))
        elif isinstance(body, DoorBlocked):
            self._blocked[body.door] = body.reason
        elif isinstance(body, DoorCleared):
            self._blocked[body.door] = None
        elif isinstance(body, OpeningIntended):
            if body.token_id and body.attempt == 1:
                self._findings.append(_locally(self._bank, body))
        elif isinstance(body, DepositPaused):
            self._findings.append(
                Finding(self._bank, "unknown_paused", self._subject, {"reason": body.reason, "count": body.count})
            )
        elif isinstance(body, DepositNoRoom):
            self._findings.append(
                Finding(self._bank, "no_room", f"deliveries/{body.delivery}", {"free": body.free, "at": at.isoformat()})
            )
        else:
            self._list(body, at)

    def _list(self, body: Body, at: datetime) -> None:
        if isinstance(body, DoorCounted):
            self._counted(body, at)
        elif isinstance(body, DoorLeftOpen | DiskFilled):
            self._findings.append(_trouble(self._bank, body))
        elif isinstance(body, KeypadSlowed) and body.delay_ms >= SLOWEST_MS:
            self._findings.append(Finding(self._bank, "codes_guessed", self._subject, {"delay_ms": body.delay_ms}))


def _measured(link: Link, body: TelemetrySummed, at: datetime) -> Measured:
    """The window where the fact's own time puts it."""
    ended = earlier(at, min(body.age_ms, LONGEST_MS))
    start = earlier(ended, min(body.span_ms, LONGEST_MS))
    return Measured(link.epoch, link.seq, start, ended, body.doubtful, body.channels)


def _trouble(bank: UUID, body: DoorLeftOpen | DiskFilled) -> Finding:
    """Somebody has to go there."""
    if isinstance(body, DiskFilled):
        return Finding(bank, "disk_full", f"banks/{bank}")
    return Finding(bank, "door_left_open", f"banks/{bank}/doors/{body.door}", {"for_s": body.for_s})


def _cursor(link: Link) -> Cursor:
    return Cursor(link.epoch, link.seq, link.hash)


def _finding(bank: UUID, kind: str, link: Link, fact: str, why: str) -> Finding:
    detail = {"epoch": link.epoch, "seq": link.seq, "fact": fact, "why": _plain(why)}
    return Finding(bank, kind, f"banks/{bank}/facts/{link.epoch}/{link.seq}", detail)


def _locally(bank: UUID, body: OpeningIntended) -> Finding:
    """Somebody opened with a signed token, maybe while the bank could not ask: whoever runs it is told."""
    detail = {"opening": str(body.opening), "purpose": body.purpose, "generation": body.generation}
    detail["token_id"] = str(body.token_id)
    return Finding(bank, "opened_locally", f"banks/{bank}/doors/{body.door}", detail)


def _unknown(bank: UUID, link: Link, kind: str) -> Finding:
    """One for all facts of this kind: a bank that is newer than the server sends many."""
    detail = {"epoch": link.epoch, "seq": link.seq, "fact": kind}
    return Finding(bank, "fact_unknown", f"banks/{bank}/kinds/{kind}", detail)


def _plain(text: str) -> str:
    return text.replace("\x00", "�")[:LONGEST]
