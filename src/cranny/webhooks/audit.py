"""What must hold for webhooks at any moment."""

from datetime import timedelta
from typing import Final

from cranny.platform.db import Tx
from cranny.platform.feature import Violation
from cranny.webhooks.tables import STUCK

SETTLING: Final = timedelta(minutes=5)
"""How long the sweep may take."""


async def audit(tx: Tx) -> list[Violation]:
    """I5: a message is delivered, or visibly not; none is forgotten."""
    return [
        Violation("I5", f"webhook-messages/{row['id']}", f"it waits, and its time was up at {row['give_up_at']}")
        for row in await tx.all(STUCK, tx.tenant, tx.now() - SETTLING)
    ]
