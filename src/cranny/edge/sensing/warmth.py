"""How long what lies behind a door was beyond its limits, all in all: pure. Time without a reading counts when what
follows it is beyond the limits, because then nobody can say that it was not."""

from cranny.edge.rows import Occupancy, Warmth


def older(
    known: Warmth | None, place: Occupancy, *, by_ms: int, value: int, side: int, spoils_ms: int
) -> tuple[Warmth, bool]:
    """`by_ms` have passed since the last reading; `value` is above (1), below (-1) or inside (0) its limits. Returns
    the account of this occupancy, and whether it has just become too much. An account of an earlier generation is
    another one's."""
    mine = known if known is not None and known.generation == place.generation else None
    before = mine or Warmth(place.label, place.generation)
    if side == 0:
        return before, False
    warm = before.warm_ms + by_ms
    worst = value if before.worst is None else max(before.worst, value) if side > 0 else min(before.worst, value)
    spoiled = before.spoiled or warm >= spoils_ms
    return Warmth(place.label, place.generation, warm, worst, spoiled), spoiled and not before.spoiled
