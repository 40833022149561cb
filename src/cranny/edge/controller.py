"""The bank's front: what is scanned, typed and pressed comes in here, and nothing of it ever names a door."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Final
from uuid import UUID

import msgspec

from cranny.core.clock import Clock
from cranny.core.errors import Refused
from cranny.core.ids import Ids
from cranny.core.lifecycle import Move
from cranny.edge import bearer, collects, command_rules, inventory, placing, steps, storing
from cranny.edge.change import Ruled
from cranny.edge.counting import Counter
from cranny.edge.credentials import Gate, Proven
from cranny.edge.crew import Crew
from cranny.edge.disk import DiskFull
from cranny.edge.drivers import BoardSilent, Driver
from cranny.edge.journal import Journal
from cranny.edge.lifecycle import Opening as OpeningState
from cranny.edge.minting import Minted
from cranny.edge.opening import Opener, Result, Tell
from cranny.edge.outcomes import (
    Answer,
    Changed,
    Collected,
    NextDoor,
    NotStored,
    Opened,
    Refusal,
    Settled,
    ShutFirst,
    Stored,
    VisitDone,
    refusal,
)
from cranny.edge.placing import Placed, Scan
from cranny.edge.rows import Credential, Opening
from cranny.edge.sensors.board import address as input_of
from cranny.edge.state import State
from cranny.edge.turned_away import tell_of
from cranny.edge.views import KioskState, Link, opened, view
from cranny.edge.visits import TooSmall, Visit, Visits
from cranny.edge.wall import Wall
from cranny.wire.allocation import Size
from cranny.wire.codes import normal_tracking, parse_qr, tracking_digest
from cranny.wire.doors import STANDS_OPEN, Door, Happening

DOORS_TRIED: Final = 3
"""Doors that one scan may find stuck: when more are, it is not the doors, and blocking all of them helps nobody."""
LABEL: Final = range(4, 65)
"""Signs that a tracking number may have."""
QR_LENGTH: Final = 33
QR_MARK: Final = "C"
PATIENCE_S: Final = 20.0
"""Seconds that a scan may wait for the ones before it. Later its door would open for somebody who has given up."""
LISTEN_AGAIN_S: Final = 1.0
_HELP: Final = Refusal("help")


class Controller:
    """`tell` gets what happens after an answer was given: doors that are shut, parcels that are stored. `link` says
    how the uplink is."""

    def __init__(
        self,
        journal: Journal,
        driver: Driver,
        gate: Gate,
        *,
        pepper: bytes,
        crew: Crew,
        clock: Clock,
        ids: Ids,
        tell: Tell,
        link: Callable[[], Link],
    ) -> None:
        self.journal = journal
        self.wall = Wall(self._moved_by_itself, lambda _: tell(Changed()))
        self._driver = driver
        self._gate = gate
        self._pepper = pepper
        self._crew = crew
        self._clock = clock
        self._ids = ids
        self._tell = tell
        self._link = link
        self._visits = Visits(ids)
        self._opener = Opener(journal, self.wall, driver, clock=clock, tell=tell)
        self.counter = Counter(journal, self.wall, self._opener, self._attend_counted, clock=clock, ids=ids, tell=tell)

    # ------------------------------------------------------------ the kiosk's side

    async def scan(self, text: str) -> Answer:
        """A QR collects, as does a badge that is known here: some readers type like scanners. Anything else is a
        tracking number to deposit, first of all one that is awaited. Answers once a door is open, or not."""
        qr = parse_qr(text)
        try:
            token = self._gate.token(text, in_reach=self._link() == "online")
            proven = self._gate.scanned(qr) if qr else self._badge(text)
        except Refused as refused:
            return refusal(refused)
        if token is not None:
            opens = partial(bearer.intend, sight=self.wall, token=token, ids=self._ids)
            return await self._crew.ask(self._open(opens), name="token")
        if proven is None:
            return await self._crew.ask(self._deposit(text), name="deposit")
        return await self._crew.ask(self._collect(proven, "qr" if qr else "badge"), name="collect")

    async def show_badge(self, text: str) -> Answer:
        """What a badge reader read: it collects, or opens nothing."""
        try:
            proven = self._gate.badge(text)
        except Refused as refused:
            return refusal(refused)
        if proven is None:
            return Refusal("unknown_badge")
        return await self._crew.ask(self._collect(proven, "badge"), name="collect")

    async def type_code(self, digits: str) -> Answer:
        return await self._crew.ask(self._typed(digits), name="code")

    async def store_own(self, size: Size) -> Answer:
        """Something that whoever stands there stores for themselves; `size` may be (0, 0, 0). Its code is the bank's
        own: `take_code` tells it once the door is shut."""
        return await self._crew.ask(self._store_own(size), name="own storage")

    def take_code(self, visit: UUID) -> Minted | None:
        """The code of what was stored in this visit, once; then nobody knows it but who read it."""
        current = self._visit()
        if current is None or current.id != visit:
            return None
        return current.take_code({place.grant for place in self.journal.state.occupancies.values()})

    async def too_small(self, visit: UUID, *, emptied: bool) -> ShutFirst | Refusal:
        """The parcel of the door that stands open does not fit. `emptied`: nothing stays inside."""
        return await self._crew.ask(self._too_small(visit, emptied=emptied), name="too small")

    def done(self, visit: UUID) -> VisitDone | Refusal:
        """The courier is done."""
        ended = self._visits.end(visit)
        return VisitDone(visit, ended.stored) if ended else Refusal("no_visit")

    def state(self) -> KioskState:
        visit = self._visit()
        return view(self.journal, self.wall, self._link(), visit.id if visit else None)

    @property
    def visiting(self) -> bool:
        """A courier is at it."""
        return self._visit() is not None

    def free(self) -> int:
        """Doors that could take a deposit now."""
        return sum(1 for _ in placing.free(self.journal.state, self.wall))

    # ------------------------------------------------------------ start

    def start(self) -> None:
        """Go on where the journal ends. Nothing here pulses: what was under way waits for what the sensors say."""
        self.refit()
        for opening in self.journal.state.openings.values():
            self.wall.happen(opening.door, Happening.CRASHED)
            self._attend(opening, None, cut_off=True)
        self._crew.spawn(self._watch(), name="watch the doors")

    def refit(self) -> None:
        """Take in the layout that the journal holds."""
        boxes = self.journal.state.boxes
        self.wall.fit(boxes)
        layout = self.journal.state.layout
        inputs = [input_of(channel) for channel in layout.sensors] if layout else []
        self._driver.fit([(box.unit, box.channel) for box in boxes.values()] + [one for one in inputs if one])

    async def _watch(self) -> None:
        while True:
            try:
                await self._driver.watch(self.wall.sense)
            except BoardSilent:
                self.wall.silent()
            await asyncio.sleep(LISTEN_AGAIN_S)

    def _moved_by_itself(self, door: str, before: Door, move: Move[Door]) -> None:
        if Door.FORCED in (before, move.to):
            rule = self.journal.commit(lambda state: steps.moved_by_itself(state, door, before, move))
            self._crew.spawn(rule, name="door moved")

    # ------------------------------------------------------------ deposits

    async def _deposit(self, text: str) -> Answer:
        normal = normal_tracking(text)
        a_torn_qr = len(normal) == QR_LENGTH and normal.startswith(QR_MARK)
        if len(normal) not in LABEL or not normal.isprintable() or a_torn_qr:
            return Refusal("unreadable")
        return await self._store(Scan(tracking_digest(self._pepper, normal), normal, self.journal.moment))

    async def _store(self, scan: Scan) -> Answer:
        scanned = self._clock.monotonic()
        if self._visit() is None:
            await self.journal.commit(storing.forget_unstored)
        visit = self._visits.touch(scanned, self.journal.state.policy.visit_idle_s)
        async with visit.turn:
            if self._clock.monotonic() - scanned > PATIENCE_S:
                return Refusal("busy")
            return await self._place(visit, scan)

    def _badge(self, text: str) -> Proven | None:
        """A scan that is a badge and no parcel's label."""
        awaited = next(self.journal.state.tracked(tracking_digest(self._pepper, text)), None)
        return None if awaited else self._gate.badge(text)

    async def _place(self, visit: Visit, scan: Scan) -> Answer:
        """Open the best door; where one is stuck, the next best."""
        passed_over: list[str] = []
        while len(passed_over) < DOORS_TRIED:
            asked = self._clock.monotonic()
            try:
                placed = await self._intend_deposit(visit, scan)
            except Refused as refused:
                await tell_of(self.journal, visit, refused, self.free())
                return refusal(refused)
            except DiskFull:
                return Refusal("deposits_paused")
            opening = placed.opening
            result = await self._opener.release(opening, asked) if placed.pulse else Result.OPENED
            if result is not Result.STUCK:
                if placed.pulse:
                    self._attend(opening, visit, cut_off=result is Result.UNSEEN)
                visit.scanned.add(scan.digest)
                visit.last, visit.touched = opening.opening, self._clock.monotonic()
                return self._answer(opening, result, passed_over)
            passed_over.append(opening.door)
            self._tell(NextDoor(opening.door, visit.id))
        return Refusal("help")

    async def _store_own(self, size: Size) -> Answer:
        if not self.journal.state.policy.own_storage:
            return Refusal("unknown_tracking")
        try:
            minted = await self._gate.mint(self._ids)
        except Refused as refused:
            return refusal(refused)
        answer = await self._store(Scan(minted.digest, "", self.journal.moment, minted, size))
        visit = self._visit()
        if visit is not None and isinstance(answer, Opened):
            visit.minted.append(minted)
        return answer

    async def _intend_deposit(self, visit: Visit, scan: Scan) -> Placed:
        self._refuse_forked()
        if self.journal.disk.low:
            raise Refused("The disk is nearly full.", code="deposits_paused")
        return await self.journal.commit(
            lambda state: placing.intend(state, self.wall, scan, visit, self._ids), essential=False
        )

    async def _too_small(self, visit_id: UUID, *, emptied: bool) -> ShutFirst | Refusal:
        visit, opening = self._visit(), None
        if visit is not None and visit.id == visit_id and visit.last is not None:
            opening = self.journal.state.openings.get(visit.last)
        if visit is None or opening is None or not self._may_be_too_small(opening, visit):
            return Refusal("no_visit")
        now, id_ = self._clock.monotonic(), opening.opening
        try:
            delivery, size, alone = await self.journal.commit(lambda state: storing.too_small(state, id_))
        except Refused as refused:
            return refusal(refused)
        visit.too_small[id_] = TooSmall(delivery, now, emptied, alone)
        visit.outgrown[delivery] = size
        visit.touched = now
        return ShutFirst(opening.door, visit.id)

    def _may_be_too_small(self, opening: Opening, visit: Visit) -> bool:
        said = opening.opening in visit.too_small
        open_ = opening.state is OpeningState.OPEN and self.wall.state(opening.door) in STANDS_OPEN
        return open_ and bool(opening.deliveries) and not said

    async def _larger(self, visit: Visit, said: TooSmall) -> None:
        """A larger door, for as long as the courier can be thought to stand there."""
        async with visit.turn:
            gone = self._clock.monotonic() - said.at > self.journal.state.policy.visit_idle_s
            delivery = self.journal.state.deliveries.get(said.delivery)
            if not gone and delivery is not None and self._visit() is visit:
                self._tell(await self._place(visit, Scan(delivery.items[0].tracking, "", again=True)))

    # ------------------------------------------------------------ pick-ups

    async def _typed(self, digits: str) -> Answer:
        try:
            proven = await self._gate.typed(digits)
        except Refused as refused:
            return refusal(refused)
        return await self._collect(proven, "code")

    async def _collect(self, proven: Proven, credential: Credential) -> Answer:
        grant, again = proven.grant, proven.again
        if grant.purpose == "inspect" and not grant.door:
            self._tell(await self.counter.begin(grant=grant.grant))
            return Refusal("counting")
        return await self._open(
            lambda state: (
                collects.intend_again(state, self.wall, again, self._ids)
                if again
                else collects.intend(state, self.wall, grant.grant, credential, self._ids)
            )
        )

    async def _open(self, rule: Callable[[State], Ruled[Placed]]) -> Answer:
        asked = self._clock.monotonic()
        try:
            self._refuse_forked()
            placed = await self.journal.commit(rule)
        except Refused as refused:
            return refusal(refused)
        result = Result.OPENED
        if placed.pulse:
            result = await self._opener.release(placed.opening, asked)
            if result is not Result.STUCK:
                self._attend(placed.opening, None, cut_off=result is Result.UNSEEN)
        return self._answer(placed.opening, result, [])

    # ------------------------------------------------------------ from afar

    async def release(self, opening: Opening, asked: float, *, until: float) -> Result:
        """Open the door of a command, whose intent is on the disk; see `Opener.release`."""
        result = await self._opener.release(opening, asked, until=until)
        if result is not Result.STUCK:
            self._attend(opening, None, cut_off=result is Result.UNSEEN)
        if result is not Result.STUCK or self.journal.state.compartment(opening.door).blocked:
            answer = self._answer(opening, result, [])  # whoever stands there sees it; of no pulse nobody need know
            self._tell(msgspec.structs.replace(answer, door=opening.door) if isinstance(answer, Refusal) else answer)
        return result

    # ------------------------------------------------------------ until the door is shut

    def _attend(self, opening: Opening, visit: Visit | None, *, cut_off: bool) -> None:
        work = (
            self._attend_deposit(opening, visit, cut_off=cut_off)
            if opening.purpose == "deposit"
            else self._attend_collect(opening, cut_off=cut_off)
        )
        self._crew.spawn(work, name=f"attend {opening.door}")

    def _attend_counted(self, opening: Opening, cut_off: bool) -> None:
        self._attend(opening, None, cut_off=cut_off)

    async def _attend_deposit(self, opening: Opening, visit: Visit | None, *, cut_off: bool) -> None:
        said_of = visit.too_small if visit else {}
        id_, door = opening.opening, opening.door

        def alone() -> TooSmall | None:
            said = said_of.get(id_)
            return said if said and said.alone else None

        told = await self._opener.attend(
            id_, lambda state: storing.settle(state, id_, self.wall.content(door), alone()), cut_off=cut_off
        )
        if visit is None:
            self._tell(told)
            return
        visit.touched = self._clock.monotonic()
        if isinstance(told, Stored):
            visit.stored += told.deliveries
            told = msgspec.structs.replace(told, so_far=visit.stored)
        self._tell(told)
        said = said_of.pop(id_, None)
        if said and (not said.alone or isinstance(told, NotStored)):
            await self._larger(visit, said)

    async def _attend_collect(self, opening: Opening, *, cut_off: bool) -> None:
        told = await self._opener.attend(opening.opening, lambda state: self._settle(state, opening), cut_off=cut_off)
        if isinstance(told, Collected) and opening.grant is not None and opening.purpose != "inspect":
            within = self.journal.state.policy.reopen_within_s
            self._gate.grace.begin(opening.grant, self._clock.monotonic() + within)
            told = msgspec.structs.replace(told, reopen_s=within)
        self._tell(told)

    def _settle(self, state: State, opening: Opening) -> Ruled[Settled]:
        content = self.wall.content(opening.door)
        if opening.credential == "inventory":
            return inventory.settle(state, opening.opening, content)
        if opening.credential == "command":
            return command_rules.settle(state, opening.opening, content)
        return collects.settle(state, opening.opening, content, self.journal.edge_ms)

    def _answer(self, opening: Opening, result: Result, passed_over: list[str]) -> Answer:
        known = opening.door in self.journal.state.boxes
        return opened(self.journal.state, opening, passed_over) if known and result is Result.OPENED else _HELP

    def _refuse_forked(self) -> None:
        """The server holds another history: nothing new in this one."""
        if self._link() == "forked":
            raise Refused("The bank begins a new epoch.", code="not_ready")

    def _visit(self) -> Visit | None:
        return self._visits.current(self._clock.monotonic(), self.journal.state.policy.visit_idle_s)
