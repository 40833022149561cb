"""Is what is said of alarms true?"""

from cranny.fleet.climate import tables
from cranny.platform.db import Tx
from cranny.platform.feature import Violation


async def audit(tx: Tx) -> list[Violation]:
    """I11: an alarm that is over has its end, and none that goes on has one."""
    return [
        Violation("I11", f"alarms/{row['id']}", f"its state and its end at bank {row['bank']} contradict each other")
        for row in await tx.all(tables.ENDED_TWICE, tx.tenant)
    ]
