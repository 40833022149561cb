"""What is done on the installation itself, as the tenants' logs tell of it."""

import getpass
import os
import socket
from typing import Final
from uuid import UUID

import cranny
from cranny.apps.clock import make_clock
from cranny.apps.settings import Settings
from cranny.core.ids import TimeIds
from cranny.core.rng import SystemRng
from cranny.platform import tenants, trail
from cranny.platform.db import Database, close_pool, open_pool

INSTALLATION: Final = "installation"
"""Who does what is done here: somebody with the rights of the system that it runs on."""


def here(settings: Settings, tenant: UUID, deed: str) -> trail.Asked:
    """What is written of a deed on the installation itself: the person is whom its system knows."""
    behind = os.environ.get("SUDO_USER", "")
    return trail.Asked(
        tenant=tenant,
        by=INSTALLATION,
        name="installation",
        does=f"cranny {deed}",
        on=f"tenants/{tenant}",
        address=f"{getpass.getuser()}@{socket.gethostname()}",
        agent=f"cranny {cranny.__version__}" + (f", sudo of {behind}" if behind else ""),
        why=settings.reason,
        request="",
    )


async def upgrade(settings: Settings, owner: str, app: str) -> None:
    """Bring the schema up to date; every tenant's log says so, where it was not. Raises what `migrate.upgrade`
    raises."""
    from cranny.platform import migrate

    if not await migrate.upgrade(owner):
        return
    clock, rng = make_clock(settings.clock), SystemRng()
    pool = await open_pool(app, size=2)
    try:
        db = Database(pool, clock=clock, ids=TimeIds(clock, rng), rng=rng, poke=_tell_nobody)
        for tenant in await tenants.every(db):
            async with db.transaction(tenant) as tx:
                await here(settings, tenant, "db upgrade").attest(tx)
    finally:
        await close_pool(pool)


async def _tell_nobody(_: str) -> None:
    """The broker may not be there yet; whoever looks at the log looks again in a moment."""
