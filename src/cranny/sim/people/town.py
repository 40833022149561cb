"""The people around one bank: who sends, brings, collects, takes back, looks after things and makes mischief."""

from collections import Counter
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, Final
from uuid import UUID

from cranny.sim.dice import Dice
from cranny.sim.oracles.witness import Taker
from cranny.sim.people.clerk import Clerk
from cranny.sim.people.collector import Collector, Ticket, Vandal
from cranny.sim.people.courier import Courier
from cranny.sim.people.day import Day
from cranny.sim.people.lobby import Lobby
from cranny.sim.people.parcels import Parcels
from cranny.sim.plan import HUGE, PARCELS, Plan
from cranny.sim.reference.authority import Announced, Authority
from cranny.sim.reference.books import DeliveryKept, GrantKept
from cranny.sim.things import Thing
from cranny.sim.trace import Trace
from cranny.wire.codes import Code, show_code, show_qr

PEOPLE: Final = 8
"""Few enough that one of them often gets several parcels."""
UNANNOUNCED: Final = 0.1
CALLED_OFF: Final = 0.2
ASKS_TWICE: Final = 0.3
SECOND_THOUGHTS: Final = 0.03
"""So many call it off in the very moment in which somebody stands with it at an open door."""
HEARS: Final = 0.7
"""So many couriers hear in time that something is to go through another bank."""
STRANGERS_CODE: Final = 0.4
"""So many vandals hammer at a code that nobody was told yet."""
LARGER_THAN_SAID: Final = 0.1
TOURS: Final = 5
"""After so many, a parcel goes back to where it came from."""
LATE_S: Final = 2000.0
ANEW_S: Final = 400.0
"""When the server has lost it."""
LOAD: Final = 6
TOUR_S: Final = 700.0
COLLECT_S: Final = 1500.0
HAMMERS: Final = 50
"""So many times somebody types at most; every other time the keypad makes them wait."""
ROUND_S: Final = 1500.0
"""Between two rounds of whoever looks after the doors."""


Spawn = Callable[[Coroutine[Any, Any, None]], None]


