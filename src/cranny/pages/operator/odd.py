"""What a wall shows of a bank's anomalies: how many are open, and the newest with what to do."""

from typing import Final
from uuid import UUID

from cranny import fleet
from cranny.pages.operator.shown import HOME
from cranny.platform.db import Tx
from cranny.ui.models import OddView
from cranny.usecases import deliveries

SHOWN: Final = 5


async def odd(tx: Tx, bank: UUID) -> tuple[int, tuple[OddView, ...]]:
    """(how many are open, the newest of them)."""
    count, newest = await fleet.newest_anomalies(tx, bank, SHOWN)
    return count, tuple([await _shown(tx, one) for one in newest])


async def _shown(tx: Tx, one: fleet.Anomaly) -> OddView:
    kind, _, ref = one.subject.partition("/")
    parcel = ""
    if kind == "deliveries":
        found = await deliveries.find(tx, UUID(ref))
        parcel = (found.reference or found.items[0].tracking) if found else ""
    return OddView(
        id=str(one.id),
        kind=one.kind,
        door=_door(one),
        parcel=parcel,
        deed=fleet.next_step(one.kind, one.bank, one.subject, one.detail).deed,
        times=one.times,
        since=one.created,
        href=f"{HOME}/{one.bank}/anomalies/{one.id}",
    )


def _door(one: fleet.Anomaly) -> str:
    _, found, label = one.subject.partition("/doors/")
    told = one.detail.get("door")
    return label if found else told if isinstance(told, str) else ""
