"""Any story at all: people, sweeps and two banks that are online when they like, in any order.

The banks below keep to the rules of a controller: they open for what they hold, and for nothing else. Whatever is
asked for and whenever it is told, the audits find nothing, no reaction is stuck, and once everything has been told
the server, the doors and the list of anomalies agree. Each story has a tenant of its own beside those of the stories
before, and no row of one names anything of another (I10).
"""

from dataclasses import dataclass, field
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cranny.core.errors import Refused
from cranny.core.rng import SeededRng, pick
from cranny.platform.crossing import crossings
from cranny.usecases import deliveries
from cranny.wire.kinds import CollectFinished
from cranny.wire.messages import DeliveryGiven, DeliveryWithdrawn, GrantGiven, GrantRevoked

pytestmark = [pytest.mark.engines, pytest.mark.slow]

TRACKINGS = [f"T{n}" for n in range(8)]
DOORS = ["A1", "A2", "A3"]
PEOPLE = [{"email": "ada@example.org"}, {"email": "bob@example.org"}]


@dataclass
class Behind:
    """What lies behind a door."""

    generation: int
    ids: list[UUID]
    grant: UUID | None
    collector: bytes


@dataclass
class Controller:
    """What a bank holds of its rights, and what lies in it."""

    box: object
    applied: int = 0
    awaited: dict[UUID, DeliveryGiven] = field(default_factory=dict)
    grants: dict[UUID, GrantGiven] = field(default_factory=dict)
    bound: dict[UUID, tuple[str, int]] = field(default_factory=dict)
    used: set[UUID] = field(default_factory=set)
    doors: dict[str, Behind] = field(default_factory=dict)

    async def pull(self) -> None:
        given = await self.box.yard.given(self.box)
        for one in given[self.applied :]:
            match one:
                case DeliveryGiven():
                    self.awaited[one.delivery] = one
                case DeliveryWithdrawn():
                    self.awaited.pop(one.delivery, None)
                case GrantGiven():
                    self.grants[one.grant] = one
                    if one.door:
                        self.bound[one.grant] = (one.door, one.generation)
                case GrantRevoked():
                    self.grants.pop(one.grant, None)
                    self.bound.pop(one.grant, None)
        self.applied = len(given)

    def scan(self, tracking: str, door: str) -> None:
        """A courier scans `tracking`; `door` is where it would go."""
        digest = self.box.yard.digest(tracking, self.box)
        known = [one for one in self.awaited.values() if one.items[0].tracking == digest]
        if not known:
            if door not in self.doors:
                id_ = self.box.found(tracking, door=door)
                self.doors[door] = Behind(self.box.generations[door], [id_], None, b"")
            return
        one = self.awaited.pop(known[0].delivery)
        behind = self.doors.get(door)
        if behind is None:
            generation = self.box.deposit(one.delivery, door=door, grant=one.collect_grant)
            self.doors[door] = Behind(generation, [one.delivery], one.collect_grant, one.collector)
            self.bound[one.collect_grant] = (door, generation)
        elif behind.collector == one.collector and behind.grant not in self.used:
            superseded = [one.collect_grant]
            self.box.deposit(
                one.delivery, door=door, grant=behind.grant, generation=behind.generation, superseded=superseded
            )
            behind.ids.append(one.delivery)
        else:
            self.awaited[one.delivery] = one

    def opening(self) -> list[tuple[UUID, str]]:
        """The grants that open something here, and which door."""
        return [
            (grant, door)
            for grant, (door, generation) in sorted(self.bound.items())
            if grant in self.grants and grant not in self.used
            if (behind := self.doors.get(door)) and behind.generation == generation
        ]

    def open_with(self, n: int) -> None:
        """Somebody comes with the n-th grant that opens something here."""
        if not (live := self.opening()):
            return
        grant, door = live[n % len(live)]
        behind = self.doors.pop(door)
        self.used.add(grant)
        purpose = self.grants[grant].purpose
        ids = list(behind.ids)
        self.box.write(CollectFinished(UUID(int=9), door, behind.generation, purpose, grant, ids, "inferred"))


DEEDS = ["announce"] * 4 + ["scan"] * 5 + ["open"] * 4 + ["sync"] * 3 + ["pull"] * 4 + ["work"] * 2
DEEDS += ["cancel", "extend", "sweep", "doze"]


