"""Commands that stay: `up`, `server`, `worker`. What they need is imported when they run, so that help is quick."""

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

Data = Annotated[Path | None, Parameter(help="Directory for all data (default: the user's state directory).")]


def register(app: App) -> None:
    app.command(up)
    app.command(server)
    app.command(worker)


def up(*, data: Data = None, port: int | None = None) -> None:
    """Run everything on this machine: server, worker and, where no address is configured, PostgreSQL and NATS."""
    from cranny.apps import settings
    from cranny.apps.staying import stay
    from cranny.apps.up import run_up

    set_up_logs()
    stay(run_up(settings.read(data=data, port=port)))


def server(*, data: Data = None, port: int | None = None) -> None:
    """Run the HTTP server."""
    from cranny.apps import settings
    from cranny.apps.server import serve
    from cranny.apps.staying import stay

    set_up_logs()
    stay(serve(settings.read(data=data, port=port)))


def worker(*, data: Data = None) -> None:
    """Run a worker: ingest, downlink, reactions, jobs, sweeps. As many as needed."""
    from cranny.apps import settings
    from cranny.apps.staying import stay
    from cranny.apps.worker import work

    set_up_logs()
    stay(work(settings.read(data=data)))


def set_up_logs(level: str = "INFO") -> None:
    """JSON lines, or readable ones on a terminal. Always on standard error: what a command answers may be read by
    another program."""
    from cranny.web import telemetry

    telemetry.set_up(json=not sys.stderr.isatty(), level=level)