class Town:
    def __init__(
        self,
        lobby: Lobby,
        server: Authority,
        plan: Plan,
        parcels: Parcels,
        *,
        day: Day,
        dice: Dice,
        trace: Trace,
        spawn: Spawn,
        towns: list["Town"],
    ) -> None:
        """`towns` are all there are."""
        self.collectors: dict[UUID, Collector] = {}
        """By grant: everybody who was told of one."""
        self._lobby = lobby
        self._server = server
        self._plan = plan
        self._day = day
        self._dice = dice
        self._trace = trace
        self._spawn = spawn
        self._people = [UUID(bytes=dice.bytes(16), version=4) for _ in range(PEOPLE)]
        self._van: list[Thing] = []
        self._tours: Counter[str] = Counter()
        self._parcels = parcels
        self._towns = towns
        self._clerk = Clerk(
            self.bank,
            server,
            parcels,
            plan,
            banks=lambda: [town.bank for town in towns],
            sent_on=self._sent_on,
            day=day,
            dice=Dice.beside(dice, "clerk"),
            trace=trace,
        )

    @property
    def bank(self) -> UUID:
        return self._lobby.bank.id

    def begin(self) -> None:
        mischief = self._prank() if self._plan.prankster else self._mischief()
        if not self._plan.gentle:
            self._lobby.eyes.append(self._second_thoughts)
        works = [self._send(), self._deliver(), self._look_after(), mischief]
        for work in works if self._plan.gentle else [*works, self._clerk.work()]:
            self._spawn(work)

    # ------------------------------------------------------------ senders and couriers

    async def _send(self) -> None:
        every = (self._plan.alone_from or self._plan.hours) * 3600 / self._plan.deliveries / self._plan.pace
        for number in range(self._plan.deliveries):
            if await self._over_after(every):
                return
            thing, size = self._pack(number)
            self._parcels.sizes[thing.tracking] = size
            if thing.announced:
                self._spawn(self._announce(Announced(self.bank, thing.owner, thing.tracking, size)))
            elif self._dice.chance(0.5):
                self._spawn(self._announce_late(Announced(self.bank, thing.owner, thing.tracking, size)))
            self._van.append(thing)

    def _pack(self, number: int) -> tuple[Thing, Any]:
        """A parcel, and how big its sender says it is."""
        dice = self._dice
        kind = (0, 0, 0, 1, 1, 2)[dice.below(6)]
        real = kind + 1 if dice.chance(LARGER_THAN_SAID) else kind
        size = PARCELS[real] if real < len(PARCELS) else HUGE
        owner = self._people[dice.below(PEOPLE)]
        announced = not dice.chance(UNANNOUNCED)
        return Thing(f"P{self._lobby.name[-1]}X{number:04}", owner, size, announced), PARCELS[kind]

    async def _announce_late(self, asked: Announced, after: float = LATE_S) -> None:
        await self._over_after(after)
        await self._announce(asked)

    async def _announce(self, asked: Announced) -> None:
        while not await self._server.announce(asked):
            if await self._day.nap(self._dice.soon(10.0)):
                return
        self._trace.say("sender", f"announces {asked.tracking} at {self._lobby.name}")
        if self._dice.chance(CALLED_OFF):
            await self._over_after(1800.0)
            await self._call_off(asked.tracking)
            if self._dice.chance(ASKS_TWICE):
                await self._over_after(30.0)
                await self._call_off(asked.tracking)

    def announce_anew(self, lost: Iterable[DeliveryKept]) -> None:
        """The server was restored and has lost these: whoever looks for theirs announces it once more."""
        for row in lost:
            if row.bank == self.bank and row.owner and row.tracking:
                asked = Announced(self.bank, UUID(row.owner), row.tracking, self._parcels.sizes[row.tracking])
                self._trace.count("announced anew")
                self._spawn(self._announce_late(asked, ANEW_S))

    async def _call_off(self, tracking: str) -> None:
        self._trace.count("called off")
        self._trace.say("sender", f"calls off {tracking}")
        await self._server.call_off(tracking)

    def _second_thoughts(self, thing: Thing) -> None:
        if not self._day.over and self._dice.chance(SECOND_THOUGHTS):
            self._trace.count("second thoughts")
            self._spawn(self._call_off(thing.tracking))

    # ------------------------------------------------------------ what is to go through another bank

    def _sent_on(self, tracking: str, there: UUID) -> None:
        self._parcels.bound_for[tracking] = there
        if self._dice.chance(HEARS):
            waiting = [thing for thing in self._van if thing.tracking == tracking]
            self._van = [thing for thing in self._van if thing.tracking != tracking]
            self._carry_on(waiting)

    def _carry_on(self, things: Iterable[Thing]) -> list[Thing]:
        """Those that belong elsewhere go there. The others."""
        stay: list[Thing] = []
        for thing in things:
            there = self._parcels.bound_for.get(thing.tracking, self.bank)
            town = next((town for town in self._towns if town.bank == there), self)
            if town is self:
                stay.append(thing)
            else:
                self._trace.say("courier", f"carries {thing} from {self._lobby.name} to another bank")
                town.load(thing)
        return stay

    def load(self, thing: Thing) -> None:
        self._van.append(thing)

    async def _deliver(self) -> None:
        tour = 0
        while not await self._over_after(TOUR_S):
            if not self._van:
                continue
            tour += 1
            load, self._van = self._van[:LOAD], self._van[LOAD:]
            load.sort(key=lambda thing: thing.owner)
            name = f"courier {tour}"
            courier = Courier(name, self._lobby, self._dice, self._trace)
            await courier.tour(load)
            self._take_along(courier.left)

    def _take_along(self, things: list[Thing]) -> None:
        for thing in self._carry_on(things):
            self._tours[thing.tracking] += 1
            if self._tours[thing.tracking] < TOURS:
                self._van.append(thing)

    # ------------------------------------------------------------ whoever was sent a code

    def tell(self, grant: GrantKept) -> None:
        """The message arrived, perhaps once more."""
        self._trace.count("messages")
        if grant.id in self.collectors or grant.code is None or grant.qr is None:
            return
        wrong = Code(grant.code.locator, (grant.code.secret + 1 + self._dice.below(999)) % 1_000_000)
        ticket = Ticket(grant.id, show_code(grant.code), show_code(wrong), show_qr(grant.qr))
        collector = Collector(
            self._taker(grant),
            ticket,
            self._lobby,
            dice=self._dice,
            trace=self._trace,
            day=self._day,
            is_staff=grant.purpose == "inspect",
        )
        self.collectors[grant.id] = collector
        after = COLLECT_S if grant.purpose == "collect" else 300.0
        self._spawn(self._fetch(collector, after, recalls=grant.purpose == "recall"))

    async def _fetch(self, collector: Collector, after: float, *, recalls: bool) -> None:
        await collector.come(after=self._dice.soon(after * self._plan.pace))
        if collector.is_staff:
            self._take_along(collector.got)
        elif recalls:
            self._carry_on(collector.got)

    def _taker(self, grant: GrantKept) -> Taker:
        books = self._server.books
        if grant.purpose == "inspect":
            here = books.lies.kept.get((grant.bank, grant.door, grant.generation))
            ids = here.deliveries if here and here.live else ()
            rows = [row for row in books.deliveries.kept.values() if row.id in ids or row.known_as in ids]
            belongs = {row.tracking for row in rows}
            return Taker("staff", lambda thing: thing.tracking not in belongs)
        row = books.deliveries.kept[grant.delivery] if grant.delivery else None
        owner = row.owner if row else ""
        who = "recipient" if grant.purpose == "collect" else "depositor"
        name = f"{who} {owner[-3:]}"
        return Taker(name, lambda thing: not owner or self._parcels.may_take(owner, thing))

    # ------------------------------------------------------------ staff, and others

    async def _look_after(self) -> None:
        """Have a look behind each door that is in doubt."""
        while not await self._over_after(ROUND_S):
            blocked = self._server.books.blocked.kept
            doubtful = [door for (bank, door), why in blocked.items() if why and bank == self.bank]
            for door in dict.fromkeys([*doubtful, *self._strange()]):
                self._trace.count("inspections")
                await self._server.inspect(self.bank, door)

    def _strange(self) -> list[str]:
        """Doors behind which something lies that the server does not know."""
        books = self._server.books
        here = [(door, lies) for (bank, door, _), lies in books.lies.kept.items() if bank == self.bank and lies.live]
        known = {name for row in books.deliveries.kept.values() for name in (row.id, row.known_as)}
        return [door for door, lies in here if not known.issuperset(lies.deliveries)]

    async def _mischief(self) -> None:
        tried = 0
        while not await self._over_after(4000.0):
            tried += 1
            codes = [one.ticket.wrong for one in self.collectors.values() if not one.done]
            if self._dice.chance(STRANGERS_CODE):
                codes = self._near() or codes
            await Vandal(f"vandal {tried}", self._lobby, self._dice, self._day, self._trace).play(
                codes, self._dice.below(HAMMERS)
            )

    def _near(self) -> list[str]:
        """Wrong codes of what is not brought yet, or told to nobody."""
        grants = self._server.books.grants.kept.values()
        codes = [one.code for one in grants if one.code and one.live and not one.door and one.bank == self.bank]
        return [show_code(Code(code.locator, (code.secret + 1) % 1_000_000)) for code in codes]

    async def _prank(self) -> None:
        await Vandal("prankster", self._lobby, self._dice, self._day, self._trace).never_stop()

    async def _over_after(self, mean: float) -> bool:
        """Wait for about so long, or until the day is over. Whether it is."""
        return await self._day.nap(self._dice.soon(mean * self._plan.pace))
