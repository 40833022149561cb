"""Which door to open for a deposit. Pure: the controller alone calls it, and the server never picks a door.

Sizes are inner sides in mm. What goes in may be turned any way, along the sides only.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations, product
from typing import Final, NamedTuple

COLD: Final = frozenset({"chilled", "frozen"})
"""Never for what does not ask: it would warm what stands beside it, and some things must not be cold."""
SCARCE: Final = frozenset({"high-security", "charging"})
"""Kept free for what asks, and given away when nothing else is left."""
SEATED: Final = "seated"
"""The door is within reach of somebody who sits."""


class Size(NamedTuple):
    width: int
    height: int
    depth: int

    @property
    def volume(self) -> int:
        """In mm³."""
        return self.width * self.height * self.depth


class Placed(NamedTuple):
    """An item of `size`, turned as it stands, with its lowest left front corner at (`x`, `y`, `z`); `y` is up."""

    x: int
    y: int
    z: int
    size: Size


@dataclass(frozen=True, slots=True)
class DoorOption:
    """A door that could take a deposit now: free, not blocked, its sensor says shut. `openings` is how often
    it has been opened."""

    label: str
    size: Size
    features: frozenset[str]
    openings: int


def _largest_face(size: Size) -> int:
    return size.volume // (min(size) or 1)


_ORDERS: Final = (lambda size: size.volume, max, _largest_face)


def fits(item: Size, box: Size) -> bool:
    """Whether the item goes in, turned the best of six ways."""
    return all(side <= room for side, room in zip(sorted(item), sorted(box), strict=True))


def fits_together(items: Iterable[Size], box: Size) -> bool:
    """Whether all go in at once. A yes is certain, a no may be too careful."""
    return pack(items, box) is not None


def pack(items: Iterable[Size], box: Size) -> list[Placed] | None:
    """One way to put all of `items` in, or None when none was found. Whatever stands on something stands on it
    with its whole foot, so that nothing has to float or to be balanced.

    Tries a few orders and ways to cut the room that is left; a bank's visit has a handful of items.
    """
    wanted = list(items)
    if sum(item.volume for item in wanted) > box.volume or not all(fits(item, box) for item in wanted):
        return None
    for order, waste, deep_first in product(_ORDERS, (_gaps, _remainders), (True, False)):
        ordered = sorted(wanted, key=order, reverse=True)
        if (placed := _fill(ordered, box, waste, deep_first=deep_first)) is not None:
            return placed
    return None


def choose(
    doors: Iterable[DoorOption],
    items: Sequence[Size],
    features: frozenset[str] = frozenset(),
    *,
    seated: bool = False,
    larger_than: Size | None = None,
) -> DoorOption | None:
    """The best door for all of `items` together, None when no door is right.

    A door is right when it has every one of `features`, is not cold for nothing, and the items fit.
    Of these the best is one within reach when `seated`, then one whose scarce features nobody will miss, then the
    smallest, then the least worn, then the first by label. `larger_than` is a door that proved too small.
    """
    asked = features | {SEATED} if seated else features

    def badness(door: DoorOption) -> tuple[int | str, ...]:
        return (
            seated and SEATED not in door.features,
            larger_than is not None and not fits(larger_than, door.size),
            len((door.features & SCARCE) - asked),
            door.size.volume,
            SEATED in door.features - asked,
            door.openings,
            door.label,
        )

    suiting = sorted((door for door in doors if _suits(door, features, larger_than)), key=badness)
    return next((door for door in suiting if fits_together(items, door.size)), None)


def _suits(door: DoorOption, features: frozenset[str], larger_than: Size | None) -> bool:
    cold_for_nothing = bool(door.features & COLD) and not features & COLD
    too_small = larger_than is not None and door.size.volume <= larger_than.volume
    return features <= door.features and not cold_for_nothing and not too_small


def _fill(
    items: Sequence[Size], box: Size, waste: Callable[[Size, Size], list[int]], *, deep_first: bool
) -> list[Placed] | None:
    """Puts each item into the corner of the smallest room that takes it, turned as `waste` likes it best, low
    rather than high, and cuts what is left into three."""
    rooms, placed = [Placed(0, 0, 0, box)], []
    for item in items:
        best = min(
            ((room, turned) for room in rooms for turned in _turned(item, room.size)),
            key=lambda option: (
                option[0].size.volume,
                waste(option[0].size, option[1]),
                option[0].y,
                option,
            ),
            default=None,
        )
        if best is None:
            return None
        room, turned = best
        rooms.remove(room)
        rooms += _left(room, turned, deep_first=deep_first)
        placed.append(Placed(room.x, room.y, room.z, turned))
    return placed


def _turned(item: Size, room: Size) -> Iterator[Size]:
    for sides in sorted(set(permutations(item))):
        turned = Size(*sides)
        if all(side <= free for side, free in zip(turned, room, strict=True)):
            yield turned


def _gaps(room: Size, turned: Size) -> list[int]:
    """What stays free along each side: good for items of many sizes."""
    return sorted(free - side for free, side in zip(room, turned, strict=True))


def _remainders(room: Size, turned: Size) -> list[int]:
    """What would stay free behind a row of the same: good for items of one size."""
    return sorted((free % side if side else 0 for free, side in zip(room, turned, strict=True)), reverse=True)


def _left(room: Placed, turned: Size, *, deep_first: bool) -> Iterator[Placed]:
    """On top of the item (never wider than its foot), beside it and behind it. `deep_first`: the corner that
    is both beside and behind goes to the room beside."""
    (x, y, z, free), (width, height, depth) = room, turned
    beside = Size(free.width - width, free.height, free.depth if deep_first else depth)
    behind = Size(width if deep_first else free.width, free.height, free.depth - depth)
    yield Placed(x, y + height, z, Size(width, free.height - height, depth))
    yield Placed(x + width, y, z, beside)
    yield Placed(x, y, z + depth, behind)
