"""The power goes at any moment of a deposit, a pick-up, a recall, an inspection, at the bank with sensors and at the
blind one, and whatever people do in the dark: no door opens by a start, every opening has one end, nothing is freed
or handed over on a guess, and whoever has something here gets it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from cranny.edge.outcomes import Opened

from .power import StepLoop, run_and_cut

pytestmark = pytest.mark.slow

FINISHES, WALKS, WAITS, FLICKERS = HABITS = (
    "finishes in the dark",
    "shuts and walks away",
    "waits for the light",
    "finishes when the light has flickered",
)


@dataclass
class Person:
    """Somebody at the bank. `brings`: a parcel still in their hands; `takes`: they came to take something out."""

    lab: Any
    brings: Any = None
    takes: bool = False
    has: list[Any] = field(default_factory=list)

    def handle(self, door: str) -> None:
        """What they came for, at an open door."""
        at = self.lab.at(door)
        if self.brings is not None:
            self.lab.board.put(at, self.brings)
            self.brings = None
        elif self.takes:
            self.has += self.lab.board.take(at)

    def open_doors(self) -> list[str]:
        return [box.label for box in self.lab.layout.compartments if self.lab.board.is_open(self.lab.at(box.label))]

    def leave(self, *, deal: bool) -> None:
        for door in self.open_doors():
            if deal:
                self.handle(door)
            self.lab.board.shut(self.lab.at(door))


Deed = Callable[[], Awaitable[None]]


async def deposit(lab: Any) -> tuple[Person, Deed, Any]:
    parcel = await lab.announce("PARCEL")
    person = Person(lab, brings=parcel)

    async def deed() -> None:
        opened = await lab.controller.scan("PARCEL")
        await lab.settle(0.5)
        person.handle(opened.door)
        await lab.settle(0.5)
        await lab.shut(opened.door)

    return person, deed, parcel


async def jammed(lab: Any) -> tuple[Person, Deed, Any]:
    lab.board.jam(lab.at("01"))
    return await deposit(lab)


async def too_small(lab: Any) -> tuple[Person, Deed, Any]:
    parcel = await lab.announce("PARCEL")
    person = Person(lab, brings=parcel)

    async def deed() -> None:
        opened = await lab.controller.scan("PARCEL")
        await lab.controller.too_small(opened.visit, emptied=True)
        await lab.settle(0.5)
        await lab.shut(opened.door)
        (larger,) = person.open_doors()
        await lab.settle(0.5)
        person.handle(larger)
        await lab.shut(larger)

    return person, deed, parcel


def taking(purpose: str) -> Callable[[Any], Awaitable[tuple[Person, Deed, Any]]]:
    async def prepare(lab: Any) -> tuple[Person, Deed, Any]:
        parcel = await lab.announce("PARCEL")
        door = await lab.deposit(parcel)
        right = parcel if purpose == "collect" else await lab.special(parcel, purpose, door, 1)
        person = Person(lab, takes=purpose != "inspect")

        async def deed() -> None:
            opened = await lab.controller.scan(right.symbol)
            await lab.settle(0.5)
            person.handle(opened.door)
            await lab.settle(0.5)
            await lab.shut(opened.door)

        return person, deed, right

    return prepare


async def once_more(lab: Any) -> tuple[Person, Deed, Any]:
    """Forgot something in the door, and comes back for it."""
    parcel = await lab.announce("PARCEL")
    door = await lab.deposit(parcel)
    await lab.controller.scan(parcel.symbol)
    person = Person(lab, has=await lab.take(door))

    async def deed() -> None:
        opened = await lab.controller.scan(parcel.symbol)
        await lab.settle(0.5)
        await lab.shut(opened.door)

    return person, deed, parcel


async def counted(lab: Any) -> tuple[Person, Deed, Any]:
    """Somebody leads an inventory, and looks behind the door in which something lies."""
    parcel = await lab.announce("PARCEL")
    door = await lab.deposit(parcel)
    right = await lab.special(parcel, "inspect", "", 0)

    async def deed() -> None:
        await lab.controller.scan(right.symbol)
        session = lab.controller.counter.session
        await lab.controller.counter.next(session)
        await lab.settle(0.5)
        await lab.controller.counter.answer(session, "there")
        await lab.settle(0.5)
        await lab.shut(door)

    return Person(lab), deed, right


STORIES = {
    "deposit": deposit,
    "jammed": jammed,
    "too small": too_small,
    "collect": taking("collect"),
    "recall": taking("recall"),
    "inspect": taking("inspect"),
    "once more": once_more,
    "inventory": counted,
}


async def dark(lab: Any, person: Person, habit: str) -> None:
    """From the cut until the light is back and everybody is gone."""
    await lab.settle(2)  # what was released swings open
    before = list(lab.pulsed)
    if habit == FLICKERS:
        await lab.boot()
        await lab.settle(2)
        await lab.crash()
    if habit != WAITS:
        person.leave(deal=habit != WALKS)
    await lab.boot()
    await lab.settle(20)
    person.leave(deal=True)
    await lab.settle(20)
    assert lab.pulsed == before, "a start opened a door"


def judge(lab: Any, person: Person, parcel: Any, *, content: bool) -> None:
    """Books, doors and hands agree, or the door is out of the pool."""
    state, kinds = lab.state, lab.kinds()
    assert state.openings == {}
    intended = {body.opening for body in lab.bodies("opening.intended")}
    ended = [body.opening for body in lab.bodies("door.shut", "door.not_opened") if body.opening]
    assert sorted(ended) == sorted(intended), "each opening has one end"
    assert "door.forced" not in kinds
    inside = {box.label: lab.board.inside(lab.at(box.label)) for box in lab.layout.compartments}
    for door, things in inside.items():
        blocked, occupied = state.compartment(door).blocked, door in state.occupancies
        if things and not occupied:
            assert blocked, f"something lies in door {door} and it is offered"
        if occupied and not things:
            # Nobody saw the door open, so the right to it stays; where something can look inside there is no doubt.
            assert not content, f"door {door} is empty and the books say otherwise"
            assert not seen_open(lab), f"door {door} was seen open, and is still believed to be full"
    lies = [thing for things in inside.values() for thing in things]
    hands = [*person.has, *([person.brings] if person.brings else [])]
    assert len(lies) + len(hands) == 1, "one parcel, one place"
    assert parcel


def seen_open(lab: Any) -> bool:
    """Whether the last opening was, by its facts."""
    last = lab.bodies("opening.intended")[-1].opening
    doubts = [body.door_open for body in lab.bodies("opening.unknown") if body.opening == last]
    return any(doubts) or last in {body.opening for body in lab.bodies("door.opened")}


async def goes_on(lab: Any, name: str, person: Person, right: Any) -> None:
    """Whoever did not get done tries again, and gets done."""
    state = lab.state
    if person.brings is not None:
        answer = await lab.controller.scan("PARCEL")
        assert isinstance(answer, Opened), answer
        person.handle(answer.door)
        await lab.shut(answer.door)
        assert lab.state.occupancies[answer.door].deliveries
    elif person.takes and not person.has and state.occupancies:
        (place,) = state.occupancies
        answer = await lab.controller.scan(right.symbol)
        assert isinstance(answer, Opened), (name, answer)
        person.handle(answer.door)
        await lab.shut(place)
    elif person.takes and not person.has:
        assert seen_open(lab), "the right is gone, and the door may never have opened"
    if person.has:  # nothing is left behind
        assert all(not lab.board.inside(lab.at(box.label)) for box in lab.layout.compartments)


@pytest.mark.parametrize(
    "habit", [pytest.param(one, marks=pytest.mark.prove if one in (WALKS, FLICKERS) else ()) for one in HABITS]
)
@pytest.mark.parametrize("content", [True, False], ids=["sees inside", "blind"])
@pytest.mark.parametrize("name", STORIES)
def test_the_power_goes_at_every_moment(live_bank: Any, name: str, content: bool, habit: str) -> None:
    def live(cut: int | None) -> list[int]:
        moments: list[int] = []

        async def story(lab: Any) -> None:
            person, deed, right = await STORIES[name](lab)
            moments.extend(await run_and_cut(lab, deed, cut))
            if cut is None:
                return
            await dark(lab, person, habit)
            judge(lab, person, right, content=content)
            await goes_on(lab, name, person, right)

        live_bank(story, content=content, loop=StepLoop())
        return moments

    moments = live(None)
    assert len(moments) > 5
    for moment in moments:
        try:
            live(moment)
        except AssertionError as error:
            error.add_note(f"{name}, {habit}, cut behind round {moment}")
            raise
