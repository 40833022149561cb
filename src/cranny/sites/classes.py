"""The tenant's size classes."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from cranny.core.errors import Conflict
from cranny.core.events import NewEvent
from cranny.platform import events
from cranny.platform.db import Tx
from cranny.sites import tables
from cranny.sites.sizes import DEFAULT_CLASSES, class_of
from cranny.wire.allocation import Size


class SizeClass(msgspec.Struct, frozen=True):
    """Inner sides in mm. A compartment counts as the largest class that fits in it."""

    id: UUID
    name: str
    width: int
    height: int
    depth: int

    @property
    def size(self) -> Size:
        return Size(self.width, self.height, self.depth)


async def list_size_classes(tx: Tx) -> list[SizeClass]:
    """From the smallest to the largest."""
    return [
        SizeClass(row["id"], row["name"], row["width"], row["height"], row["depth"])
        for row in await tx.all(tables.LIST_CLASSES, tx.tenant)
    ]


async def default_size_classes(tx: Tx) -> None:
    """S, M, L and XL, for a tenant that was just added. Does nothing where the names are taken."""
    await _add(tx, [SizeClass(tx.ids.new(), name, *size) for name, size in DEFAULT_CLASSES.items()])


async def add_size_class(tx: Tx, name: str, size: Size) -> SizeClass:
    """Compartments for which it is now the largest that fits count as it from here on. Raises Conflict, code
    `size-class-taken`."""
    added = SizeClass(tx.ids.new(), name, *size)
    if not await _add(tx, [added]):
        raise Conflict(f"There is a size class {name!r} already; choose another name.", code="size-class-taken")
    data = {"name": name, **size._asdict()}
    await events.record(tx, [NewEvent("size_class.added", f"size-classes/{added.id}", data)])
    return added


async def _add(tx: Tx, classes: Sequence[SizeClass]) -> bool:
    """Whether at least one was added."""
    columns = zip(*(msgspec.structs.astuple(c) for c in classes), strict=True)
    added = await tx.all(tables.ADD_CLASSES, tx.tenant, *map(list, columns))
    if added:
        await _reclass(tx)
    return bool(added)


async def _reclass(tx: Tx) -> None:
    classes = await list_size_classes(tx)
    boxes = [Size(row["width"], row["height"], row["depth"]) for row in await tx.all(tables.DISTINCT_SIDES, tx.tenant)]
    if not boxes:
        return
    found = [class_of(box, classes) for box in boxes]
    await tx.run(
        tables.RECLASS,
        tx.tenant,
        *map(list, zip(*boxes, strict=True)),
        [c.id if c else None for c in found],
    )
