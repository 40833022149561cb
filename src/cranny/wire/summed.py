"""What a sensor showed for a while, in one line: part of a fact, and the words that it shares with others."""

from typing import Annotated

import msgspec

from cranny.wire.facts import Count
from cranny.wire.sensors import Measure

Label = Annotated[str, msgspec.Meta(min_length=1, max_length=32, pattern=r"^[^\x00-\x1f\x7f]+\Z")]
"""The name of a door, or of a channel."""
Level = Annotated[int, msgspec.Meta(ge=-(10**9), le=10**9)]
"""A measured value, in hundredths of its unit."""


class Summed(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One channel in one window: how many samples, the least, mean and most of them in hundredths, and the points
    where the value changed: seconds since the window began and the value, in turn. A value of None begins a gap."""

    channel: Label
    measure: Measure
    count: Count
    low: Level
    mean: Level
    high: Level
    points: Annotated[list[Level | None], msgspec.Meta(max_length=1024)]
