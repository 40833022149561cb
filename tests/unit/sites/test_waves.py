"""What banks did in order can be written in a few set-based statements, and comes to the same."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cranny.sites.occupancy import Blocked, Change, Occupied, Vacated, waves

NOW = datetime(2026, 1, 1, tzinfo=UTC)
BANKS = [UUID(int=1), UUID(int=2)]


@st.composite
def days(draw: st.DrawFn) -> list[Change]:
    """Doors that fill and empty as a sound controller reports it."""
    held: dict[tuple[UUID, str], int] = {}
    last: dict[tuple[UUID, str], int] = {}
    changes: list[Change] = []
    for _ in range(draw(st.integers(0, 25))):
        bank, label = door = draw(st.tuples(st.sampled_from(BANKS), st.sampled_from("AB")))
        if draw(st.integers(0, 9)) == 0:
            changes.append(Blocked(bank, label, "forced"))
        elif door in held and draw(st.booleans()):
            changes.append(Vacated(bank, label, held.pop(door), NOW))
        elif door in held:
            changes.append(Occupied(bank, label, held[door], NOW, [UUID(int=len(changes))]))
        else:
            held[door] = last[door] = last.get(door, 0) + 1
            changes.append(Occupied(bank, label, held[door], NOW, [UUID(int=len(changes))]))
    return changes


class Doors:
    """What the tables would hold: occupancies by (bank, label, generation), with whether they are live."""

    def __init__(self) -> None:
        self.rows: dict[tuple[UUID, str, int], tuple[list[UUID], bool]] = {}
        self.blocked: set[tuple[UUID, str]] = set()

    def apply(self, change: Change) -> None:
        if isinstance(change, Blocked):
            self.blocked.add((change.bank, change.label))
        elif isinstance(change, Vacated):
            key = (change.bank, change.label, change.generation)
            self.rows[key] = (self.rows[key][0], False)
        else:
            key = (change.bank, change.label, change.generation)
            live = [k for k, (_, alive) in self.rows.items() if alive and k[:2] == key[:2] and k != key]
            assert not live, "I2"
            assert self.rows.get(key, ([], True))[1], "I11"
            self.rows[key] = ([*self.rows.get(key, ([], True))[0], *change.deliveries], True)


@pytest.mark.slow
@given(days())
def test_few_waves_come_to_the_same_as_one_by_one(changes: list[Change]) -> None:
    one_by_one, in_waves = Doors(), Doors()
    for change in changes:
        one_by_one.apply(change)
    parted = waves(changes)
    for wave in parted:
        for change in [*wave.occupied, *wave.vacated, *wave.blocked]:
            in_waves.apply(change)
    assert in_waves.rows == one_by_one.rows
    assert in_waves.blocked == one_by_one.blocked
    assert sum(len(wave.occupied) + len(wave.vacated) + len(wave.blocked) for wave in parted) == len(changes)
    # Doors know nothing of each other: the busiest one decides.
    ever: dict[tuple[UUID, str], set[int]] = {}
    for change in changes:
        if isinstance(change, Occupied):
            ever.setdefault((change.bank, change.label), set()).add(change.generation)
    assert len(parted) <= max((len(generations) for generations in ever.values()), default=1)
