"""What an administrator does on the installation itself, past the API."""

from uuid import UUID

from cranny import sites
from cranny.apps.addresses import find
from cranny.apps.parts import assemble
from cranny.apps.settings import Settings
from cranny.core.clock import SystemClock
from cranny.core.rng import SystemRng
from cranny.platform import migrate, tenants
from cranny.platform.feature import Violation
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
        assemble(found, settings, SystemClock(), rng) as parts,
        parts.db.transaction() as tx,
    ):
        row, key = await tenants.add_tenant(tx, name)
        await sites.default_size_classes(tx)
    return row.tenant, key


async def check(settings: Settings) -> list[Violation]:
    """Every broken invariant in the database."""
    rng = SystemRng()
    async with find(settings, rng) as found, assemble(found, settings, SystemClock(), rng) as parts:
        return await audit(parts.db)
