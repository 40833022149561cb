"""The auditors of journals and cabinets: a true story passes, and each lie is found under its name."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from uuid import UUID

import msgspec
import pytest

from cranny.edge.drivers._world import Box
from cranny.edge.rows import Compartment, Mark, Occupancy
from cranny.edge.state import State
from cranny.sim.truth.account import Account, Rights
from cranny.sim.truth.compare import _acknowledged, _physical
from cranny.sim.truth.home import Home, Written
from cranny.wire import kinds
from cranny.wire.facts import GENESIS, Fact, digest, encode
from cranny.wire.messages import CompartmentGiven, DeliveryGiven, Entry, GrantGiven

TENANT, BANK, BOOT = UUID(int=1), UUID(int=2), UUID(int=3)
DEPOSIT, COLLECT, PARCEL = UUID(int=10), UUID(int=11), UUID(int=12)
FIRST, SECOND = UUID(int=20), UUID(int=21)
VISIT = UUID(int=30)
DOOR = "A01"


def intent(opening: UUID, purpose: kinds.Purpose, grant: UUID | None, *, generation: int = 1, attempt: int = 1):
    credential = "tracking" if purpose == "deposit" else "code"
    return kinds.OpeningIntended(opening, DOOR, generation, purpose, grant, credential, attempt)


STORED = [
    intent(FIRST, "deposit", DEPOSIT),
    kinds.DoorOpened(FIRST, DOOR, 1),
    kinds.DoorShut(FIRST, DOOR, 1),
    kinds.DepositStored(FIRST, DOOR, 1, [PARCEL], COLLECT, "sensed"),
]
FETCHED = [
    intent(SECOND, "collect", COLLECT),
    kinds.DoorOpened(SECOND, DOOR, 1),
    kinds.DoorShut(SECOND, DOOR, 1),
    kinds.CollectFinished(SECOND, DOOR, 1, "collect", COLLECT, [PARCEL], "sensed"),
]


def rights() -> Rights:
    found = Rights()
    given = DeliveryGiven(PARCEL, DEPOSIT, COLLECT, b"who", [], [], seated=False)
    grant = GrantGiven(COLLECT, "collect", PARCEL, 42, b"", b"", b"")
    found.take([Entry(1, given), Entry(2, grant)])
    return found


@dataclass
class Story:
    """A bank's facts, and what is left of them on the disk and in the cabinet."""

    bodies: list[kinds.Body]
    lies: bool = False
    pulses: int = 0
    things: list[object] = field(default_factory=list)
    door_open: bool = False
    blocked: str = ""
    acked: int | None = None

    def facts(self) -> list[Written]:
        head, written = GENESIS, []
        for seq, body in enumerate(self.bodies, 1):
            fact = Fact(
                1, TENANT, BANK, 1, seq, head, kinds.NAMES[type(body)], kinds.pack(body), BOOT, seq, 0, "good", False
            )
            stored = encode(fact)
            written.append(Written(1, seq, stored))
            head = digest(stored)
        return written

    def home(self) -> Home:
        facts = self.facts()
        head = digest(facts[-1].stored) if facts else GENESIS
        acked = len(facts) if self.acked is None else self.acked
        state = State(Mark(1, TENANT, BANK, 1, len(facts), head, acked, 0, 0))
        state.boxes[DOOR] = CompartmentGiven(DOOR, 380, 190, 640, 1000, [], 1, 1)
        state.compartments[DOOR] = Compartment(DOOR, 1, 1, self.blocked)
        if self.lies:
            state.occupancies[DOOR] = Occupancy(DOOR, 1, COLLECT, b"who", VISIT, [PARCEL])
        world = {(1, 1): Box(things=self.things, pulses=self.pulses, door_open=self.door_open)}
        return Home(Path("/"), TENANT, BANK, tuple(facts), state, world)


def account(home: Home, given: Rights | None = None) -> Account:
    found = Account(BANK, given or rights())
    for written in home.facts:
        found.hear(written)
    found.close(home)
    return found


def names(home: Home) -> list[str]:
    heard = account(home)
    held = dict(heard.hashes)
    return [found.invariant for found in (*heard.found, *_acknowledged(home, heard, held), *_physical(home))]


FULL = Story(STORED, lies=True, pulses=1, things=["parcel"])
EMPTY = Story([*STORED, *FETCHED], pulses=2)


@pytest.mark.parametrize("story", [Story([]), FULL, EMPTY])
def test_a_true_story_passes(story: Story) -> None:
    assert names(story.home()) == []


def test_a_second_try_and_a_door_that_never_opened_are_told() -> None:
    stuck = [
        intent(FIRST, "deposit", DEPOSIT),
        intent(FIRST, "deposit", DEPOSIT, attempt=2),
        kinds.DoorNotOpened(FIRST, DOOR, 1, "not-seen-open"),
        kinds.DoorBlocked(DOOR, "not-opened"),
    ]
    assert names(Story(stuck, pulses=2, blocked="not-opened").home()) == []
    assert names(Story(stuck, pulses=1, blocked="not-opened").home()) == []
    assert names(Story(stuck, pulses=3, blocked="not-opened").home()) == ["I3"]


