"""What must hold for deliveries, from their rows, their grants and the log.

Reactions follow the log, so a delivery and its grant change at slightly different moments: what is younger than
a minute is not judged yet.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from cranny import access, outreach
from cranny.core.events import Event
from cranny.platform import log, rows
from cranny.platform.db import Tx
from cranny.platform.feature import Violation
from cranny.usecases.deliveries import tables
from cranny.usecases.deliveries.lifecycle import COLLECTABLE, DELIVERY, Delivery
from cranny.usecases.deliveries.tables import DeliveryRow

SETTLING: Final = timedelta(minutes=1)
NOTICE: Final = timedelta(minutes=10)
"""How long a stored delivery may wait for its code to be made and sent down."""
BATCH: Final = 1000


async def audit(tx: Tx) -> list[Violation]:
    """I1, I5 (what becomes of a message that was asked for, outreach audits), I11."""
    return [*await _rights(tx), *await _lives(tx)]


async def _rights(tx: Tx) -> list[Violation]:
    found: list[Violation] = []
    after = UUID(int=0)
    while batch := rows.every(DeliveryRow, await tx.all(tables.AUDIT, tx.tenant, after, BATCH)):
        after = batch[-1].id
        wanted = {row.collect_grant for row in batch if row.collect_grant}
        grants = {grant.id: grant for grant in await access.get(tx, list(wanted))}
        told = {
            (notice.grant_id, id_)
            for notice in await outreach.told(tx, list(wanted))
            if notice.state is not outreach.Notice.WITHDRAWN
            for id_ in notice.about
        }
        for row in batch:
            grant = grants.get(row.collect_grant) if row.collect_grant else None
            found += _judge(row, grant, tx.now(), told=(row.collect_grant, row.id) in told)
    return found


def _judge(row: DeliveryRow, grant: access.GrantRow | None, now: datetime, *, told: bool) -> Iterator[Violation]:
    about = f"deliveries/{row.id}"
    if row.state in COLLECTABLE and row.stored_at and row.stored_at < now - NOTICE:
        if row.recipient and grant is None:
            yield Violation("I5", about, "it is stored, has a recipient and no collect grant")
        elif grant and grant.state in access.LIVE and grant.state is not access.Grant.ACTIVE:
            yield Violation("I5", about, f"it has been stored since {row.stored_at} and its grant is {grant.state}")
        elif grant and grant.state is access.Grant.ACTIVE and row.recipient and not told:
            yield Violation("I5", about, f"it has been stored since {row.stored_at} and nobody was told")
    if grant is None:
        return
    used = grant.state is access.Grant.USED
    if used and (grant.ended or now) < now - SETTLING and row.state is not Delivery.COLLECTED:
        yield Violation("I1", about, f"its collect grant is used and it is {row.state}")
    if used and row.state is Delivery.COLLECTED and (grant.door, grant.generation) != (row.door, row.generation):
        yield Violation(
            "I1",
            about,
            f"it was collected from {row.door} ({row.generation}) with a grant for {grant.door} ({grant.generation})",
        )
    over = row.state in DELIVERY.final and (row.ended_at or now) < now - SETTLING
    if over and grant.state in access.LIVE:
        yield Violation("I1", about, f"it is {row.state} and its collect grant still opens")


async def _lives(tx: Tx) -> list[Violation]:
    """I11: replay each delivery through the table, as the log tells it."""
    found: list[Violation] = []
    states: dict[str, Delivery] = {}
    position, types = 0, sorted(DELIVERY.event_types() | {"delivery.announced"})
    while batch := await log.read(tx, position, BATCH, types):
        position = batch[-1].position
        found += replay(states, batch)
    return found


def replay(states: dict[str, Delivery], told: Sequence[Event]) -> Iterator[Violation]:
    """Carry `states` (by subject) through `told`; what the table does not allow is a violation."""
    for event in told:
        before = states.get(event.subject)
        if event.type == "delivery.announced":
            if before is not None:
                yield Violation("I11", event.subject, f"announced again at {event.position}, being {before}")
            states[event.subject] = Delivery.ANNOUNCED
            continue
        origin, to = Delivery(event.data["from"]), Delivery(event.data["to"])
        if before is not origin:
            yield Violation("I11", event.subject, f"{event.type} at {event.position} finds it {before}, not {origin}")
        if origin in DELIVERY.final:
            yield Violation("I11", event.subject, f"{event.type} at {event.position} revives what is {origin}")
        states[event.subject] = to
