"""What must hold for access at any moment."""

from cranny.access.tables import AUDIT
from cranny.platform.db import Tx
from cranny.platform.feature import Violation


async def audit(tx: Tx) -> list[Violation]:
    """I9: a living grant holds its locator, an ended one holds neither a locator nor secrets. (That no two
    living grants share one, the database itself enforces.)"""
    return [
        Violation("I9", f"grants/{row['id']}", _how(row["state"], ended=row["ended"], secret=row["secret"]))
        for row in await tx.all(AUDIT, tx.tenant)
    ]


def _how(state: str, *, ended: bool, secret: bool) -> str:
    if ended and secret:
        return f"it is {state} and its secrets are still kept"
    if ended:
        return f"it is {state} and yet has an end"
    return f"it is {state} and does not hold its locator, or has no end"
