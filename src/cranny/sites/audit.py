"""What must always hold here: I2, and that no more is promised than a bank could ever hold."""

from uuid import UUID

from cranny.platform.db import Tx
from cranny.platform.feature import Violation
from cranny.sites import tables
from cranny.sites.capacity import unplaced
from cranny.sites.stock import stocks


async def audit(tx: Tx) -> list[Violation]:
    """Doors that are blocked or taken by what nobody announced may leave a promise without a place: that shows
    at the door as an anomaly. More promises than doors of any kind must never be."""
    found = [
        Violation("I2", _door(row["bank"], row["label"]), f"{row['n']} live occupancies at once")
        for row in await tx.all(tables.TWICE_LIVE, tx.tenant)
    ]
    found += [
        Violation(
            "I2",
            _door(row["bank"], row["label"]),
            f"generation {row['generation']} is live although {row['later']} came after it",
        )
        for row in await tx.all(tables.OVERTAKEN, tx.tenant)
    ]
    found += [
        Violation("I2", _door(row["bank"], row["label"]), f"generation {row['generation']} did not grow")
        for row in await tx.all(tables.NOT_GROWING, tx.tenant)
    ]
    banks = [row["bank"] for row in await tx.all(tables.BANKS_WITH_PROMISES, tx.tenant, tx.now())]
    for bank, stock in (await stocks(tx, banks) if banks else {}).items():
        if lost := unplaced(stock.all, stock.held):
            found.append(Violation("capacity", f"banks/{bank}", f"{lost} promises more than doors for them"))
    return found


def _door(bank: UUID, label: str) -> str:
    return f"banks/{bank}/doors/{label}"
