"""The clock's part on the server's side: what was not brought in time lapses and is given up, what was not fetched
falls due; sometimes somebody asks for more time. A sweep acts on what it has read a moment before, like the real ones:
so it comes too late now and then, and twice, even long after."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from cranny.core.errors import Refused
from cranny.sim.dice import Dice
from cranny.sim.reference.books import Books, DeliveryKept
from cranny.sim.reference.rights import Rights
from cranny.usecases.deliveries import Deed, Delivery
from cranny.wire.messages import DeliveryWithdrawn

EVERY_S: Final = 240.0
LATE_S: Final = 40.0
"""Between reading and acting, on average."""
SWEPT: Final = {
    Delivery.ANNOUNCED: Deed.LAPSE,
    Delivery.LAPSED: Deed.GIVE_UP,
    Delivery.STORED: Deed.FALL_DUE,
    Delivery.OVERDUE: Deed.EXTEND,
}
SOME: Final = 0.12
REPEATED: Final = 5
"""Deeds of earlier sweeps that one does once more: a person who asks again, a worker that was away for long."""


@dataclass(frozen=True, slots=True)
class Due:
    id: UUID
    deed: Deed


def read(books: Books, dice: Dice) -> list[Due]:
    """Some of those whose time might be over."""
    return [
        Due(row.id, SWEPT[row.state])
        for row in books.deliveries.kept.values()
        if row.state in SWEPT and dice.chance(SOME if row.state is not Delivery.LAPSED else SOME / 2)
    ]


def again(before: Sequence[Due], dice: Dice) -> list[Due]:
    """Some of what was done `before`, by chance."""
    return [before[dice.below(len(before))] for _ in range(REPEATED if before else 0)]


def act(rights: Rights, due: list[Due], refused: Callable[[], None]) -> None:
    """Inside a transaction."""
    for one in due:
        before = rights.books.deliveries.must(one.id)
        try:
            row = rights.move(one.id, one.deed)
        except Refused:
            refused()  # a person asked for what makes no sense any more
            continue
        if before.state is not Delivery.CANCELLED and row.state is Delivery.CANCELLED:
            _give_up(rights, row)


def _give_up(rights: Rights, row: DeliveryKept) -> None:
    rights.revoke([row.deposit_grant, row.collect_grant])
    rights.give(row.bank, DeliveryWithdrawn(row.id))
