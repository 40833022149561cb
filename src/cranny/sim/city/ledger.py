"""What the people of the city know: what became of each parcel, what lies behind which door because they put it there,
who was told a code, and how long doors took. It knows nothing of the program's rows: the end compares the two."""

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from cranny.platform.violation import Violation
from cranny.sim.city.model import Parcel, Person

Door = tuple[int, str]
"""Number of the bank in the plan, label of the door."""


class Fate(StrEnum):
    """Where a parcel is, as people see it."""

    PLANNED = "planned"
    REFUSED = "refused"
    """Nobody promised it a place: it goes to a home."""
    ANNOUNCED = "announced"
    STORED = "stored"
    COLLECTED = "collected"
    RETURNED = "returned"


@dataclass(slots=True)
class Ledger:
    """`behind` are the parcels that lie behind each door, `since` the hour at which each was put there. `codes` are
    those that a person was told, True when one has opened its door. `known` are the parcels that the server was told
    of, `recalled` the tracking numbers of those that staff called off. `refusals` count `(what was asked, why not)`.
    `to_open` and `to_place` are seconds from the last key, or the scan, to the open door. `trouble`: answers that
    nobody should get."""

    parcels: Sequence[Parcel]
    fates: dict[int, Fate] = field(default_factory=dict)
    behind: defaultdict[Door, list[Parcel]] = field(default_factory=lambda: defaultdict(list))
    since: dict[int, float] = field(default_factory=dict)
    codes: defaultdict[str, dict[str, bool]] = field(default_factory=lambda: defaultdict(dict))
    known: set[int] = field(default_factory=set)
    recalled: set[str] = field(default_factory=set)
    stored: int = 0
    refusals: Counter[tuple[str, str]] = field(default_factory=Counter)
    deeds: Counter[str] = field(default_factory=Counter)
    to_open: list[float] = field(default_factory=list)
    to_place: list[float] = field(default_factory=list)
    violations: list[Violation] = field(default_factory=list)
    trouble: list[str] = field(default_factory=list)

    def fate(self, parcel: Parcel) -> Fate:
        return self.fates.get(parcel.number, Fate.PLANNED)

    def count(self, fate: Fate) -> int:
        return sum(1 for found in self.fates.values() if found is fate)

    def announce(self, parcel: Parcel) -> None:
        self.known.add(parcel.number)
        if self.fate(parcel) is not Fate.STORED:
            self.fates[parcel.number] = Fate.ANNOUNCED

    def refuse(self, parcel: Parcel, why: str) -> None:
        self.refusals["announcement", why] += 1
        self.fates[parcel.number] = Fate.REFUSED

    def put(self, door: Door, parcel: Parcel, hour: float, things: int) -> None:
        """It lies there, one of `things`; whatever lay there before is known, and for the same person."""
        for other in self.behind[door]:
            if other.person != parcel.person:
                self._say("I2", door, f"{parcel.tracking} was put to {other.tracking} of somebody else")
        self.behind[door].append(parcel)
        if things != len(self.behind[door]):
            self._say("I7", door, f"{things} things lie there and {len(self.behind[door])} were put there")
        self.since[parcel.number] = hour
        self.fates[parcel.number] = Fate.STORED
        self.stored += 1

    def take(self, door: Door, *, by: Person | None) -> list[Parcel]:
        """`by` took out all that lay there; None is staff, who take back."""
        taken = self.behind.pop(door, [])
        for parcel in taken:
            if by is not None and parcel.person != by:
                self._say("I1", door, f"{by.email} took {parcel.tracking}, which is for {parcel.person.email}")
            self.fates[parcel.number] = Fate.COLLECTED if by is not None else Fate.RETURNED
        if not taken:
            self._say("I7", door, "it opened, and nothing was put there")
        return taken

    def waiting(self, person: Person) -> list[Parcel]:
        """What lies somewhere for `person`."""
        return [parcel for parcels in self.behind.values() for parcel in parcels if parcel.person == person]

    def untold(self) -> list[Violation]:
        """I5: whoever has something behind a door has a code that was not used yet, one for each door."""
        doors: defaultdict[str, set[Door]] = defaultdict(set)
        for door, parcels in self.behind.items():
            for parcel in parcels:
                if parcel.number in self.known:
                    doors[parcel.person.email].add(door)
        return [
            Violation("I5", f"persons/{email}", f"something waits behind {len(places)} doors, {told} codes were told")
            for email, places in sorted(doors.items())
            if (told := sum(1 for used in self.codes[email].values() if not used)) < len(places)
        ]

    def find(self, invariant: str, bank: int, detail: str) -> None:
        """Somebody met what must not be."""
        self.violations.append(Violation(invariant, f"city/banks/{bank}", detail))

    def _say(self, invariant: str, door: Door, detail: str) -> None:
        self.violations.append(Violation(invariant, f"city/banks/{door[0]}/doors/{door[1]}", detail))


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest of `values` that at least `share` of them do not exceed; NaN without any."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else math.nan
