"""What a rule makes of the state: facts and rows for one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from cranny.edge.rows import Row
from cranny.wire.kinds import Body

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Change:
    """What one transaction writes. `beside` has the personal fields of the body with that index; they travel
    beside the fact and never in it."""

    bodies: Sequence[Body] = ()
    rows: Sequence[Row] = ()
    beside: Mapping[int, Mapping[str, object]] = field(default_factory=dict)


Ruled = tuple[Change, T]
"""The change to journal, and what to tell."""
