"""A change in the making, and what every rule says about doors: pure."""

from collections.abc import Mapping
from typing import Final, Protocol
from uuid import UUID

import msgspec

from cranny.edge import lifecycle
from cranny.edge.change import Change
from cranny.edge.rows import Opening, Row
from cranny.edge.state import State
from cranny.wire.doors import POOL, Doubt, Pool
from cranny.wire.kinds import Body, DoorBlocked, DoorCleared

OUT_OF_SERVICE: Final = "out-of-service"
"""Why a door is out of the pool that nobody doubts: somebody wanted it so."""


class Sight(Protocol):
    """What the sensors say now (`wall.Wall`)."""

    def ready(self, label: str) -> bool: ...

    def stands_open(self, label: str) -> bool: ...

    def content(self, label: str) -> bool | None: ...

    def fit_for_use(self, label: str) -> bool:
        """Nothing is known against putting something in: its climate is right, where it has one."""
        ...

    def blind(self) -> bool:
        """Not one door can be seen."""
        ...


class Draft:
    """Facts and rows in the order in which they came about."""

    def __init__(self, state: State) -> None:
        self.state = state
        self._bodies: list[Body] = []
        self._rows: list[Row] = []
        self._beside: dict[int, Mapping[str, object]] = {}

    def say(self, body: Body, *, beside: Mapping[str, object] | None = None) -> None:
        if beside:
            self._beside[len(self._bodies)] = beside
        self._bodies.append(body)

    def put(self, *rows: Row) -> None:
        self._rows += rows

    def turn(self, opening: Opening, turn: lifecycle.Turn, **fields: object) -> Opening:
        """Move the opening through its table. Raises Refused when the table has no such row."""
        to = lifecycle.OPENING.move(opening.state, turn).to
        moved = msgspec.structs.replace(opening, state=to, **fields)
        self.put(moved)
        return moved

    def block(self, door: str, reason: str) -> None:
        """Out of the pool until a person has looked; told once. A doubt takes the place of a wish: whoever took the
        door out of service can't bring a doubtful one back."""
        box = self.state.compartment(door)
        wish_only = box.blocked == OUT_OF_SERVICE != reason
        if wish_only or POOL.move(_pool(box.blocked), Doubt.BLOCK).emits:
            self.put(msgspec.structs.replace(box, blocked=reason))
            self.say(DoorBlocked(door=door, reason=reason))

    def clear(self, door: str, opening: UUID | None) -> None:
        """A person has looked, or whoever took it out of service wants it back."""
        box = self.state.compartment(door)
        if POOL.move(_pool(box.blocked), Doubt.INSPECTED).emits:
            self.put(msgspec.structs.replace(box, blocked=""))
            self.say(DoorCleared(opening=opening, door=door))

    def reblock(self, door: str, reason: str) -> None:
        """Out of the pool for this reason now, whatever it was before."""
        box = self.state.compartment(door)
        self.put(msgspec.structs.replace(box, blocked=reason))
        if box.blocked != reason:
            self.say(DoorBlocked(door=door, reason=reason))

    def settle(self, door: str, opening: UUID | None) -> None:
        """A person has looked, and what lies there is known from now on. A door that is out of service stays so."""
        box = self.state.compartment(door)
        if box.blocked and box.blocked != OUT_OF_SERVICE:
            box = msgspec.structs.replace(box, blocked="")
            self.say(DoorCleared(opening=opening, door=door))
        self.put(box)

    def change(self) -> Change:
        return Change(self._bodies, self._rows, self._beside)


def _pool(blocked: str) -> Pool:
    return Pool.BLOCKED if blocked else Pool.OFFERED