@dataclass
class Story:
    yard: object
    controllers: list[Controller]
    ids: list[UUID] = field(default_factory=list)
    trackings: dict[UUID, str] = field(default_factory=dict)

    async def step(self, deed: str, rng: SeededRng) -> None:
        controller, yard, n = pick(rng, self.controllers), self.yard, rng.below(10)
        match deed:
            case "scan":
                awaited = [self.trackings[given.delivery] for given in controller.awaited.values()]
                controller.scan(pick(rng, (awaited or TRACKINGS) if n else TRACKINGS), pick(rng, DOORS))
            case "open":
                controller.open_with(n)
            case "sync":
                await controller.box.sync()
            case "pull":
                await controller.pull()
            case "work":
                await yard.work()
            case "doze":
                yard.asleep = set(pick(rng, [["access"], ["deliveries"], ["access", "deliveries"], []]))
            case "sweep":
                yard.clock.pass_by(hours=n * 20)
                await yard.sweep()
            case _:
                await self.ask(deed, n, rng, controller)

    async def ask(self, deed: str, n: int, rng: SeededRng, controller: Controller) -> None:
        """What people ask for may be refused, never fail."""
        yard = self.yard
        try:
            if deed == "announce":
                who = pick(rng, PEOPLE)
                shown = await yard.announce(pick(rng, TRACKINGS), bank=controller.box.bank, recipient=who)
                self.ids.append(shown.id)
                self.trackings[shown.id] = shown.items[0].tracking
            elif self.ids and deed == "cancel":
                await yard.cancel(self.ids[n % len(self.ids)])
            elif self.ids:
                async with yard.db.transaction(yard.tenant) as tx:
                    await deliveries.extend(tx, self.ids[n % len(self.ids)], n + 1)
                await yard.follow()
        except Refused as refused:
            if not refused.code.startswith(("tracking-taken", "no-capacity", "delivery-")):
                raise

    async def come_to_rest(self) -> None:
        self.yard.asleep.clear()
        for _ in range(2):
            for controller in self.controllers:
                await controller.box.sync()
            await self.yard.work()
            for controller in self.controllers:
                await controller.pull()


@given(seed=st.integers(0, 2**32), steps=st.integers(1, 90))
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
async def test_any_story_ends_well(yard, seed, steps) -> None:
    await yard.anew()
    rng = SeededRng(seed)
    story = Story(yard, [Controller(yard.box), Controller(yard.other)])
    for _ in range(steps):
        await story.step(pick(rng, DEEDS), rng)
    await story.come_to_rest()
    assert await yard.parked() == 0
    assert await yard.violations() == []
    assert await crossings(yard.db) == []
    await _server_and_doors_agree(yard, story)
    await _banks_hold_what_the_server_gave(yard, story)


async def _banks_hold_what_the_server_gave(yard, story: Story) -> None:
    """What opens something at a bank is alive on the server; what is awaited there is awaited here."""
    live = {row["id"] for row in await yard.rows("SELECT id FROM grants WHERE ended IS NULL")}
    awaited = await yard.rows("SELECT id, bank FROM deliveries WHERE state IN ('announced', 'lapsed')")
    for controller in story.controllers:
        assert {grant for grant, _ in controller.opening()} <= live
        here = {row["id"] for row in awaited if row["bank"] == controller.box.bank}
        assert controller.awaited.keys() == here
    proofs = "SELECT count(*) FROM grants WHERE purpose = 'deposit' AND ended IS NULL"
    assert await yard.one(proofs) == len(awaited)


async def _server_and_doors_agree(yard, story: Story) -> None:
    """I7, and I1 to the end: what lies behind a door can be got out by its recipient or its sender."""
    listed = {subject for _, subject in await yard.anomalies()}
    async with yard.db.transaction(yard.tenant) as tx:
        shown = await deliveries.newest(tx, limit=500)
    known = {row["known_as"]: row["id"] for row in await yard.rows("SELECT id, known_as FROM deliveries")}
    inside = {
        one.id: (one.bank, one.door, one.generation) for one in shown if one.state in ("stored", "overdue", "recalling")
    }
    physical: dict[UUID, tuple[UUID, str, int]] = {}
    for controller in story.controllers:
        for door, behind in controller.doors.items():
            for id_ in behind.ids:
                physical[known.get(id_, id_)] = (controller.box.bank, door, behind.generation)
    for id_ in inside.keys() | physical.keys():
        assert inside.get(id_) == physical.get(id_) or f"deliveries/{id_}" in listed
    for one in shown:
        controller = next(c for c in story.controllers if c.box.bank == one.bank)
        grant = one.grants.recall if one.state == "recalling" else one.grants.collect
        if one.id in inside and (grant is not None or one.recipient is not None):
            assert grant in controller.grants, one
            assert controller.bound[grant] == (one.door, one.generation)
