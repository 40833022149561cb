"""Whether promises fit. A promise is a count, never a door: the question is whether all that is promised could be
put into the doors at once, each wish into a door of its own that suits it. All pure, and exact (maximum flow).

A door suits a wish when its things go in together, the door has every feature that is asked for, and it is not
cold for nothing. It is the rule that the bank itself opens doors by, except that `seated` is a must here: a door
out of reach is no promise to somebody who sits.
"""

from collections import Counter, deque
from collections.abc import Mapping
from copy import copy
from typing import NamedTuple

from cranny.sites.sizes import hold
from cranny.wire.allocation import COLD, Size


class Door(NamedTuple):
    """A kind of door: all with this inner size and these features."""

    size: Size
    features: frozenset[str]


class Wish(NamedTuple):
    """A kind of promise: the things that are to go in together, and the features that they ask for."""

    items: tuple[Size, ...]
    features: frozenset[str]


Doors = Mapping[Door, int]
Wishes = Mapping[Wish, int]


def suits(door: Door, wish: Wish) -> bool:
    warm = not door.features & COLD or wish.features & COLD
    return bool(warm) and wish.features <= door.features and hold(wish.items, door.size)


def room(doors: Doors, held: Wishes, wish: Wish) -> int:
    """How many more of `wish` can be promised beside `held`, taking nothing from what is held.

    What is held may not fit any more (a door broke): then no door that those could use is given away."""
    return Packing(doors, held).room(wish)


def can_promise(doors: Doors, held: Wishes, wish: Wish) -> bool:
    """Whether one more `wish` can be promised beside `held`."""
    return Packing(doors, held).place(wish, 1) == 1


def unplaced(doors: Doors, held: Wishes) -> int:
    """How many of `held` have no door, whatever way they are put in."""
    return sum(held.values()) - sum(places.total() for places in Packing(doors, held).placed)


class Packing:
    """Wishes put into doors: a bipartite flow over kinds. Wishes that the same doors suit are one kind.
    `placed[w][d]`: how many of the w-th kind of wish are in the d-th kind of door."""

    def __init__(self, doors: Doors, held: Wishes) -> None:
        self.kinds = [kind for kind, count in doors.items() if count > 0]
        self.free = [doors[kind] for kind in self.kinds]
        self.suited: list[tuple[int, ...]] = []
        self.placed: list[Counter[int]] = []
        for wish, count in held.items():
            self.place(wish, count)

    def place(self, wish: Wish, count: int) -> int:
        """Put in up to `count`, moving others to doors that suit them too, and never throwing one out.
        Returns how many went in, which is the most that can."""
        me, left = self._kind_of(wish), count
        while left and (path := self._path(me)):
            left -= self._push(path, left)
        return count - left

    def room(self, wish: Wish) -> int:
        """How many more of `wish` would go in, were they put in now."""
        tried = copy(self)
        tried.free = self.free.copy()
        tried.suited = self.suited.copy()
        tried.placed = [places.copy() for places in self.placed]
        return tried.place(wish, sum(self.free))

    def _kind_of(self, wish: Wish) -> int:
        suited = tuple(d for d, kind in enumerate(self.kinds) if suits(kind, wish))
        if suited not in self.suited:
            self.suited.append(suited)
            self.placed.append(Counter())
        return self.suited.index(suited)

    def _path(self, start: int) -> list[tuple[int, int]]:
        """The shortest chain of (wish, door it takes): each but the first makes way for the one before it, and
        the last door is free. Empty when there is none."""
        reached: dict[int, int] = {}  # door -> the wish that would take it
        moved_from: dict[int, int] = {}  # wish -> the door it would leave
        queue = deque([start])
        while queue:
            wish = queue.popleft()
            for door in self.suited[wish]:
                if door in reached:
                    continue
                reached[door] = wish
                if self.free[door]:
                    return self._chain(door, start, reached, moved_from)
                for other, places in enumerate(self.placed):
                    if places[door] and other != start and other not in moved_from:
                        moved_from[other] = door
                        queue.append(other)
        return []

    @staticmethod
    def _chain(
        door: int, start: int, reached: Mapping[int, int], moved_from: Mapping[int, int]
    ) -> list[tuple[int, int]]:
        chain = [(reached[door], door)]
        while chain[-1][0] != start:
            door = moved_from[chain[-1][0]]
            chain.append((reached[door], door))
        return chain[::-1]

    def _push(self, path: list[tuple[int, int]], most: int) -> int:
        """Move as many along the path as every step of it bears."""
        moves = [(wish, path[n][1], door) for n, (wish, door) in enumerate(path[1:])]
        amount = min(most, self.free[path[-1][1]], *(self.placed[wish][old] for wish, old, _ in moves))
        self.placed[path[0][0]][path[0][1]] += amount
        for wish, old, new in moves:
            self.placed[wish][old] -= amount
            self.placed[wish][new] += amount
        self.free[path[-1][1]] -= amount
        return amount
