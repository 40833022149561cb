"""A courier's visit: from the first scan until they are done or have gone. Lives in memory only; a restart ends it."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, field
from uuid import UUID

from cranny.core.ids import Ids
from cranny.edge.minting import Minted
from cranny.wire.allocation import Size


@dataclass(slots=True)
class TooSmall:
    """Said of `delivery` while its door stands open, at the moment `at`. `emptied`: the courier says that nothing
    stays inside. `alone`: nothing else was to be stored by the same opening."""

    delivery: UUID
    at: float
    emptied: bool
    alone: bool


@dataclass(slots=True)
class Visit:
    """`turn` lets one deposit of the visit reach its open door before the next begins."""

    id: UUID
    touched: float
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    scanned: set[bytes] = field(default_factory=set)
    last: UUID | None = None
    """The opening that stands or stood open last."""
    too_small: dict[UUID, TooSmall] = field(default_factory=dict)
    """By opening."""
    outgrown: dict[UUID, Size] = field(default_factory=dict)
    """By delivery: the box that it did not fit into."""
    minted: list[Minted] = field(default_factory=list)
    """Codes that are shown once what they open is stored, and then forgotten."""
    turned_away: set[UUID] = field(default_factory=set)
    """Deliveries that no door was right for."""
    stored: int = 0

    def take_code(self, opens: Collection[UUID | None]) -> Minted | None:
        """One of `minted` whose grant is among those that open something by now; it is forgotten here."""
        stored = next((minted for minted in self.minted if minted.grant.grant in opens), None)
        if stored is not None:
            self.minted.remove(stored)
        return stored


class Visits:
    """The kiosk has one visit at a time."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids
        self._now: Visit | None = None

    def current(self, now: float, idle_s: float) -> Visit | None:
        """The visit under way; one that was idle for longer is over."""
        if self._now is not None and now - self._now.touched > idle_s:
            self._now = None
        return self._now

    def touch(self, now: float, idle_s: float) -> Visit:
        """The visit under way, or a new one."""
        visit = self.current(now, idle_s)
        if visit is None:
            visit = self._now = Visit(self._ids.new(), now)
        visit.touched = now
        return visit

    def end(self, visit: UUID) -> Visit | None:
        """End it, if it is the one under way."""
        ended = self._now
        if ended is None or ended.id != visit:
            return None
        self._now = None
        return ended
