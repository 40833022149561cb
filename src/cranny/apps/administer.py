"""What an administrator does on the installation itself, past the API."""

from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

from cranny import sites
from cranny.apps.addresses import find
from cranny.apps.clock import make_clock
from cranny.apps.parts import assemble
from cranny.apps.settings import Settings
from cranny.core.rng import SystemRng
from cranny.platform import migrate, tenants
from cranny.platform.feature import Violation
from cranny.sim import truth
from cranny.wiring.audit import audit


async def upgrade(settings: Settings) -> None:
    """Bring the schema up to date."""
    async with find(settings, SystemRng()) as found:
        await migrate.upgrade(found.owner_dsn)


async def add_tenant(settings: Settings, name: str) -> tuple[UUID, str]:
    """A new tenant with the default size classes. Returns its id and its API key, which is readable only now."""
    rng = SystemRng()
    async with (
        find(settings, rng) as found,
        assemble(found, settings, make_clock(settings.clock), rng) as parts,
        parts.db.transaction() as tx,
    ):
        row, key = await tenants.add_tenant(tx, name)
        await sites.default_size_classes(tx)
    return row.tenant, key


async def check(settings: Settings, edges: Sequence[Path] = ()) -> tuple[list[Violation], truth.Looked | None]:
    """Every broken invariant in the database and, where `edges` tells directories of controllers, in their journals
    and simulated doors. Raises NotFound, code `no-controller`."""
    rng = SystemRng()
    async with find(settings, rng) as found, assemble(found, settings, make_clock(settings.clock), rng) as parts:
        looked = await truth.look(parts.db, edges) if edges else None
        return [*await audit(parts.db), *(looked.violations if looked else ())], looked
