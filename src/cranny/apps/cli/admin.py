"""Commands that set up and look after an installation: `db`, `tenant`, `check`."""

import asyncio
import sys

from cyclopts import App
from rich.console import Console

from cranny.apps.cli.run import Data, set_up_logs

database = App(name="db", help="The database's schema.")
tenant = App(name="tenant", help="Tenants and their keys.")


def register(app: App) -> None:
    app.command(database)
    app.command(tenant)
    app.command(check)


@database.command
def upgrade(*, data: Data = None) -> None:
    """Bring the schema up to date. Safe to run at any time, and from several places at once."""
    from cranny.apps import administer, settings

    set_up_logs("WARNING")
    asyncio.run(administer.upgrade(settings.read(data=data)))
    Console().print("The schema is up to date.")


@tenant.command
def add(name: str, /, *, data: Data = None) -> None:
    """Add a tenant and print its API key. The key is shown this once."""
    from cranny.apps import administer, settings

    set_up_logs("WARNING")
    tenant_id, key = asyncio.run(administer.add_tenant(settings.read(data=data), name))
    console = Console(highlight=False)
    console.print(f"Tenant [bold]{name}[/]  {tenant_id}")
    console.print(f"API key [bold]{key}[/]")
    console.print("Keep the key now: it can't be shown again.")


def check(*, data: Data = None) -> None:
    """Look for broken invariants in the database. Exit code 1 when there is one."""
    from cranny.apps import administer, settings

    set_up_logs("WARNING")
    found = asyncio.run(administer.check(settings.read(data=data)))
    console = Console()
    for violation in found:
        console.print(f"[bold red]{violation.invariant}[/] {violation.subject}: {violation.detail}")
    console.print(f"{len(found)} violations")
    sys.exit(1 if found else 0)
