"""A simulated world: some banks with their controllers, a server, a bad network, and people. Everything that can
happen in it follows from its seed."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final
from uuid import UUID

import msgspec

from cranny.core.errors import Conflict
from cranny.core.ids import TimeIds
from cranny.edge.backoff import LAST_S
from cranny.edge.identity import Identity
from cranny.edge.uplink import ASK_S
from cranny.sim.coverage import pair, watching
from cranny.sim.dice import Dice
from cranny.sim.logs import Flaw, listening
from cranny.sim.loop import VirtualClock, VirtualLoop
from cranny.sim.machines.bank import Unnoticed, VirtualBank
from cranny.sim.machines.fates import SERVER_ODDS, Fates
from cranny.sim.machines.net import Net
from cranny.sim.oracles.custody import Custody
from cranny.sim.oracles.ends import Ends, EverLost
from cranny.sim.oracles.lasting import Lasting
from cranny.sim.oracles.verdicts import Verdicts
from cranny.sim.oracles.witness import Witness
from cranny.sim.people.day import Day
from cranny.sim.people.lobby import Lobby
from cranny.sim.people.misfortune import Far, Misfortune
from cranny.sim.people.operator import Operator
from cranny.sim.people.parcels import Parcels
from cranny.sim.people.town import Town
from cranny.sim.plan import Plan, layout
from cranny.sim.reference.authority import NAME, Found, Setting
from cranny.sim.reference.books import GrantKept
from cranny.sim.reference.founding import found as reference
from cranny.sim.report import Report, digest
from cranny.sim.trace import Trace
from cranny.sim.troubles import NONE, mix, pause, spared
from cranny.wire.brokers.memory import Hub
from cranny.wire.messages import Layout

START: Final = datetime(2026, 3, 2, 6, tzinfo=UTC)
KILLED_S: Final = 1800.0
"""Between two kills of the server out of the blue, on average."""
RESTORED_S: Final = 5400.0
"""Between two restores of its database, on average, where there are any."""
UNHEARD: Final = 0.5
"""So often whatever took the database took the network as well: things are announced before any bank has spoken."""
UNHEARD_S: Final = (60.0, 1500.0)
LOOK_S: Final = 10.0
LULL_S: Final = 90.0
"""So that the last reactions to the last facts are not overlooked."""
EVENING_S: Final = 5400.0
"""Until when everybody must have what is theirs, once everything works again."""
QUIET_S: Final = 2 * ASK_S
"""Until when server and banks must agree then."""


class World:
    def __init__(self, seed: int, plan: Plan, loop: VirtualLoop, found: Found = reference) -> None:
        """`found` makes the server and makes it know its banks."""
        self.trace = Trace(loop.time)
        self.verdicts = Verdicts(self.trace)
        self._seed = seed
        self._plan = plan
        self._loop = loop
        self._today = Day()
        self._clock = VirtualClock(loop, START)
        self._troubles = NONE if plan.gentle else spared(mix(seed), plan.without)
        self._net = Net(Dice(seed, "net"), self._troubles, self.trace, pace=plan.pace)
        self._hub = Hub(self._net)
        self._tenant = UUID(bytes=Dice(seed, "tenant").bytes(16), version=4)
        self._custody = Custody(self.verdicts)
        self._lost = EverLost()
        self._banks: list[VirtualBank] = []
        self._witnesses: list[Witness] = []
        self._towns: list[Town] = []
        self._parcels = Parcels()
        self._lobbies: list[Lobby] = []
        self._operators: list[Operator] = []
        self._people: dict[asyncio.Task[None], None] = {}
        self._make(found)

    # ------------------------------------------------------------ making

    def _make(self, found: Found) -> None:
        plan, seed = self._plan, self._seed
        layouts = {name: layout(name, plan.doors) for name in self._names()}
        odds = {section: usual * plan.kills * self._troubles.server for section, usual in SERVER_ODDS.items()}
        self._fates = Fates(NAME, odds, Dice(seed, NAME, "fates"), self.trace)
        setting = Setting(
            seed=seed,
            plan=plan,
            tenant=self._tenant,
            clock=self._clock,
            hub=self._hub,
            net=self._net,
            fates=self._fates,
            trace=self.trace,
            flaw=lambda detail: self.verdicts.say("BUG", NAME, detail),
            backs_up=self._troubles.restores > 0,
            tell=self._tell,
        )
        founded = found(setting, layouts)
        self._founded, self._server = founded, founded.server
        self._lasting = Lasting(self._server.books, self.verdicts)
        self._server.listen(self._lasting.look)
        self._fates.heard = partial(self._met, "")
        self._net.heard = lambda fault, bank: self._met(bank, fault)
        self._net.spoilt = self._net.adversary.heard = self._spoilt
        for number, (name, made) in enumerate(layouts.items()):
            self._add_bank(name, founded.identities[name], made, number)

    def _names(self) -> list[str]:
        return [f"bank-{number}" for number in range(1, self._plan.banks + 1)]

    def _add_bank(self, name: str, identity: Identity, made: Layout, number: int) -> None:
        plan = self._plan
        witness = Witness(
            name,
            identity.bank,
            self._server.books,
            now=self._loop.time,
            trace=self.trace,
            verdicts=self.verdicts,
            custody=self._custody,
        )
        virtual = VirtualBank(
            name,
            identity,
            made,
            content=(number + self._seed) % 2 == 0,
            clock=VirtualClock(self._loop, START),
            seed=self._seed,
            troubles=self._troubles,
            hub=self._hub,
            net=self._net,
            trace=self.trace,
            released=witness.released,
            written=witness.written,
            asked=witness.chain.asked,
            path=plan.folder / f"{name}.db" if plan.folder else None,
            beat_s=plan.beat_s,
            pace=plan.pace,
        )
        virtual.screen.eyes.append(witness.told)
        virtual.fates.heard = partial(self._met, name)
        lobby = Lobby(virtual, witness, self.trace, pace=plan.pace)
        town = Town(
            lobby,
            self._server,
            plan,
            self._parcels,
            towns=self._towns,
            day=self._today,
            dice=Dice(self._seed, name, "town"),
            trace=self.trace,
            spawn=self._spawn,
        )
        self._banks.append(virtual)
        self._witnesses.append(witness)
        self._lobbies.append(lobby)
        self._towns.append(town)
        self._operators.append(self._operator(lobby, witness))

    def _operator(self, lobby: Lobby, witness: Witness) -> Operator:
        return Operator(
            lobby,
            witness.commands,
            self._server.books,
            self._net.join(self._hub, NAME),
            self._founded.key,
            desk=self._founded.desk,
            day=self._today,
            ids=TimeIds(self._clock, Dice(self._seed, lobby.name, "command ids")),
            clock=self._clock,
            dice=Dice(self._seed, lobby.name, "operator"),
            trace=self.trace,
            spawn=self._spawn,
            pace=self._plan.pace,
        )

    # ------------------------------------------------------------ living

    async def live(self) -> Report:
        """The day with everything that goes wrong, then the evening in which all comes right, then the reckoning."""
        with listening(self._heard), watching(self.trace):
            machines = [asyncio.create_task(self._machine(NAME, self._server.live()))]
            machines += [asyncio.create_task(self._machine(bank.name, bank.live())) for bank in self._banks]
            machines += [asyncio.create_task(lobby.passers_by()) for lobby in self._lobbies]
            await self._day()
            await self._evening()
            for machine in machines:
                machine.cancel()
            await asyncio.gather(*machines, return_exceptions=True)
            await self._reckon()
        for bank in self._banks:
            await bank.close()
        return self._report()

    async def _day(self) -> None:
        self.trace.say("world", "the day begins")
        storms = [asyncio.create_task(self._server_kills()), asyncio.create_task(self._restores()), *self._network()]
        for bank, lobby in () if self._plan.gentle else zip(self._banks, self._lobbies, strict=True):
            far = self._far(bank.name)
            misfortune = Misfortune(bank, lobby, self._troubles, self.trace, pace=self._plan.pace, far=far)
            self._witness_of(bank.name).moment = misfortune.moment
            storms.append(asyncio.create_task(misfortune.strike()))
        for town, operator in zip(self._towns, self._operators, strict=True):
            town.begin()
            self._spawn(operator.work())
        await self._until(lambda: False, self._plan.hours * 3600)
        for storm in storms:
            storm.cancel()
        await asyncio.gather(*storms, return_exceptions=True)

    def _far(self, bank: str) -> Far:
        names = [*(one.name for one in self._banks), NAME]

        async def part() -> None:
            if not self._plan.alone_hours:
                await self._net.part(self._hub, bank, NAME)

        async def restart() -> None:
            if not self._plan.alone_hours:
                await self._net.restart(self._hub, names)

        async def kill() -> None:
            self._server.kill()

        return Far(part, restart, kill, partial(self._met, bank))

    def _witness_of(self, name: str) -> Witness:
        return next(one for one in self._witnesses if one.name == name)

    def _met(self, bank: str, fault: str) -> None:
        """A fault strikes `bank`, or everybody when it is empty."""
        for witness in self._witnesses:
            if witness.name == bank or not bank:
                for phase in witness.phases():
                    self.trace.count(pair(fault, phase))

    def _spoilt(self, fault: str, subject: str) -> None:
        """A message of one bank's, to it or from it, meets a fault."""
        for witness in self._witnesses:
            if witness.bank.hex in subject:
                self._met(witness.name, fault)

    def _network(self) -> list[asyncio.Task[None]]:
        """What becomes of it."""
        plan, names = self._plan, [bank.name for bank in self._banks]
        if plan.alone_hours:
            lonely = self._net.alone(self._hub, names, after=plan.alone_from * 3600, length=plan.alone_hours * 3600)
            return [asyncio.create_task(lonely)]
        works = [self._net.storms(self._hub, name, NAME) for name in names]
        works += [self._net.restarts(self._hub, [*names, NAME]), self._net.adversary.inject(self._hub)]
        return [asyncio.create_task(work) for work in works]

    async def _evening(self) -> None:
        self.trace.say("world", "the evening: nothing goes wrong any more")
        self._net.calm = self._net.adversary.calm = self._fates.calm = True
        for bank in self._banks:
            bank.fates.calm = True
        self._today.end(late_s=self._plan.beat_s + LAST_S)
        if not await self._until(lambda: not self._people, EVENING_S):
            self.verdicts.say("I5", "people", f"{len(self._people)} still wait")
        await asyncio.sleep(LULL_S)
        await self._until(self._quiet, QUIET_S)
        for person in list(self._people):
            person.cancel()

    async def _reckon(self) -> None:
        if self._enough():
            return
        for bank, witness, town in zip(self._banks, self._witnesses, self._towns, strict=True):
            await Ends(bank, witness, town.collectors, self._server.books, self._lost).judge()

    async def _until(self, reached: Callable[[], bool], most: float) -> bool:
        """Let the world live until something is so, `most` seconds. Whether it is so; a hasty world that has found
        something does not care."""
        end = self._loop.time() + most
        while self._loop.time() < end and not reached():
            if self._enough():
                return True
            await asyncio.sleep(min(LOOK_S * self._plan.pace**0.5, end - self._loop.time()))
        return reached()

    def _quiet(self) -> bool:
        """Nothing is on its way any more."""
        books = self._server.books
        for one in self._witnesses:
            uplink = books.uplinks.kept[one.bank]
            if not uplink.cursor.seq == len(one.chain.facts) == one.chain.acked:
                return False
            if uplink.down_head != one.given.applied:
                return False
        return self._server.idle() and not any(lobby.open_doors() for lobby in self._lobbies)

    def _enough(self) -> bool:
        return self._plan.hasty and bool(self.verdicts.found)

    async def _server_kills(self) -> None:
        dice = Dice(self._seed, NAME, "kills")
        while True:
            await pause(dice, KILLED_S * self._plan.pace, self._troubles.server)
            self._server.kill()

    async def _restores(self) -> None:
        dice = Dice(self._seed, NAME, "restores")
        while True:
            await pause(dice, RESTORED_S * self._plan.pace, self._troubles.restores)
            self._server.kill()
            lost = await self._server.restore()
            self._met("", "server restored")
            for witness in self._witnesses:
                witness.chain.restored()
            self._lasting.forget()
            self.trace.count("misfortune: server restored")
            self.trace.count("facts lost by a restore", lost.facts)
            self.trace.count("rights lost by a restore", lost.entries)
            self.trace.say(NAME, f"~~~ restored from a backup: {lost.facts} facts, {lost.entries} rights are lost")
            self._lost.add(lost)
            for town in self._towns:
                town.announce_anew(lost.deliveries.values())
            if not self._plan.alone_hours and dice.chance(UNHEARD):
                names = [bank.name for bank in self._banks]
                await self._net.alone(self._hub, names, after=0.0, length=dice.between(*UNHEARD_S) * self._plan.pace)

    # ------------------------------------------------------------ who lives in it

    def _tell(self, grant: GrantKept) -> None:
        town = next(town for town in self._towns if town.bank == grant.bank)
        town.tell(grant)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        person = asyncio.create_task(self._person(work))
        self._people[person] = None
        person.add_done_callback(self._people.pop)

    async def _person(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception as error:  # noqa: BLE001 - a person who met a mistake of ours is a witness, not a victim
            self.verdicts.say("BUG", "people", f"{type(error).__name__}: {error}")

    async def _machine(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Conflict as conflict:
            self.verdicts.say("I8", name, f"the controller refuses its journal: {conflict.detail}")
        except Unnoticed as unnoticed:
            self.verdicts.say("I7", name, str(unnoticed))
        except Exception as error:  # noqa: BLE001 - a machine that breaks is what we look for
            self.verdicts.say("BUG", name, f"{type(error).__name__}: {error}")

    def _heard(self, flaw: Flaw) -> None:
        """A line that the product logged."""
        self.trace.count(f"log: {flaw.event}")
        if flaw.bug:
            self.verdicts.say("BUG", "log", f"{flaw.event}: {flaw.bug}")

    def _report(self) -> Report:
        for _, kind, _ in self._server.books.anomalies.kept:
            self.trace.count(f"anomaly: {kind}")
        self.trace.count("policy after policy", sum(max(0, one.given.policies - 1) for one in self._witnesses))
        facts = self._server.books.facts.kept
        held = [facts[key].link.stored for key in sorted(facts)]
        journals = [witness.chain.facts for witness in self._witnesses]
        return Report(
            seed=self._seed,
            digest=digest(journals, held, self.trace.lines),
            counts=msgspec.to_builtins(dict(self.trace.counts)),
            violations=tuple(self.verdicts.found),
            trace=tuple(self.trace.lines),
            hours=self._loop.time() / 3600,
            banks=self._plan.banks,
            longest=dict(self.trace.longest_of),
        )
