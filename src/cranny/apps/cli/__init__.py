"""The command line. Each group of commands is a file; each command says in one line what it is for."""

import sys
from collections.abc import Sequence
from typing import Any, Final

from cyclopts import App, Group
from rich.console import Console
from rich.markup import escape

from cranny import __version__
from cranny.apps.cli import admin, alarms, anomalies, audit, bank, commands, demo, edge, people, run
from cranny.apps.ending import FOR_GOOD
from cranny.core.errors import CrannyError

SHELVES: Final = {
    "Start here": ("demo", "up"),
    "Set up": ("tenant", "key", "people", "bank", "db", "nats"),
    "Every day": ("link", "anomalies", "alarms", "audit", "check"),
    "One process each": ("server", "worker", "edge"),
    "Also": ("--help", "--version"),
}
"""The commands as the help shows them, in this order."""

app = App(
    name="cranny",
    help="The open platform that runs smart lockers. New here? `cranny demo` shows a city of them in three minutes.",
    version=__version__,
    help_on_error=False,
)
run.register(app)
edge.register(app)
demo.register(app)
admin.register(app)
audit.register(app)
people.register(app)
bank.register(app)
commands.register(bank.bank)
anomalies.register(app)
alarms.register(app)
for place, (title, names) in enumerate(SHELVES.items()):
    shelf = Group(title, sort_key=place)
    for name in names:
        app[name].group = shelf


def main() -> None:
    """Entry point. What went wrong is one sentence on standard error, and exit code 1 where trying again may help, else
    78."""
    try:
        app()
    except* CrannyError as errors:
        sys.exit(_say(errors.exceptions))
    except* KeyboardInterrupt:
        sys.exit(130)


def _further(error: CrannyError) -> list[str]:
    """The second mistake of a file, and those after it: the sentence tells the first."""
    errors: Any = error.extra.get("errors", ())
    return [f"  line {one['line']}: {one['message']}" for one in errors[1:] if "line" in one]


def _say(errors: Sequence[BaseException]) -> int:
    """Each in a sentence. The exit code."""
    console, for_good = Console(stderr=True, highlight=False), False
    for error in errors:
        if isinstance(error, BaseExceptionGroup):
            for_good |= _say(error.exceptions) == FOR_GOOD
        elif isinstance(error, CrannyError):
            console.print(f"[bold red]{error.code}[/]: {escape(error.detail)}", soft_wrap=True)
            for one in _further(error):
                console.print(escape(one), soft_wrap=True)
            for_good |= not error.retry
    return FOR_GOOD if for_good else 1
