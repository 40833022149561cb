"""Promises are counts: the arithmetic agrees with trying every way of putting things into doors."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cranny.sites.capacity import Door, Wish, can_promise, room, suits, unplaced
from cranny.sites.sizes import DEFAULT_CLASSES
from cranny.wire.allocation import Size

S, M, L, XL = DEFAULT_CLASSES.values()
PLAIN: frozenset[str] = frozenset()


def door(size: Size, *features: str) -> Door:
    return Door(size, frozenset(features))


def wish(size: Size, *features: str) -> Wish:
    return Wish((size,), frozenset(features))


def best_matching(doors: list[Door], wishes: list[Wish]) -> int:
    """The most wishes that can have a door each, found by trying everything."""
    if not wishes:
        return 0
    first, rest = wishes[0], wishes[1:]
    best = best_matching(doors, rest)
    for n, option in enumerate(doors):
        if suits(option, first):
            best = max(best, 1 + best_matching(doors[:n] + doors[n + 1 :], rest))
    return best


sizes = st.sampled_from([S, M, L, Size(600, 60, 60), Size(300, 300, 300)])
items = st.lists(sizes, min_size=1, max_size=2).map(lambda items: tuple(sorted(items)))
features = st.frozensets(st.sampled_from(["chilled", "charging", "seated"]), max_size=2)
some_doors = st.lists(st.builds(Door, sizes, features), max_size=5)
some_wishes = st.lists(st.builds(Wish, items, features | st.just(PLAIN)), max_size=5)


@pytest.mark.slow
@settings(max_examples=2 * settings.default.max_examples)
@given(some_doors, some_wishes, st.builds(Wish, items, features | st.just(PLAIN)))
def test_it_agrees_with_brute_force(doors: list[Door], held: list[Wish], new: Wish) -> None:
    before, after = best_matching(doors, held), best_matching(doors, [*held, new])
    assert can_promise(Counter(doors), Counter(held), new) == (after == before + 1)
    assert unplaced(Counter(doors), Counter(held)) == len(held) - before
    most = room(Counter(doors), Counter(held), new)
    assert best_matching(doors, [*held, *[new] * most]) == before + most
    assert best_matching(doors, [*held, *[new] * (most + 1)]) == before + most


def test_a_small_thing_may_use_a_bigger_door_and_not_the_other_way_round() -> None:
    doors = {door(M): 1, door(L): 1}
    assert room(doors, {}, wish(S)) == 2
    assert room(doors, {}, wish(L)) == 1
    assert room(doors, {wish(L): 1}, wish(S)) == 1
    assert not can_promise(doors, {wish(L): 1}, wish(L))


def test_what_is_promised_moves_over_to_make_place() -> None:
    # Both small things could take the large door; the large one still gets its promise.
    doors = {door(S): 1, door(M): 1, door(L): 1}
    assert can_promise(doors, {wish(S): 2}, wish(L))
    assert not can_promise(doors, {wish(S): 2, wish(L): 1}, wish(S))


def test_a_chilled_door_is_kept_from_plain_parcels() -> None:
    doors = {door(L, "chilled", "seated"): 3}
    assert room(doors, {}, wish(S)) == 0
    assert room(doors, {}, wish(S, "chilled")) == 3
    assert room(doors, {}, wish(S, "frozen")) == 0


def test_features_asked_for_must_be_there_and_others_do_not_disturb() -> None:
    doors = {door(M, "charging", "seated"): 1, door(M): 2}
    assert room(doors, {}, wish(S)) == 3
    assert room(doors, {}, wish(S, "charging")) == 1
    assert room(doors, {wish(M): 2}, wish(S, "charging", "seated")) == 1
    assert room(doors, {wish(M): 3}, wish(S, "charging")) == 0


def test_a_broken_large_door_does_not_stop_small_promises() -> None:
    doors = {door(S): 5, door(L): 1}
    assert unplaced(doors, {wish(L): 2}) == 1
    assert room(doors, {wish(L): 2}, wish(S)) == 5


def test_things_are_turned_to_fit() -> None:
    assert suits(door(Size(380, 80, 640)), wish(Size(80, 640, 380)))
    assert not suits(door(Size(380, 80, 640)), wish(Size(100, 100, 100)))


def test_things_of_one_delivery_go_into_one_door() -> None:
    pair = Wish((S, S), PLAIN)
    assert not suits(door(S), pair)
    assert suits(door(M), pair)
    assert room({door(S): 9, door(M): 2}, {pair: 1}, pair) == 1
