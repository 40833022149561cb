"""Commands that set up and look after an installation: `db`, `tenant`, `check`."""

import asyncio
import sys

from cyclopts import App
from rich.console import Console

from cranny.apps import settings as setting
from cranny.apps.addresses import find
from cranny.apps.cli.run import Data
from cranny.apps.parts import assemble
from cranny.apps.settings import Settings
from cranny.core.clock import SystemClock
from cranny.core.rng import SystemRng
from cranny.platform import migrate, tenants
from cranny.platform.feature import Violation
from cranny.wiring.audit import audit

database = App(name="db", help="The database's schema.")
tenant = App(name="tenant", help="Tenants and their keys.")


def register(app: App) -> None:
    app.command(database)
    app.command(tenant)
    app.command(check)


@database.command
def upgrade(*, data: Data = None) -> None:
    """Bring the schema up to date. Safe to run at any time, and from several places at once."""
    settings = setting.read(data=data)

    async def work() -> None:
        async with find(settings, SystemRng()) as found:
            await migrate.upgrade(found.owner_dsn)

    asyncio.run(work())
    Console().print("The schema is up to date.")


@tenant.command
def add(name: str, /, *, data: Data = None) -> None:
    """Add a tenant and print its API key. The key is shown this once."""
    settings = setting.read(data=data)
    console = Console(highlight=False)
    tenant_id, key = asyncio.run(_add_tenant(settings, name))
    console.print(f"Tenant [bold]{name}[/]  {tenant_id}")
    console.print(f"API key [bold]{key}[/]")
    console.print("Keep the key now: it can't be shown again.")


async def _add_tenant(settings: Settings, name: str) -> tuple[str, str]:
    from cranny import sites

    rng = SystemRng()
    async with (
        find(settings, rng) as found,
        assemble(found, settings, SystemClock(), rng) as parts,
        parts.db.transaction() as tx,
    ):
        row, key = await tenants.add_tenant(tx, name)
        await sites.default_size_classes(tx)
    return str(row.tenant), key


def check(*, data: Data = None) -> None:
    """Look for broken invariants in the database. Exit code 1 when there is one."""
    settings = setting.read(data=data)
    found = asyncio.run(_check(settings))
    console = Console()
    for violation in found:
        console.print(f"[bold red]{violation.invariant}[/] {violation.subject}: {violation.detail}")
    console.print(f"{len(found)} violations")
    sys.exit(1 if found else 0)


async def _check(settings: Settings) -> list[Violation]:
    rng = SystemRng()
    async with find(settings, rng) as found, assemble(found, settings, SystemClock(), rng) as parts:
        return await audit(parts.db)
