"""The command line. Each group of commands is a file; each command says in one line what it is for."""

import sys

from cyclopts import App
from rich.console import Console

from cranny import __version__
from cranny.apps.cli import admin, bank, demo, edge, run
from cranny.core.errors import CrannyError

app = App(
    name="cranny",
    help="The open platform that runs smart lockers.",
    version=__version__,
    help_on_error=False,
)
run.register(app)
edge.register(app)
demo.register(app)
admin.register(app)
bank.register(app)


def main() -> None:
    """Entry point. What went wrong is one sentence on standard error, and exit code 1."""
    try:
        app()
    except CrannyError as error:
        Console(stderr=True, highlight=False).print(f"[bold red]{error.code}[/]: {error.detail}", soft_wrap=True)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
