"""Why a promise was refused, in a sentence for people and in figures for programs. All pure."""

from datetime import UTC, datetime
from uuid import UUID

import msgspec

from cranny.core.errors import Refused
from cranny.sites.banks import Locked
from cranny.sites.capacity import Wish, suits
from cranny.sites.sizes import hold
from cranny.sites.stock import RoomCount, Stock, in_order
from cranny.wire.allocation import SEATED, Size


class Alternative(msgspec.Struct, frozen=True):
    """Another bank that could promise it now, `room` times. `same_site`: it stands at the same place."""

    bank: UUID
    name: str
    same_site: bool
    room: int


def no_capacity(
    bank: Locked,
    wish: Wish,
    stock: Stock,
    *,
    size: str,
    until: datetime,
    alternatives: list[Alternative],
    index: int,
) -> Refused:
    """`size` is the class that was asked for; empty when sizes were given."""
    room = stock.rooms(frozenset())
    if wish.features:
        room += stock.rooms(wish.features)
    moment = until.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
    near = f" {alternatives[0].name} has room." if alternatives else ""
    unfit = sum(count for door, count in stock.unfit.items() if count and suits(door, wish))
    warm = f" {unfit} would do and have not the right temperature now." if unfit else ""
    return Refused(
        f"No free {_what(wish, size)} at {bank.name} until {moment}.{warm} {_left(room, wish)}{near}",
        code="no-capacity",
        retry=True,
        extra={
            "index": index,
            "bank": str(bank.id),
            "room": msgspec.to_builtins(room),
            "unfit": unfit,
            "alternatives": msgspec.to_builtins(alternatives),
        },
    )


def never(bank: str, wish: Wish, stock: Stock, *, index: int) -> Refused:
    """No door of the bank would do, were it as empty as can be."""
    roomy = [door for door in stock.all if hold(wish.items, door.size)]
    if roomy:
        offered = {feature for door in roomy for feature in door.features}
        return Refused(
            f"{bank} has no {_what(wish, '')}. Doors of that size there offer: "
            f"{', '.join(in_order(frozenset(offered))) or 'nothing special'}.",
            code="no-such-door",
            extra={"index": index, "features": in_order(frozenset(offered))},
        )
    largest = max((door.size for door in stock.all), key=lambda size: size.volume)
    return Refused(
        f"{_all(wish.items)} fits in no compartment at {bank}; the largest is {_millimetres(largest)}.",
        code="too-big",
        extra={"index": index, "largest": largest._asdict()},
    )


def _what(wish: Wish, size: str) -> str:
    """`chilled M compartment within seated reach`"""
    words = [*in_order(wish.features - {SEATED}), size, "compartment"]
    what = " ".join(word for word in words if word)
    reach = " within seated reach" if SEATED in wish.features else ""
    return f"{what}{reach}" if size else f"{what}{reach} for {_all(wish.items)}"


def _left(room: list[RoomCount], wish: Wish) -> str:
    """`S: 3 free, M: 0.`, of those that could be had without features first."""
    plain = ", ".join(f"{count.size}: {count.count} free" for count in room if not count.features)
    if not wish.features:
        return f"{plain}."
    return f"Without {' and '.join(in_order(wish.features))}: {plain}."


def _all(items: tuple[Size, ...]) -> str:
    first = _millimetres(items[-1])
    return first if len(items) == 1 else f"{first} with {len(items) - 1} more"


def _millimetres(size: Size) -> str:
    return f"{size.width} x {size.height} x {size.depth} mm"
