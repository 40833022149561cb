"""How big items are: as said, or as big as the size class that was named."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from cranny import sites
from cranny.platform.db import Tx
from cranny.usecases.deliveries.shapes import ItemAsked, flaw
from cranny.wire.allocation import Size


@dataclass(frozen=True, slots=True)
class Measured:
    """An item with its id and its sides in mm."""

    id: UUID
    asked: ItemAsked
    sides: Size


class Measures:
    """Reads the tenant's size classes once, and only when an item names one."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx
        self._classes: dict[str, Size] | None = None

    async def of(self, items: Sequence[ItemAsked]) -> list[Measured]:
        """Raises Invalid, code `size-class-unknown`, with the item's path."""
        return [Measured(self._tx.ids.new(), item, await self._sides(item, place)) for place, item in enumerate(items)]

    async def _sides(self, item: ItemAsked, place: int) -> Size:
        if item.size is None:
            return Size(item.width or 0, item.height or 0, item.depth or 0)
        if self._classes is None:
            classes = await sites.list_size_classes(self._tx)
            self._classes = {one.name.lower(): Size(one.width, one.height, one.depth) for one in classes}
        sides = self._classes.get(item.size.lower())
        if sides is None:
            raise flaw(f"items[{place}].size", f"There is no size class {item.size!r}.", code="size-class-unknown")
        return sides
