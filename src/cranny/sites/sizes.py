"""Inner sizes, and the tenant's classes that give them names. Things may be turned any way. All pure."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Final, Protocol, TypeVar

from cranny.wire.allocation import Size, fits, fits_together


class Sized(Protocol):
    """Whatever has a name and inner sides in mm."""

    @property
    def name(self) -> str: ...

    @property
    def size(self) -> Size: ...


C = TypeVar("C", bound=Sized)

DEFAULT_CLASSES: Final = {
    "S": Size(380, 80, 640),
    "M": Size(380, 190, 640),
    "L": Size(380, 410, 640),
    "XL": Size(500, 500, 800),
}
"""What a new tenant starts with: the inner sizes of the most common European parcel machines."""


@lru_cache(maxsize=1 << 16)
def hold(items: tuple[Size, ...], box: Size) -> bool:
    """Whether all of `items` go into `box` together, by the same rule that the bank opens doors by. A tenant's
    things come in few sizes, and each promise asks of every kind of door: the answers are kept."""
    return fits(items[0], box) if len(items) == 1 else fits_together(items, box)


def class_of(box: Size, classes: Iterable[C]) -> C | None:
    """The largest class that fits in `box`: what its door counts as. None when it is smaller than all."""
    return max((c for c in classes if fits(c.size, box)), key=_rank, default=None)


def class_for(items: tuple[Size, ...], classes: Iterable[C]) -> C | None:
    """The smallest class that holds `items` together. None when there is none."""
    return min((c for c in classes if hold(items, c.size)), key=_rank, default=None)


def _rank(sized: Sized) -> tuple[int, str]:
    return sized.size.volume, sized.name
