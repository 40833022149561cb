"""What a bank has to promise from: its doors by kind, what is free of them, and what is promised already."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from cranny.core.errors import Invalid, NotFound
from cranny.platform.db import Row, Tx
from cranny.sites import tables
from cranny.sites.capacity import Door, Packing, Wish
from cranny.sites.classes import SizeClass
from cranny.sites.shapes import FEATURES
from cranny.sites.sizes import class_for
from cranny.wire.allocation import SEATED, Size

Wanted = str | Size | Sequence[Size]
"""A size class's name, the size of one thing, or the sizes of things that go into one compartment together."""

MOST_ITEMS: Final = 50


class DoorCount(msgspec.Struct, frozen=True):
    """Doors of one class and set of features. `size` is null for doors smaller than every class; `blocked`
    counts those that are out of the pool and empty, `unfit` those that are empty and have not the right climate."""

    size: str | None
    features: list[str]
    total: int
    """How many there are."""
    free: int
    """How many are empty and in order. What is promised is not taken off: `room` says what can be promised."""
    occupied: int
    """How many have something behind them."""
    blocked: int
    unfit: int = 0


class PromiseCount(msgspec.Struct, frozen=True):
    """Live promises; `size` is null when what is promised is bigger than every class."""

    size: str | None
    features: list[str]
    """What is asked of the door."""
    count: int


class RoomCount(msgspec.Struct, frozen=True):
    """How many more things of this class could be promised, if all of them were of this kind."""

    size: str
    features: list[str]
    """What is asked of the door."""
    count: int


class ForecastAt(msgspec.Struct, frozen=True):
    """How many things of each class could probably be promised `at` that time."""

    at: datetime
    room: list[RoomCount]
    """How many of each class."""


class Capacity(msgspec.Struct, frozen=True):
    """What is free now (`doors`), what is `promised`, how many more could be (`room`), and what is to be expected
    (`forecast`, the next hours in their order). Null: nobody forecasts for this bank; not: it stays as it is."""

    bank: UUID
    doors: list[DoorCount]
    promised: list[PromiseCount]
    room: list[RoomCount]
    forecast: list[ForecastAt] | None = None


@dataclass(slots=True)
class Stock:
    classes: list[SizeClass]
    all: Counter[Door] = field(default_factory=Counter)
    free: Counter[Door] = field(default_factory=Counter)
    unfit: Counter[Door] = field(default_factory=Counter)
    held: Counter[Wish] = field(default_factory=Counter)
    packing: Packing | None = None
    doors: list[DoorCount] = field(default_factory=list)
    promised: list[PromiseCount] = field(default_factory=list)

    def packed(self) -> Packing:
        """What is held, put into what is free. Made when first asked for."""
        if self.packing is None:
            self.packing = Packing(self.free, self.held)
        return self.packing

    def room(self, wish: Wish) -> int:
        return self.packed().room(wish)

    def rooms(self, features: frozenset[str]) -> list[RoomCount]:
        """For each class, from the smallest."""
        return [RoomCount(c.name, in_order(features), self.room(Wish((c.size,), features))) for c in self.classes]


def in_order(features: frozenset[str]) -> list[str]:
    """In the order in which features are listed everywhere."""
    return [feature for feature in FEATURES if feature in features]


async def stocks(tx: Tx, banks: Sequence[UUID]) -> dict[UUID, Stock]:
    """The stock of each bank, in one round trip. An unknown bank has an empty one."""
    found = await tx.all(tables.SNAPSHOT, tx.tenant, banks, tx.now())
    classes = [SizeClass(row["size_class"], row["name"], *row["sides"]) for row in found if row["part"] == "class"]
    classes.sort(key=lambda c: (c.size.volume, c.name))
    names = {c.id: c.name for c in classes}
    by_bank = {bank: Stock(classes) for bank in banks}
    for row in found:
        if row["part"] != "class":
            _put(by_bank[row["bank"]], row, names)
    return by_bank


async def stock_of(tx: Tx, bank: UUID) -> Stock:
    """Raises NotFound, code `bank-not-found`."""
    stock = (await stocks(tx, [bank]))[bank]
    if not stock.all:
        raise NotFound(f"There is no bank {bank}.", code="bank-not-found")
    return stock


async def free_counts(tx: Tx, bank: UUID) -> Capacity:
    """Raises NotFound, code `bank-not-found`."""
    stock = await stock_of(tx, bank)
    kinds = {frozenset[str](), *(kind.features - {SEATED} for kind in stock.all)}
    return Capacity(
        bank=bank,
        doors=stock.doors,
        promised=stock.promised,
        room=[count for kind in sorted(kinds, key=sorted) for count in stock.rooms(kind)],
    )


def wanted(want: Wanted, classes: Sequence[SizeClass]) -> tuple[tuple[Size, ...], SizeClass | None]:
    """The items that a class's name stands for, or the smallest class that holds the items given.
    Raises Invalid, code `size-class-unknown`, or `size-invalid`."""
    if isinstance(want, str):
        for known in classes:
            if known.name.lower() == want.strip().lower():
                return (known.size,), known
        raise Invalid(
            f"There is no size class {want!r}; these are: {', '.join(c.name for c in classes)}.",
            code="size-class-unknown",
        )
    items = (want,) if isinstance(want, Size) else tuple(sorted(want))
    if not 1 <= len(items) <= MOST_ITEMS or min(map(min, items)) < 1:
        raise Invalid(
            f"One compartment takes 1 to {MOST_ITEMS} items, and each side is at least 1 mm.", code="size-invalid"
        )
    return items, class_for(items, classes)


def flatten(items: Sequence[Size]) -> list[int]:
    """As the database holds them: width, height, depth of the first, of the second…"""
    return [side for item in items for side in item]


def unflatten(sides: Sequence[int]) -> tuple[Size, ...]:
    """The inverse of `flatten`."""
    return tuple(Size(*sides[n : n + 3]) for n in range(0, len(sides), 3))


def _put(stock: Stock, row: Row, names: dict[UUID, str]) -> None:
    items, features = unflatten(row["sides"]), frozenset(row["features"])
    size = names.get(row["size_class"])
    if row["part"] == "held":
        stock.held[Wish(items, features)] += row["n"]
        stock.promised.append(PromiseCount(size, in_order(features), row["n"]))
        return
    stock.all[Door(items[0], features)] += row["n"]
    stock.free[Door(items[0], features)] += row["free"]
    unfit = row["unfit"]
    out = row["n"] - row["free"] - row["occupied"] - unfit
    stock.unfit[Door(items[0], features)] += unfit
    stock.doors.append(DoorCount(size, in_order(features), row["n"], row["free"], row["occupied"], out, unfit))
