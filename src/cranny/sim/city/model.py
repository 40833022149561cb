"""What happens in the city, drawn beforehand from a seed: who gets what, when it is announced, brought and fetched.

Pure: the same seed, banks and number of parcels make the same plan. Times are hours since the city's first morning, a
Monday at `MORNING` o'clock. Every figure has its source or its "assumed" in docs/city.md.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from cranny.core.rng import SeededRng, pick
from cranny.sim.city.catalogue import Box, boxes

MORNING: Final = 6.0
"""The hour of the day at which the plan begins."""
DAY_H: Final = 24.0
WORKING_DAYS: Final = 6
"""Monday to Saturday; on Sunday no courier comes."""
ROUNDS: Final = ((9.5, 0.65), (15.5, 0.35))
"""The couriers of a day: the hour they come at, and their share of the day's parcels."""
ROUND_SPREAD_H: Final = 0.5
DAY_SHAPE: Final = 8
"""Of the gamma noise on a day's volume: its standard deviation is a third."""
LEAD_H: Final = (math.log(16.0), 0.35)
"""From announcement to courier, lognormal: nearly all parcels come on the day after."""
DWELL_H: Final = (2.84, 1.07)
"""From deposit to collection, lognormal, before nights: with them 62 % within 24 h and 32 h on average."""
NIGHT: Final = (23.0, 6.5)
WAKING_H: Final = (7.0, 9.0)
"""Whoever would have come at night comes in these hours of the next morning."""
OUTAGE: Final = (28.0, 33.0)
"""On the second day the banks have no network from 10 to 15 o'clock."""
PERSONS_PER_DOOR: Final = 3
LOAD_EXPONENT: Final = 0.9
"""A larger bank gets more parcels, but fewer for each door."""


class Quirk(StrEnum):
    """What goes differently with a parcel."""

    NONE = "none"
    NEVER_BROUGHT = "never brought"
    NEWS_LATE = "announced after the courier came"
    TOO_SMALL = "does not fit as announced"
    MISTYPED = "code mistyped at first"
    LEFT = "door shut with the parcel still inside"
    FORGOTTEN = "opened once more afterwards"


QUIRKS: Final = {
    Quirk.NEVER_BROUGHT: 0.03,
    Quirk.NEWS_LATE: 0.02,
    Quirk.TOO_SMALL: 0.03,
    Quirk.MISTYPED: 0.05,
    Quirk.LEFT: 0.02,
    Quirk.FORGOTTEN: 0.03,
}

FIRST: Final = "Ada Bo Cleo Dara Emil Fen Gita Hal Ines Jonas Kim Lea Mila Noor Otto Pia Quinn Rosa Sami Tove".split()  # noqa: SIM905
LAST: Final = "Ash Birch Cedar Elm Fir Hazel Holly Ivy Juniper Larch Linden Maple Oak Pine Rowan Willow".split()  # noqa: SIM905
LANGUAGES: Final = ("en", "de", "pl")


@dataclass(frozen=True, slots=True)
class Place:
    """A bank as the plan needs it: its name, and how many doors it has for ordinary parcels."""

    name: str
    doors: int


@dataclass(frozen=True, slots=True)
class Person:
    number: int
    bank: int
    name: str
    email: str
    language: str


@dataclass(frozen=True, slots=True)
class Parcel:
    """`announced` and `brought` in hours since the start. `dwell`: hours from its deposit until its recipient means
    to come, if that is by day (`by_day`)."""

    number: int
    tracking: str
    person: Person
    box: Box
    announced: float
    brought: float
    dwell: float
    whim: float
    """From 0 to 1: when in the morning a recipient comes who would have come at night."""
    quirk: Quirk


@dataclass(frozen=True, slots=True)
class Plan:
    """`rounds`: for each bank the hours at which couriers come, in order; `brought` of each parcel is one of them."""

    places: tuple[Place, ...]
    persons: tuple[Person, ...]
    parcels: tuple[Parcel, ...]
    rounds: tuple[tuple[float, ...], ...]


