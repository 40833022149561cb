"""What must hold for outreach at any moment."""

from datetime import timedelta
from typing import Final

from cranny.outreach.tables import STUCK
from cranny.platform.db import Tx
from cranny.platform.feature import Violation

SETTLING: Final = timedelta(minutes=5)
"""How long the sweep may take."""


async def audit(tx: Tx) -> list[Violation]:
    """I5: a notice is sent, or visibly not; none is forgotten."""
    return [
        Violation("I5", f"notices/{row['id']}", f"it should have been given up at {row['give_up_at']} and is queued")
        for row in await tx.all(STUCK, tx.tenant, tx.now() - SETTLING)
    ]
