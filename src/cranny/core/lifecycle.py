"""The lifecycle engine: a state machine is a table `(state, trigger) -> Move(to, emits, why)`.

The engine refuses a bad table when the module that holds it is imported, so that a hole in a story is
found before the first request, not by the first unlucky parcel.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from cranny.core.errors import Refused

S = TypeVar("S", bound=StrEnum)
T = TypeVar("T", bound=StrEnum)


class BadTable(Exception):
    """The table itself is wrong."""


@dataclass(frozen=True, slots=True)
class Move(Generic[S]):
    """Where a trigger leads, the event type that tells of it (None: nothing to tell), and the reason
    for a row that surprises."""

    to: S
    emits: str | None = None
    why: str = ""


class Lifecycle(Generic[S, T]):
    def __init__(self, name: str, *, start: S, final: Iterable[S], table: Mapping[tuple[S, T], Move[S]]) -> None:
        """`name` names the thing (`delivery`). Raises BadTable for: a state that can't be reached, a dead
        end, an exit from a final state, a row that stays in place or moves into the start without a `why`."""
        self.name = name
        self.start = start
        self.final = frozenset(final)
        self.table = dict(table)
        self.states = tuple(type(start))
        self._check()

    def move(self, state: S, trigger: T) -> Move[S]:
        """The row for `(state, trigger)`. Raises Refused, code `<name>-<trigger>-when-<state>`."""
        row = self.table.get((state, trigger))
        if row is None:
            raise Refused(
                f"A {self.name} that is {state.value.replace('_', ' ')} can't "
                f"{trigger.value.replace('_', ' ')}. Look at its history before you try again.",
                code=f"{self.name}-{trigger.value}-when-{state.value}".replace("_", "-"),
            )
        return row

    def rows(self, trigger: T) -> list[tuple[S, Move[S]]]:
        """Every row that `trigger` has, as (from, move)."""
        return [(state, row) for (state, t), row in self.table.items() if t is trigger]

    def event_types(self) -> frozenset[str]:
        """Every event type that this table can emit."""
        return frozenset(row.emits for row in self.table.values() if row.emits)

    def _check(self) -> None:
        leaves = {state for (state, _), row in self.table.items() if row.to is not state}
        for (state, trigger), row in self.table.items():
            where = f"{self.name}: ({state.value}, {trigger.value})"
            if state in self.final and row.to is not state:
                raise BadTable(f"{where} leaves a final state")
            if row.to is state and not row.why:
                raise BadTable(f"{where} stays in place and does not say why")
            if row.to is self.start and state is not self.start and not row.why:
                raise BadTable(f"{where} returns to the start and does not say why")
        for state in self.states:
            if state not in self.final and state not in leaves:
                raise BadTable(f"{self.name}: {state.value} is a dead end")
        if lost := set(self.states) - self._reachable():
            raise BadTable(f"{self.name}: can't be reached: {', '.join(sorted(s.value for s in lost))}")

    def _reachable(self) -> set[S]:
        seen, todo = {self.start}, [self.start]
        while todo:
            here = todo.pop()
            for (state, _), row in self.table.items():
                if state is here and row.to not in seen:
                    seen.add(row.to)
                    todo.append(row.to)
        return seen
