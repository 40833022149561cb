"""What is shown while the city lives: bars, counts and waiting times, from what people know."""

import math
from collections.abc import Iterator
from typing import Final

from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from cranny.sim.city.hours import Hours, said
from cranny.sim.city.ledger import Fate, Ledger, quantile
from cranny.sim.city.letters import PostOffice
from cranny.sim.city.line import Line

BAR: Final = 40
COLOUR: Final = "green"


class Summary:
    def __init__(self, ledger: Ledger, hours: Hours, post: PostOffice, line: Line) -> None:
        self._line = line
        self._ledger = ledger
        self._hours = hours
        self._post = post

    def __rich__(self) -> RenderableType:
        """For a live display."""
        return Group(self._bars(), Text(), self._figures())

    def line(self) -> str:
        """All of it in one line, for a log."""
        ledger, down = self._ledger, "" if self._line.whole else "NETWORK DOWN  "
        return (
            f"{said(self._hours.now())}  announced {len(ledger.known)}  stored {ledger.stored}  "
            f"waiting {self.waiting()}  collected {ledger.count(Fate.COLLECTED)}  "
            f"taken back {ledger.count(Fate.RETURNED)}  refused {ledger.count(Fate.REFUSED)}  "
            f"messages {self._post.handed}  {down}code to door {_times(ledger.to_open)}"
        )

    def waiting(self) -> int:
        """Parcels that lie behind doors."""
        return sum(map(len, self._ledger.behind.values()))

    def lines(self) -> Iterator[tuple[str, str]]:
        """Name and figure of everything that is not a bar."""
        ledger = self._ledger
        yield "waiting behind doors", f"{self.waiting()}"
        yield "taken back", f"{ledger.count(Fate.RETURNED)}"
        yield "messages", f"{self._post.handed}"
        if not self._line.whole:
            yield "network", "[bold red]down[/]: the banks are on their own"
        yield "code → door", _times(ledger.to_open)
        yield "scan → door", _times(ledger.to_place)
        for asked in ("announcement", "deposit", "collection", "taking back"):
            reasons = sorted(((n, why) for (what, why), n in ledger.refusals.items() if what == asked), reverse=True)
            if reasons:
                yield f"refused at {asked}", ", ".join(f"{why} {n}" for n, why in reasons)
        if ledger.deeds:
            yield "also", ", ".join(f"{deed} {n}" for deed, n in sorted(ledger.deeds.items()))

    def _bars(self) -> Table:
        ledger, all_ = self._ledger, len(self._ledger.parcels)
        table = Table.grid(padding=(0, 2))
        announced = len(ledger.known) + ledger.count(Fate.REFUSED)
        for name, done, of, figure in (
            (said(self._hours.now()), self._hours.now(), self._hours.horizon, f"of {self._hours.horizon / 24:g} days"),
            ("announced", announced, all_, f"{announced} of {all_}"),
            ("stored", ledger.stored, all_, f"{ledger.stored}"),
            ("collected", ledger.count(Fate.COLLECTED), all_, f"{ledger.count(Fate.COLLECTED)}"),
        ):
            bar = ProgressBar(
                total=max(of, 1),
                completed=min(max(done, 0), of),
                width=BAR,
                complete_style=COLOUR,
                finished_style=COLOUR,
            )
            table.add_row(Text(name, style="bold"), bar, figure)
        return table

    def _figures(self) -> Table:
        table = Table.grid(padding=(0, 2))
        for name, figure in self.lines():
            table.add_row(Text(name, style="bold"), figure)
        return table


def _times(seconds: list[float]) -> str:
    if not seconds:
        return "none yet"
    p50, p99 = quantile(seconds, 0.5), quantile(seconds, 0.99)
    return f"p50 {_ms(p50)}, p99 {_ms(p99)} ({len(seconds)})"


def _ms(seconds: float) -> str:
    return f"{math.ceil(seconds * 1000)} ms"
