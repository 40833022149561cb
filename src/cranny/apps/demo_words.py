"""What the demo is asked, and what it says at its beginning, at its end, and to whoever stays."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec
from rich.console import Console

from cranny.apps.clock import VARIABLE
from cranny.apps.demo_stage import Stage
from cranny.apps.demo_visitor import Invitation
from cranny.apps.settings import Settings
from cranny.platform.violation import Violation
from cranny.sim import truth
from cranny.sim.city.setting import Cabinet
from cranny.sim.city.summary import Summary

SHOWN: Final = 20
"""Violations that are printed; one mistake can show in many places."""
SERIOUS: Final = frozenset({"error", "critical"})
RESTARTING: Final = "restarting"
"""What a kiosk says while its controller starts: we asked early."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """`speed`: how many times faster than life `Clock.now()` runs; doors and the network are never scaled. `plain`:
    lines instead of a display that redraws itself. `outage`: some hours without a network."""

    banks: int
    parcels: int
    days: int
    seed: int
    speed: float
    outage: bool
    once: bool
    plain: bool


@dataclass(slots=True)
class Verdict:
    """What the end of the demo found. `looked` is None until the end came."""

    looked: truth.Looked | None = None
    violations: list[Violation] = field(default_factory=list)
    trouble: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        return self.looked is not None and not self.violations and not self.trouble


def begin(console: Console, asked: Asked, settings: Settings, banks: Sequence[Cabinet]) -> None:
    doors = sum(cabinet.doors for cabinet in banks)
    console.print(
        f"[bold]Cranny City[/]  {asked.parcels} parcels, {asked.days} days, {len(banks)} banks with {doors} doors, "
        f"seed {asked.seed}. One second is {asked.speed / 60:.0f} minutes; doors and network are as fast as in life."
    )
    console.print(f"data and logs: {settings.data}", soft_wrap=True)


def watch(console: Console, link: str) -> None:
    """While the days pass."""
    console.print(f"[bold]watch the doors live[/]  {link}  (signs one browser in, once)", soft_wrap=True)


def end(console: Console, stage: Stage, summary: Summary, verdict: Verdict) -> None:
    """The figures, and what must not be."""
    console.print(summary)
    for name, count in sorted(_errors(stage.settings.data / "logs").items()):
        console.print(f"[yellow]in the logs[/]  {name}: {count}", soft_wrap=True)
    for line in verdict.trouble[:SHOWN]:
        console.print(f"[bold red]trouble[/] {line}", soft_wrap=True)
    for violation in verdict.violations[:SHOWN]:
        console.print(f"[bold red]{violation.invariant}[/] {violation.subject}: {violation.detail}", soft_wrap=True)
    looked = verdict.looked
    if looked is not None:
        console.print(
            f"looked at the database, {looked.banks} journals with {looked.facts} facts ({looked.offline} of them "
            f"written offline) and {looked.openings} openings, every door, and what everybody knows",
            soft_wrap=True,
        )
    style = "bold green" if verdict.good else "bold red"
    console.print(f"[{style}]{len(verdict.violations)} violations[/]")


def welcome(console: Console, stage: Stage, invitation: Invitation, link: str) -> None:
    """What there is to try. Time runs at life's pace from here on."""
    console.print()
    for name, what in (
        ("a parcel waits for you", f"open {invitation.kiosk} and type [bold]{invitation.code}[/]"),
        ("see the doors live", f"{link}  (signs one browser in, once)"),
        ("bring one yourself", f"scan (or type) [bold]{invitation.to_bring}[/] there"),
        ("other kiosks", "  ".join(kiosk.url for kiosk in stage.kiosks if kiosk.url != invitation.kiosk) or "none"),
        ("API", f"{stage.url}/docs  (for programs: /schema/openapi.json)"),
        ("API key", stage.key),
        ("events", f"curl -N -H 'Authorization: Bearer {stage.key}' {stage.url}/v1/events/stream"),
        ("look again", again(stage)),
    ):
        # Not a table: what is cut or broken can't be copied.
        console.print(f"[bold]{name:<23}[/] {what}", soft_wrap=True, highlight=False)
    console.print("\nIt stays up until Ctrl-C.")


def again(stage: Stage) -> str:
    """The command that looks at everything but the people once more."""
    return f"{VARIABLE}={stage.settings.clock} cranny check --data {stage.settings.data} --edges {stage.homes}"


def _errors(logs: Path) -> Counter[str]:
    """How often each kind of error stands in the logs, by the name of the log and the line's event."""
    found: Counter[str] = Counter()
    for path in sorted(logs.glob("*.log")):
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                said = json.loads(line)
            except ValueError:
                continue
            if isinstance(said, dict) and said.get("level") in SERIOUS and said.get("problem") != RESTARTING:
                found[f"{path.name}: {said.get('event')}"] += 1
    return found