def draw(seed: int, places: Sequence[Place], parcels: int, days: int) -> Plan:
    """A plan for `parcels` parcels in `days` days."""
    by_bank = [_people(seed, number, place) for number, place in enumerate(places)]
    rounds = [_rounds(seed, number, days) for number in range(len(places))]
    weights = [place.doors**LOAD_EXPONENT for place in places]
    loads = [_loads(seed, number, days) for number in range(len(places))]
    drawn: list[Parcel] = []
    for number in range(parcels):
        rng = _rng(seed, "parcel", number)
        bank = _weighted(rng, weights)
        brought = rounds[bank][_weighted(rng, loads[bank])]
        drawn.append(_parcel(rng, seed, number, pick(rng, by_bank[bank]), brought))
    return Plan(
        places=tuple(places),
        persons=tuple(person for people in by_bank for person in people),
        parcels=tuple(sorted(drawn, key=lambda parcel: (parcel.announced, parcel.number))),
        rounds=tuple(map(tuple, rounds)),
    )


def by_day(hours: float, whim: float) -> float:
    """The moment at which somebody comes who meant to come at `hours`: nobody comes at night."""
    hour = (hours + MORNING) % DAY_H
    if NIGHT[1] <= hour < NIGHT[0]:
        return hours
    wakes = WAKING_H[0] + (WAKING_H[1] - WAKING_H[0]) * whim
    return hours + (wakes - hour) % DAY_H


def _parcel(rng: SeededRng, seed: int, number: int, person: Person, brought: float) -> Parcel:
    quirk = _quirk(rng)
    lead = math.exp(rng.gauss(*LEAD_H))
    announced = brought - lead
    if quirk is Quirk.NEWS_LATE:
        announced = brought + 0.5 + 3.0 * rng.uniform()
    elif announced < 0:
        # Ordered before the city began: its shop announces it first thing in the morning.
        announced = min(brought - 0.5, 3.0) * rng.uniform()
    return Parcel(
        number=number,
        tracking=f"PX{seed % 1000:03}{number:06}",
        person=person,
        box=pick(rng, boxes()),
        announced=announced,
        brought=brought,
        dwell=math.exp(rng.gauss(*DWELL_H)),
        whim=rng.uniform(),
        quirk=quirk,
    )


def _quirk(rng: SeededRng) -> Quirk:
    left = rng.uniform()
    for quirk, odds in QUIRKS.items():
        left -= odds
        if left < 0:
            return quirk
    return Quirk.NONE


def _people(seed: int, bank: int, place: Place) -> list[Person]:
    rng = _rng(seed, "people", bank)
    return [_person(rng, bank, number) for number in range(place.doors * PERSONS_PER_DOOR)]


def _person(rng: SeededRng, bank: int, number: int) -> Person:
    first, last = pick(rng, FIRST), pick(rng, LAST)
    email = f"{first}.{last}.{bank}-{number}@city.example".lower()
    return Person(number, bank, f"{first} {last}", email, pick(rng, LANGUAGES))


def _rounds(seed: int, bank: int, days: int) -> list[float]:
    rng = _rng(seed, "rounds", bank)
    return [
        day * DAY_H + hour - MORNING + ROUND_SPREAD_H * (2 * rng.uniform() - 1)
        for day in _working(days)
        for hour, _ in ROUNDS
    ]


def _loads(seed: int, bank: int, days: int) -> list[float]:
    """The weight of each round."""
    rng = _rng(seed, "loads", bank)
    return [share * volume for volume in [_gamma(rng) for _ in _working(days)] for _, share in ROUNDS]


def _working(days: int) -> Iterator[int]:
    return (day for day in range(days) if day % 7 < WORKING_DAYS)


def _gamma(rng: SeededRng) -> float:
    """Mean 1, shape `DAY_SHAPE`."""
    return -sum(math.log(1.0 - rng.uniform()) for _ in range(DAY_SHAPE)) / DAY_SHAPE


def _weighted(rng: SeededRng, weights: Sequence[float]) -> int:
    left = rng.uniform() * sum(weights)
    for place, weight in enumerate(weights):
        left -= weight
        if left < 0:
            return place
    return len(weights) - 1


def _rng(seed: int, *names: object) -> SeededRng:
    """Chance of its own for each theme, so that one more bank changes nobody else's parcels."""
    return SeededRng("/".join(map(str, (seed, *names))))
