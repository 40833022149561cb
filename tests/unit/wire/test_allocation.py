"""Allocation: never what does not fit, always something when a free door is right, and the wear is shared."""

from collections import Counter
from itertools import combinations, permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cranny.wire import allocation
from cranny.wire.allocation import COLD, SCARCE, SEATED, DoorOption, Size, choose, fits, fits_together, pack

S, M, L = Size(380, 80, 640), Size(380, 190, 640), Size(380, 410, 640)
FEATURES = sorted(COLD | SCARCE | {SEATED})
SIZES = st.builds(Size, st.integers(1, 60), st.integers(1, 60), st.integers(1, 60))
SETS = st.frozensets(st.sampled_from(FEATURES), max_size=2)
DOORS = st.lists(
    st.builds(DoorOption, st.uuids().map(str), SIZES, SETS, st.integers(0, 5)), max_size=12, unique_by=lambda d: d.label
)


def door(label, size=M, features=(), openings=0):
    return DoorOption(label, size, frozenset(features), openings)


def label(chosen):
    return chosen and chosen.label


# ---------------------------------------------------------------- fitting


@given(SIZES, SIZES)
def test_an_item_fits_when_one_of_its_six_turns_does(item, box):
    turns = [Size(*sides) for sides in permutations(item)]
    assert fits(item, box) is any(
        t.width <= box.width and t.height <= box.height and t.depth <= box.depth for t in turns
    )


def assert_real(placed, items, box):
    """The packing is one that hands can make: inside, apart, and resting on something with the whole foot."""
    assert Counter(tuple(sorted(p.size)) for p in placed) == Counter(tuple(sorted(item)) for item in items)
    for p in placed:
        assert min(p.x, p.y, p.z) >= 0
        assert p.x + p.size.width <= box.width
        assert p.y + p.size.height <= box.height
        assert p.z + p.size.depth <= box.depth
        assert p.y == 0 or any(rests_on(p, q) for q in placed)
    for p, q in combinations(placed, 2):
        assert apart(p, q)


def rests_on(p, q):
    return (
        q is not p
        and q.y + q.size.height == p.y
        and q.x <= p.x
        and p.x + p.size.width <= q.x + q.size.width
        and q.z <= p.z
        and p.z + p.size.depth <= q.z + q.size.depth
    )


def apart(p, q):
    return (
        p.x + p.size.width <= q.x
        or q.x + q.size.width <= p.x
        or p.y + p.size.height <= q.y
        or q.y + q.size.height <= p.y
        or p.z + p.size.depth <= q.z
        or q.z + q.size.depth <= p.z
    )


@given(st.lists(SIZES, max_size=6), st.builds(Size, *[st.integers(1, 90)] * 3))
def test_a_yes_has_a_packing_as_its_proof(items, box):
    placed = pack(items, box)
    assert fits_together(items, box) is (placed is not None)
    if placed is not None:
        assert_real(placed, items, box)


@given(SIZES, SIZES)
def test_for_one_item_the_answer_is_exact(item, box):
    assert fits_together([item], box) is fits(item, box)


@given(SIZES, st.integers(1, 3), st.integers(1, 3), st.integers(1, 3))
def test_equal_boxes_that_fill_a_door_exactly_are_found(item, across, up, back):
    box = Size(item.width * across, item.height * up, item.depth * back)
    placed = pack([item] * (across * up * back), box)
    assert placed is not None
    assert_real(placed, [item] * (across * up * back), box)


def test_a_handful_of_parcels_of_one_visit():
    parcels = [Size(300, 200, 100), Size(250, 350, 60), Size(100, 100, 100), Size(380, 40, 600)]
    placed = pack(parcels, L)
    assert placed is not None
    assert_real(placed, parcels, L)
    assert not fits_together([*parcels, Size(380, 380, 380)], L)


def test_nobody_said_how_big_it_is():
    assert fits_together([Size(0, 0, 0)] * 3, S)


# ---------------------------------------------------------------- choosing


@pytest.mark.slow
@given(DOORS, st.lists(SIZES, min_size=1, max_size=3), SETS, st.booleans(), st.none() | SIZES)
def test_what_is_chosen_is_right_and_something_is_chosen_when_a_door_is_right(
    doors, items, features, seated, too_small
):
    chosen = choose(doors, items, features, seated=seated, larger_than=too_small)
    right = {
        d.label
        for d in doors
        if features <= d.features
        and fits_together(items, d.size)
        and (not d.features & COLD or features & COLD)
        and (too_small is None or d.size.volume > too_small.volume)
    }
    assert label(chosen) in right if right else chosen is None
    if chosen and too_small:
        assert sorted(chosen.size) != sorted(too_small)


@pytest.mark.slow
@given(DOORS, st.lists(SIZES, min_size=1, max_size=2), SETS, st.booleans(), st.randoms(use_true_random=False))
def test_the_order_in_which_doors_are_named_does_not_matter(doors, items, features, seated, random):
    shuffled = doors.copy()
    random.shuffle(shuffled)
    assert choose(doors, items, features, seated=seated) == choose(shuffled, items, features, seated=seated)


@given(st.integers(1, 9), st.integers(0, 60))
def test_wear_is_spread_evenly(doors, deposits):
    openings = Counter({f"{n:02}": 0 for n in range(doors)})
    for _ in range(deposits):
        free = [door(name, openings=times) for name, times in openings.items()]
        openings[label(choose(free, [S]))] += 1
    assert max(openings.values()) - min(openings.values()) <= 1


def test_the_smallest_that_fits_then_the_least_worn_then_the_first():
    doors = [door("1", L), door("2", M, openings=9), door("3", M, openings=2), door("4", M, openings=2), door("5", S)]
    assert label(choose(doors, [Size(300, 150, 100)])) == "3"


def test_seated_reach_when_asked_and_kept_free_when_not():
    doors = [door("high"), door("low", features=[SEATED], openings=7), door("wide", L, [SEATED])]
    assert label(choose(doors, [S], seated=True)) == "low"
    assert label(choose(doors, [S])) == "high"
    assert label(choose(doors[:1], [S], seated=True)) == "high"
    assert label(choose(doors[1:], [S])) == "low"


@pytest.mark.parametrize("feature", sorted(SCARCE))
def test_scarce_doors_are_the_last_resort(feature):
    scarce, large = door("scarce", S, [feature]), door("large", L)
    assert label(choose([scarce, large], [S])) == "large"
    assert label(choose([scarce], [S])) == "scarce"
    assert label(choose([scarce, large], [S], frozenset({feature}))) == "scarce"
    assert choose([large], [S], frozenset({feature})) is None


@pytest.mark.parametrize("feature", sorted(COLD))
def test_a_cold_door_is_never_for_what_does_not_ask(feature):
    cold = door("cold", L, [feature])
    assert choose([cold], [S]) is None
    assert label(choose([cold], [S], frozenset({feature}))) == "cold"


def test_too_small_leads_to_a_door_that_is_larger_all_around():
    doors = [door("same", M), door("flat", Size(600, 90, 900)), door("large", L)]
    assert label(choose(doors, [S], larger_than=M)) == "large"
    assert label(choose(doors[:2], [S], larger_than=M)) == "flat"
    assert choose(doors[:1], [S], larger_than=M) is None


def test_the_features_that_have_rules_are_disjoint():
    assert not COLD & SCARCE
    assert allocation.SEATED not in COLD | SCARCE
