"""Commands that set up and look after an installation: `db`, `tenant`, `check`."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter
from cyclopts.validators import Number
from rich.console import Console
from rich.table import Table

from cranny.apps.cli.run import Data, set_up_logs

database = App(name="db", help="The database's schema.")
nats = App(name="nats", help="A NATS server of your own.")
tenant = App(name="tenant", help="Tenants: who runs banks here.")
key = App(name="key", help="API keys of a tenant. One key is one person: some deeds need two.")


def register(app: App) -> None:
    app.command(database)
    app.command(nats)
    app.command(tenant)
    app.command(key)
    app.command(check)


@database.command
def upgrade(*, data: Data = None) -> None:
    """Bring the schema up to date. Safe to run at any time, and from several places at once."""
    from cranny.apps import administer, settings

    set_up_logs("WARNING")
    asyncio.run(administer.upgrade(settings.read(data=data)))
    Console().print("The schema is up to date.")


@nats.command
def config(*, data: Data = None) -> None:
    """Print what your NATS server has to be configured with, as a file that it can include. Holds no secret."""
    from cranny.apps import administer, settings

    print(json.dumps(administer.nats_demands(settings.read(data=data)), indent=1))


@tenant.command
def add(name: str, /, *, data: Data = None) -> None:
    """Add a tenant and print its API key, and the link for its first admin. Both are shown this once."""
    from cranny.apps import administer, settings

    set_up_logs("WARNING")
    made = asyncio.run(administer.add_tenant(settings.read(data=data), name))
    console = Console(highlight=False)
    console.print(f"Tenant [bold]{name}[/]  {made.id}")
    console.print(f"API key [bold]{made.key}[/]", soft_wrap=True)
    console.print(f"Admin [bold]{made.link}[/]", soft_wrap=True)
    console.print("Keep the key now: it can't be shown again. The link makes whoever opens it the admin, once.")


@tenant.command
def admin(tenant: str, /, *, data: Data = None) -> None:
    """Print a link that makes whoever opens it an admin of TENANT (name or id), once within seven days."""
    from cranny.apps import administer, settings

    set_up_logs("WARNING")
    link = asyncio.run(administer.admin_link(settings.read(data=data), tenant))
    Console(highlight=False).print(f"Admin [bold]{link}[/]", soft_wrap=True)


Label = Annotated[str, Parameter(help="Who the key is for, as others will see it.")]


Scopes = Annotated[
    tuple[str, ...],
    Parameter(
        name="--scope",
        consume_multiple=True,
        negative="",
        help="What it is good for: an area with :read or :write, as `deliveries:write events:read`.",
    ),
]
Days = Annotated[int | None, Parameter(help="It opens nothing any more after so many days.", validator=Number(gt=0))]


@key.command(name="add")
def add_key(tenant: str, /, *, label: Label, scope: Scopes = ("all",), days: Days = None, data: Data = None) -> None:
    """Add an API key to TENANT (name or id) and print it. It is shown this once."""
    from cranny.apps import administer, settings

    set_up_logs("WARNING")
    made = asyncio.run(administer.add_key(settings.read(data=data), tenant, label, wanted=scope, days=days))
    console = Console(highlight=False)
    console.print(f"API key of [bold]{label}[/]  [bold]{made}[/]", soft_wrap=True)
    console.print("Keep the key now: it can't be shown again.")


@key.command(name="list")
def list_keys(tenant: str, /, *, data: Data = None) -> None:
    """List the keys of TENANT: whose they are, and when they were used."""
    from cranny.apps import administer, settings

    set_up_logs("WARNING")
    table = Table("label", "begins with", "good for", "added", "last used", "expires", "revoked")
    for row in asyncio.run(administer.list_keys(settings.read(data=data), tenant)):
        moments = (row.created, row.last_used, row.expires, row.revoked)
        times = [f"{at:%Y-%m-%d %H:%M}" if at else "" for at in moments]
        table.add_row(row.label, f"crn_{row.prefix}", " ".join(row.scopes), *times)
    Console().print(table)


@key.command(name="revoke")
def revoke_key(tenant: str, /, *, label: Label, data: Data = None) -> None:
    """End a key of TENANT, and every session that was begun with it."""
    from cranny.apps import administer, settings

    set_up_logs("WARNING")
    asyncio.run(administer.revoke_key(settings.read(data=data), tenant, label))
    Console().print(f"The key {label} opens nothing any more.")


def check(
    *,
    data: Data = None,
    edges: Annotated[
        tuple[Path, ...],
        Parameter(
            consume_multiple=True,
            negative="",
            help="Directories of controllers on this machine, or one that holds several: their journals and, where "
            "the board is simulated, their doors are looked at as well.",
        ),
    ] = (),
) -> None:
    """Look for broken invariants in the database. Exit code 1 when there is one."""
    from cranny.apps import administer, settings

    set_up_logs("WARNING")
    found, looked = asyncio.run(administer.check(settings.read(data=data), [path.absolute() for path in edges]))
    console = Console(highlight=False)
    for violation in found:
        console.print(f"[bold red]{violation.invariant}[/] {violation.subject}: {violation.detail}", soft_wrap=True)
    if looked is not None:
        unsent = f", {looked.unsent} of them not yet acknowledged" if looked.unsent else ""
        console.print(f"{looked.banks} journals, {looked.facts} facts{unsent}, {looked.openings} openings")
    console.print(f"{len(found)} violations")
    sys.exit(1 if found else 0)
