"""The city's plan: the same seed, the same parcels; arrivals and dwell as docs/city.md says."""

import math
from collections import Counter
from statistics import mean

import pytest

from cranny.sim.city import model
from cranny.sim.city.catalogue import HEAVIEST_G, Box, boxes, every_box
from cranny.sim.city.hours import said
from cranny.sim.city.ledger import Fate, Ledger, quantile
from cranny.sim.city.letters import CODE
from cranny.sim.city.model import MORNING, NIGHT, Place, Quirk, by_day, draw
from cranny.sim.city.setting import MOST, cabinets

PLACES = [Place("Corner", 20), Place("Station", 60), Place("Campus", 128)]


@pytest.fixture(scope="module")
def months() -> model.Plan:
    """Many parcels over two months."""
    return draw(1, PLACES, 8000, 60)


def fetched(parcel: model.Parcel) -> float:
    """Hours from the courier's round to the moment at which its recipient comes."""
    return by_day(parcel.brought + parcel.dwell, parcel.whim) - parcel.brought


# ---------------------------------------------------------------- the catalogue


@pytest.mark.slow
def test_the_catalogue_is_whole() -> None:
    every = every_box()
    assert len(every) == 24_678
    assert every[0] == Box(60, 60, 80, 595)
    assert all(0 < side <= 1180 for box in every for side in box[:3])
    assert all(0 < box.weight_g <= 40_425 for box in every)


@pytest.mark.slow
def test_nobody_sends_to_a_locker_what_is_too_heavy_for_it() -> None:
    assert max(box.weight_g for box in boxes()) <= HEAVIEST_G
    assert len(boxes()) > 0.98 * len(every_box())


@pytest.mark.parametrize(("height", "share"), [(80, 0.244), (190, 0.691), (410, 0.882)])
def test_as_many_parcels_fit_a_door_as_were_counted(height: int, share: float) -> None:
    """Doors of 38 by 64 cm, turned any way: 24.4 % need no more than 8 cm, and so on."""
    room = sorted((380, height, 640))
    fit = sum(all(side <= space for side, space in zip(sorted(box[:3]), room, strict=True)) for box in every_box())
    assert fit / len(every_box()) == pytest.approx(share, abs=0.002)


# ---------------------------------------------------------------- the plan


def test_the_same_seed_draws_the_same_parcels() -> None:
    assert draw(7, PLACES, 300, 3) == draw(7, PLACES, 300, 3)
    assert draw(7, PLACES, 300, 3) != draw(8, PLACES, 300, 3)


def test_who_lives_at_a_bank_does_not_depend_on_the_others() -> None:
    one, three = draw(7, PLACES[:1], 10, 3), draw(7, PLACES, 10, 3)
    assert one.persons == tuple(person for person in three.persons if person.bank == 0)
    assert one.rounds[0] == three.rounds[0]


def test_tracking_numbers_and_addresses_are_different() -> None:
    plan = draw(1, PLACES, 2000, 3)
    assert len({parcel.tracking for parcel in plan.parcels}) == 2000
    assert len({person.email for person in plan.persons}) == len(plan.persons) == 3 * (20 + 60 + 128)


