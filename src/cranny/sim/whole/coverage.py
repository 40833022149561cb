"""What lives of the second tier have met: of the tables of the first, and of those that live in PostgreSQL. Nothing is
excused here and nothing has to be met: it says where to look next."""

from collections.abc import Mapping
from typing import Any, Final

from cranny import fleet, outreach, sites
from cranny.core.lifecycle import Lifecycle
from cranny.sim import conflicts
from cranny.sim.coverage import TABLES, all_pairs, all_rows

SERVER: Final[tuple[Lifecycle[Any, Any], ...]] = (
    fleet.BANK,
    fleet.COMMAND,
    fleet.ANOMALY,
    sites.RESERVATION,
    outreach.NOTICE,
)
EVERY: Final = (*TABLES, *SERVER)


def not_met(counts: Mapping[str, int]) -> list[str]:
    return [name for name in (*all_rows(EVERY), *all_pairs()) if not counts.get(name)]


def told(counts: Mapping[str, int]) -> str:
    """For people."""
    parts = []
    for what, names in (
        (f"rows of {len(TABLES)} state tables", all_rows(TABLES)),
        (f"rows of {len(SERVER)} more, which are the server's alone", all_rows(SERVER)),
        ("faults x critical sections", all_pairs()),
    ):
        parts.append(f"{sum(bool(counts.get(name)) for name in names)} of {len(names)} {what}")
    met = sum(conflicts.shown(row, counts) for row in conflicts.MET)
    return f"met: {', '.join(parts)}, {met} of {len(conflicts.MET) + len(conflicts.EXCUSED)} conflicts"
