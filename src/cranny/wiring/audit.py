"""Gathers every feature's audit: what `cranny check` and the demo's end look at."""

from cranny.platform import personal, tenants
from cranny.platform.crossing import crossings
from cranny.platform.db import Database
from cranny.platform.feature import Violation
from cranny.wiring.features import features


async def audit(db: Database) -> list[Violation]:
    """Every broken invariant of every tenant, and between them."""
    found: list[Violation] = []
    for tenant in await tenants.every(db):
        async with db.transaction(tenant) as tx:
            for feature in features():
                found.extend(await feature.audit(tx))
                if feature.personal is not None:
                    found.extend(await personal.audit(tx, feature.personal))
    return [*found, *await crossings(db)]
