"""Random days at a small bank: couriers, collectors, thieves, power cuts and crashes in any order. After every step the
invariants hold: I1 only the right one's things come out, I2 one occupancy a door and generations that grow, I3 no
pulse without its intent, I8 one chain (the last two are checked by the lab itself)."""

import asyncio
from contextlib import suppress
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cranny.core.errors import Unavailable
from cranny.edge.outcomes import Opened
from cranny.wire.kinds import Body, CollectFinished, DepositStored, DoorBlocked, DoorCleared, OpeningIntended
from cranny.wire.messages import DeliveryWithdrawn, GrantRevoked

PARCELS, COLLECTORS, DOORS = 8, 3, 5
USUAL = ["deposit"] * 6 + ["collect"] * 6 + ["scan", "type", "symbol", "shut", "shut", "too_small", "done", "wait"]
RARE = ["wrong", "cut_deposit", "cut_collect", "withdraw", "crash", "power", "force", "jam", "blind", "look", "look"]
STEPS = st.lists(st.tuples(st.sampled_from(USUAL * 2 + RARE), st.integers(0, 255)), min_size=10, max_size=40)
DELAYS_S = (0.0, 0.01, 0.05, 0.3, 1.0)


class Day:
    """People and bad luck. A thing is the parcel itself: it knows whose it is."""

    def __init__(self, bank: Any) -> None:
        self.bank = bank
        self.parcels: list[Any] = []
        self.collector: dict[UUID, int] = {}
        self.in_hand: set[UUID] = set()

    async def begin(self) -> None:
        for number in range(PARCELS):
            collector = 1 + number % COLLECTORS
            parcel = await self.bank.announce(f"PARCEL{number}", collector=collector, size=(40, 100, 100))
            self.parcels.append(parcel)
            self.collector[parcel.delivery] = collector
            self.in_hand.add(parcel.delivery)

    def parcel(self, n: int) -> Any:
        return self.parcels[n % PARCELS]

    def door(self, n: int) -> str:
        return f"{1 + n % DOORS:02}"

    async def deposit(self, n: int, *, puts: bool = True, shuts: bool = True) -> None:
        parcel = self.parcel(n)
        answer = await self.bank.controller.scan(parcel.tracking[0])
        if not isinstance(answer, Opened):
            return
        if puts and parcel.delivery in self.in_hand and self.bank.board.is_open(self.bank.at(answer.door)):
            self.bank.board.put(self.bank.at(answer.door), parcel)
            self.in_hand.discard(parcel.delivery)
        if shuts:
            await self.bank.shut(answer.door)

    async def scan(self, n: int) -> None:
        await self.deposit(n // 4, puts=n % 2 == 0, shuts=n % 4 < 2)

    async def collect(self, n: int) -> None:
        """One whose parcel is here, if there is one."""
        here = [one for one in self.parcels if self.bank.state.where(one.delivery)]
        await self.type(4 * self.parcels.index(here[n % len(here)]) if here else 4 * n)

    async def type(self, n: int) -> None:
        parcel = self.parcel(n // 4)
        self.take(parcel, await self.bank.controller.type_code(parcel.digits), n)
        await self.bank.settle()

    async def symbol(self, n: int) -> None:
        parcel = self.parcel(n // 4)
        self.take(parcel, await self.bank.controller.scan(parcel.symbol), n)
        await self.bank.settle()

    def take(self, parcel: Any, answer: Any, n: int) -> None:
        if not isinstance(answer, Opened):
            return
        assert answer.purpose == "collect"
        # Where no sensor looks inside, what is left behind can't be told from what was collected: people take all.
        blind = self.bank.controller.wall.content(answer.door) is None
        if (n % 2 == 0 or blind) and self.bank.board.is_open(self.bank.at(answer.door)):
            for thing in self.bank.board.take(self.bank.at(answer.door)):
                mine, its = self.collector[parcel.delivery], self.collector[thing.delivery]
                assert its == mine, "somebody else's parcel came out"
        if n % 4 < 2:
            self.bank.board.shut(self.bank.at(answer.door))

    async def wrong(self, n: int) -> None:
        pulses = len(self.bank.pulsed)
        answer = await self.bank.controller.type_code(self.parcel(n).wrong)
        assert answer.reason in ("wrong", "wait", "exhausted")
        assert len(self.bank.pulsed) == pulses

    async def cut_deposit(self, n: int) -> None:
        await self.cut(self.parcel(n).tracking[0], n)

    async def cut_collect(self, n: int) -> None:
        await self.cut(self.parcel(n).symbol, n)

    async def cut(self, text: str, n: int) -> None:
        """The controller stops in the middle of something."""
        asking = asyncio.ensure_future(self.bank.controller.scan(text))
        await asyncio.sleep(DELAYS_S[n % len(DELAYS_S)])
        await self.crash(n)
        with suppress(Unavailable):
            await asking

    async def shut(self, n: int) -> None:
        await self.bank.shut(self.door(n))

    async def too_small(self, n: int) -> None:
        visit = self.bank.controller.state().visit
        if visit is not None:
            await self.bank.controller.too_small(visit, emptied=n % 2 == 0)

    async def done(self, _: int) -> None:
        visit = self.bank.controller.state().visit
        if visit is not None:
            self.bank.controller.done(visit)

    async def withdraw(self, n: int) -> None:
        parcel = self.parcel(n)
        await self.bank.give(DeliveryWithdrawn(parcel.delivery), GrantRevoked(parcel.grant))

    async def crash(self, _: int) -> None:
        """No start opens a door (I13)."""
        await self.bank.crash()
        pulses = len(self.bank.pulsed)
        await self.bank.boot()
        assert len(self.bank.pulsed) == pulses

    async def power(self, n: int) -> None:
        """Off and on again, later."""
        self.bank.board.power(on=False)
        await self.bank.settle(n % 5)
        self.bank.board.power(on=True)
        await self.bank.settle(n % 3)

    async def force(self, n: int) -> None:
        self.bank.board.force(self.bank.at(self.door(n)))
        await self.bank.settle()

    async def jam(self, n: int) -> None:
        self.bank.board.jam(self.bank.at(self.door(n)), jammed=n % 2 == 0)

    async def blind(self, n: int) -> None:
        """A sensor that sees nothing any more. One that lies is another story: nobody can be right then."""
        self.bank.board.break_sensor(self.bank.at(self.door(n)))

    async def look(self, n: int) -> None:
        """Staff opens a door that is out of the pool, and takes out what they find."""
        blocked = [box.label for box in self.bank.state.compartments.values() if box.blocked]
        if not blocked:
            return
        box = self.bank.state.compartment(blocked[n % len(blocked)])
        inspection = await self.bank.special(self.parcel(n), "inspect", box.label, box.generation)
        answer = await self.bank.controller.scan(inspection.symbol)
        if isinstance(answer, Opened) and self.bank.board.is_open(self.bank.at(box.label)):
            self.bank.board.take(self.bank.at(box.label))
            await self.bank.shut(box.label)

    async def wait(self, n: int) -> None:
        await self.bank.settle((0.1, 5.0, 100.0, 400.0)[n % 4])


@pytest.mark.slow
@settings(
    max_examples=settings.default.max_examples // 3,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=STEPS, content=st.booleans(), accepts=st.booleans())
def test_whatever_happens(live_bank: Any, steps: list[tuple[str, int]], content: bool, accepts: bool) -> None:
    async def story(bank: Any) -> None:
        day = Day(bank)
        await day.begin()
        for name, n in steps:
            await getattr(day, name)(n)
            bank.check()
        bank.board.power(on=True)
        await bank.settle(30)
        check_history(bank, day)
        assert bank.server.facts == bank.stored()

    live_bank(story, content=content, doors=DOORS, unknown_tracking="accept" if accepts else "refuse")


def check_history(bank: Any, day: Day) -> None:
    """I1 and I2, told by the facts alone."""
    history = History()
    for body in bank.bodies():
        history.take(body)
    assert set(history.live) == set(bank.state.occupancies)
    assert history.blocked == {box.label for box in bank.state.compartments.values() if box.blocked}


class History:
    def __init__(self) -> None:
        self.live: dict[str, DepositStored] = {}
        self.blocked: set[str] = set()
        self._last: dict[str, int] = {}
        self._used: set[UUID | None] = set()

    def take(self, body: Body) -> None:
        match body:
            case DoorBlocked():
                self.blocked.add(body.door)
            case DoorCleared():
                self.blocked.discard(body.door)
            case OpeningIntended():
                self._intended(body)
            case DepositStored():
                assert body.door not in self.live or body.generation == self.live[body.door].generation
                self.live[body.door] = body
            case CollectFinished(purpose="inspect"):
                self.live.pop(body.door, None)
            case CollectFinished():
                assert self.live.pop(body.door).generation == body.generation
                self._used.add(body.grant)

    def _intended(self, body: OpeningIntended) -> None:
        live = self.live.get(body.door)
        if body.purpose == "deposit":
            assert body.door not in self.blocked
            assert live is None or body.generation == live.generation
            assert body.generation >= self._last.get(body.door, 0)
            self._last[body.door] = body.generation
        elif body.credential == "reopen":
            assert body.grant in self._used
            assert live is None
        elif body.purpose == "inspect":
            assert body.generation == self._last.get(body.door, 0)
        else:
            assert body.grant not in self._used
            assert live is not None
            assert (live.generation, live.grant) == (body.generation, body.grant)
