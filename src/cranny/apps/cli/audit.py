"""Commands about who did what, and whether the log of it is what was written."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter
from cyclopts.validators import Number
from rich.console import Console
from rich.table import Table

from cranny.apps.cli.run import Data, set_up_logs
from cranny.core.errors import Invalid

audit = App(name="audit", help="Who did what: list it, and prove that the log of it is what was written.")


def register(app: App) -> None:
    app.command(audit)


@audit.command
def verify(
    tenant: str,
    /,
    *,
    heads: Annotated[
        Path | None, Parameter(name=["--heads", "--head"], help="A file with heads that were kept elsewhere.")
    ] = None,
    data: Data = None,
) -> None:
    """Walk the chain of TENANT's log. Names the first broken link, with exit code 1, if there is one."""
    from cranny.apps import administer, settings

    set_up_logs("WARNING")
    kept = None if heads is None else _text(heads)
    reached, broken = asyncio.run(administer.verify_log(settings.read(data=data), tenant, kept))
    console = Console(highlight=False)
    if broken is not None:
        console.print(f"[bold red]broken[/] at log/{broken.position}: {broken.why}", soft_wrap=True)
        sys.exit(1)
    console.print(f"The log is what was written: {reached} links, none broken.")


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise Invalid(f"{file} can't be read: {error.strerror}.", code="head-unreadable") from error


@audit.command
def head(tenant: str, /, *, data: Data = None) -> None:
    """Print the head of TENANT's log, signed. Keep it where nobody who can write the database can write."""
    from cranny.apps import administer, settings

    set_up_logs("WARNING")
    sys.stdout.write(asyncio.run(administer.log_head(settings.read(data=data), tenant)) + "\n")


@audit.command(name="heads")
def heads_(tenant: str, /, *, data: Data = None) -> None:
    """Print every head of TENANT's log that the worker has signed, and the key that they can be checked with."""
    from cranny.apps import administer, settings

    set_up_logs("WARNING")
    for line in asyncio.run(administer.log_heads(settings.read(data=data), tenant)):
        sys.stdout.write(line + "\n")


@audit.command(name="list")
def list_(
    tenant: str,
    /,
    *,
    most: Annotated[int, Parameter(help="How many.", validator=Number(gte=1, lte=10_000))] = 50,
    data: Data = None,
) -> None:
    """List what was done for TENANT, the newest first: when, who, what, from where and why."""
    from cranny.apps import administer, settings

    set_up_logs("WARNING")
    table = Table("log", "when", "who", "did", "to", "from", "why", "refused")
    for entry in asyncio.run(administer.list_trail(settings.read(data=data), tenant, most)):
        place, why = ("erased", "erased") if entry.details is None else (entry.details.address, entry.details.why)
        when = f"{entry.at:%Y-%m-%d %H:%M}"
        table.add_row(str(entry.position), when, entry.by, entry.does, entry.on, place, why, entry.refusal)
    Console().print(table)