def test_parcels_come_with_couriers_on_working_days() -> None:
    plan = draw(1, PLACES, 2000, 14)
    assert all(parcel.brought in plan.rounds[parcel.person.bank] for parcel in plan.parcels)
    days = Counter(int((parcel.brought + MORNING) // 24) for parcel in plan.parcels)
    assert set(days) == {0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 12}  # no Sundays
    mornings = sum((parcel.brought + MORNING) % 24 < 13 for parcel in plan.parcels)
    assert mornings / 2000 == pytest.approx(0.65, abs=0.04)


@pytest.mark.slow
@pytest.mark.slow
def test_larger_banks_get_more_but_fewer_for_each_door(months: model.Plan) -> None:
    plan = months
    loads = Counter(parcel.person.bank for parcel in plan.parcels)
    per_door = [loads[number] / place.doors for number, place in enumerate(PLACES)]
    assert loads[0] < loads[1] < loads[2]
    assert per_door[0] > per_door[1] > per_door[2]


@pytest.mark.slow
def test_nearly_everything_is_announced_the_day_before(months: model.Plan) -> None:
    plan = months
    leads = [p.brought - p.announced for p in plan.parcels if p.quirk is not Quirk.NEWS_LATE and p.announced > 3]
    assert min(leads) > 0
    assert mean(leads) == pytest.approx(17, abs=1)
    assert all(parcel.announced >= 0 for parcel in plan.parcels)
    late = [p for p in plan.parcels if p.quirk is Quirk.NEWS_LATE]
    assert late
    assert all(parcel.announced > parcel.brought for parcel in late)


@pytest.mark.slow
def test_dwell_has_the_two_published_figures(months: model.Plan) -> None:
    """TØI report 1901/2022: 31.6 hours on average, and just over 60 % within 24 hours."""
    dwell = [fetched(parcel) for parcel in months.parcels]
    assert mean(dwell) == pytest.approx(31.6, abs=1.5)
    assert sum(hours <= 24 for hours in dwell) / len(dwell) == pytest.approx(0.61, abs=0.02)
    assert quantile(dwell, 0.9) == pytest.approx(72, abs=6)


def test_nobody_comes_at_night() -> None:
    night_starts, night_ends = NIGHT[0], NIGHT[1]
    for tenth in range(2400):
        hours = tenth / 10
        hour = (by_day(hours, 0.5) + MORNING) % 24
        assert night_ends <= hour < night_starts
        assert 0 <= by_day(hours, 0.5) - hours < 10


@pytest.mark.slow
def test_quirks_are_as_rare_as_they_should_be(months: model.Plan) -> None:
    found = Counter(parcel.quirk for parcel in months.parcels)
    for quirk, odds in model.QUIRKS.items():
        assert found[quirk] / len(months.parcels) == pytest.approx(odds, abs=0.008)


# ---------------------------------------------------------------- what people know


def test_somebody_who_takes_anothers_parcel_is_noticed() -> None:
    plan = draw(1, PLACES[:1], 40, 3)
    mine, theirs = plan.parcels[0], next(p for p in plan.parcels if p.person != plan.parcels[0].person)
    ledger = Ledger(plan.parcels)
    ledger.put((0, "A01"), mine, 3.0, 1)
    ledger.announce(mine)
    assert [found.invariant for found in ledger.untold()] == ["I5"]
    ledger.codes[mine.person.email]["123 456 789"] = False
    assert not ledger.untold()
    ledger.take((0, "A01"), by=theirs.person)
    ledger.put((0, "A02"), mine, 4.0, 2)
    ledger.take((0, "A03"), by=None)
    assert [found.invariant for found in ledger.violations] == ["I1", "I7", "I7"]


def test_what_staff_takes_back_is_nobodys_theft() -> None:
    plan = draw(1, PLACES[:1], 1, 3)
    ledger = Ledger(plan.parcels)
    ledger.put((0, "A01"), plan.parcels[0], 3.0, 1)
    ledger.take((0, "A01"), by=None)
    assert ledger.fate(plan.parcels[0]) is Fate.RETURNED
    assert not ledger.violations


def test_quantiles() -> None:
    values = [float(n) for n in range(1, 101)]
    assert (quantile(values, 0.5), quantile(values, 0.99), quantile([7.0], 0.99)) == (50.0, 99.0, 7.0)
    assert math.isnan(quantile([], 0.5))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Type this code:\n\n    042 193 550\n\nUntil Tuesday", "042 193 550"),
        ("Call 123 456 789 for help", None),
        ("no code at all", None),
    ],
)
def test_a_code_is_a_line_of_its_own(text: str, code: str | None) -> None:
    found = CODE.search(text)
    assert (found[1] if found else None) == code


def test_days_are_told_in_words() -> None:
    assert [said(hours) for hours in (-1, 0, 8.25, 24, 150)] == [
        "Mon 06:00",
        "Mon 06:00",
        "Mon 14:15",
        "Tue 06:00",
        "Sun 12:00",
    ]


@pytest.mark.slow
def test_every_number_of_banks_can_be_had() -> None:
    for number in range(1, MOST + 1):
        found = cabinets(number)
        assert len({cabinet.place.name for cabinet in found}) == number
        assert sum(not cabinet.sees for cabinet in found) == (number > 1)
    assert [(cabinet.doors, cabinet.place.doors) for cabinet in cabinets(3)] == [(20, 20), (60, 41), (128, 77)]