def test_opening_once_more_after_collecting_is_allowed() -> None:
    again = kinds.OpeningIntended(UUID(int=22), DOOR, 1, "collect", COLLECT, "reopen")
    story = Story([*EMPTY.bodies, again, kinds.DoorShut(again.opening, DOOR, 1)], pulses=3)
    assert names(story.home()) == []
    stranger = msgspec.structs.replace(again, credential="code")
    assert names(replace(story, bodies=[*EMPTY.bodies, stranger, story.bodies[-1]]).home()) == ["I1"]


AGAIN = UUID(int=22)
LIES: dict[str, tuple[Story, str]] = {
    "a pulse without an intent": (replace(EMPTY, pulses=3), "I3"),
    "an intent without a pulse": (replace(EMPTY, pulses=1), "I3"),
    "an opening without an end": (Story(STORED[:2], pulses=1), "I3"),
    "an end of nothing": (Story([kinds.DoorShut(FIRST, DOOR, 1)]), "I3"),
    "a third try after nothing": (Story([intent(FIRST, "deposit", DEPOSIT, attempt=3)]), "I3"),
    "a grant nobody gave": (
        replace(FULL, bodies=[intent(FIRST, "deposit", UUID(int=99)), *STORED[1:]]),
        "I1",
    ),
    "a code used twice": (
        Story([*EMPTY.bodies, intent(AGAIN, "collect", COLLECT), kinds.DoorShut(AGAIN, DOOR, 1)], pulses=3),
        "I1",
    ),
    "a deposit to somebody else's": (
        replace(
            FULL,
            bodies=[*STORED, intent(SECOND, "deposit", DEPOSIT, generation=2), kinds.DoorShut(SECOND, DOOR, 2)],
            pulses=2,
        ),
        "I1",
    ),
    "a generation that went back": (
        replace(EMPTY, bodies=[*EMPTY.bodies, kinds.DepositStored(FIRST, DOOR, 0, [PARCEL], COLLECT, "sensed")]),
        "I2",
    ),
    "a collection of nothing": (Story([*STORED, *FETCHED, FETCHED[3]], pulses=2), "I2"),
    "a parcel that is gone": (replace(FULL, things=[]), "I7"),
    "a parcel that nobody knows of": (replace(EMPTY, things=["parcel"]), "I7"),
    "an open door that nobody opened": (replace(EMPTY, door_open=True), "I7"),
    "a row without its facts": (replace(Story([]), lies=True, things=["parcel"]), "I7"),
    "facts without their row": (replace(FULL, lies=False, things=[]), "I7"),
}


@pytest.mark.parametrize("lie", LIES)
def test_each_lie_is_found_under_its_name(lie: str) -> None:
    story, invariant = LIES[lie]
    assert invariant in names(story.home())


def test_a_door_that_is_out_of_the_pool_is_a_doubt_that_is_listed() -> None:
    assert names(replace(FULL, things=[], blocked="sensor-contradiction").home()) == []


def _torn(home: Home) -> Home:
    return replace(home, facts=home.facts[:-1])


def _gap(home: Home) -> Home:
    return replace(home, facts=(*home.facts[:1], *home.facts[2:]))


def _forged(home: Home) -> Home:
    first = home.facts[0]
    flipped = first.stored[:-1] + bytes([first.stored[-1] ^ 1])
    return replace(home, facts=(Written(1, 1, flipped), *home.facts[1:]))


@pytest.mark.parametrize("tamper", [_torn, _gap, _forged])
def test_a_chain_that_was_touched_is_found(tamper: Callable[[Home], Home]) -> None:
    assert "I8" in names(tamper(FULL.home()))


def test_what_was_acknowledged_must_be_held_and_be_the_same() -> None:
    home = FULL.home()
    heard = account(home)
    lost = {key: hash_ for key, hash_ in heard.hashes.items() if key != (1, 2)}
    other = {**heard.hashes, (1, 3): bytes(32)}
    more = {**heard.hashes, (1, 9): bytes(32)}
    elder = {**heard.hashes, (0, 1): bytes(32)}
    assert [found.invariant for found in _acknowledged(home, heard, lost)] == ["I4"]
    assert [found.invariant for found in _acknowledged(home, heard, other)] == ["I8"]
    assert [found.invariant for found in _acknowledged(home, heard, more)] == []  # came while we looked
    assert [found.invariant for found in _acknowledged(home, heard, elder)] == ["I8"]
    waiting = replace(FULL, acked=1).home()
    assert [found.invariant for found in _acknowledged(waiting, account(waiting), lost)] == []
