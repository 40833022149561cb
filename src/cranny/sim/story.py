"""The story of a seed that went wrong: what the oracles say, and what happened before they first spoke."""

from collections.abc import Iterator
from typing import Final

from cranny.sim.report import Report

BEFORE: Final = 60
"""Lines."""


def tell(report: Report) -> Iterator[str]:
    """Lines for people."""
    yield f"seed {report.seed}: {len(report.violations)} violations"
    for violation in report.violations:
        yield f"  {violation.invariant}  {violation.subject}: {violation.detail}"
    spoken = next((place for place, line in enumerate(report.trace) if "!!!" in line), None)
    if spoken is None:
        return
    words = report.trace[spoken].split("!!!", 1)[1].split()
    scene = words[1].split("/")[0].rstrip(":") if len(words) > 1 else ""
    yield ""
    yield f"  seconds  {scene or 'everybody'}, up to the first of them:"
    told = [line for line in report.trace[: spoken + 1] if scene in line or "!!!" in line]
    yield from (f"  {line}" for line in told[-BEFORE:])
