"""What this room brings to the wiring."""

from typing import Final

from cranny.people import tables
from cranny.platform.db import Tx
from cranny.platform.feature import Feature, Violation


async def audit(tx: Tx) -> list[Violation]:
    """The keys say what the address and the number say; otherwise one person could become two."""
    return [
        Violation("persons", f"persons/{row['id']}", "a key does not belong to its address or number")
        for row in await tx.all(tables.ODD_KEYS, tx.tenant)
    ]


FEATURE: Final = Feature("people", audit=audit)
