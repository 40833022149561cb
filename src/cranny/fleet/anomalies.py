"""Differences between what should be and what is, listed until somebody settles them. Nothing is dropped
because it does not fit, and nothing that does not fit is passed over."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from cranny.core.errors import NotFound
from cranny.core.events import NewEvent
from cranny.fleet import tables
from cranny.fleet.changes import Finding
from cranny.fleet.lifecycle import ANOMALY, AnomalyState, AnomalyTrigger
from cranny.fleet.tables import AnomalyRow
from cranny.platform import events, rows
from cranny.platform.db import Tx


async def list_anomalies(
    tx: Tx, *, limit: int, after: UUID | None = None, state: AnomalyState | None = None, bank: UUID | None = None
) -> list[AnomalyRow]:
    """Oldest first, from the one behind `after` on."""
    return rows.every(AnomalyRow, await tx.all(tables.LIST_ANOMALIES, tx.tenant, after, state, bank, limit))


async def newest_anomalies(tx: Tx, bank: UUID, limit: int) -> tuple[int, list[AnomalyRow]]:
    """(how many of `bank` are open, the newest of them)."""
    found = await tx.all(tables.NEWEST_OPEN, tx.tenant, bank, limit)
    return (found[0]["open"] if found else 0), rows.every(AnomalyRow, found)


async def note_findings(tx: Tx, findings: Sequence[Finding]) -> list[UUID]:
    """List `findings`, with an event `anomaly.found` for each that is not open already; those only count up.
    Returns the ids of the new ones."""
    if not findings:
        return []
    times: dict[tuple[UUID, str, str], int] = {}
    first: dict[tuple[UUID, str, str], Finding] = {}
    for finding in findings:
        same = (finding.bank, finding.kind, finding.subject)
        times[same] = times.get(same, 0) + 1
        first.setdefault(same, finding)
    ids = {tx.ids.new(): finding for finding in first.values()}
    found = await tx.all(
        tables.FIND_ANOMALIES,
        tx.tenant,
        tx.now(),
        list(ids),
        [finding.bank for finding in ids.values()],
        [finding.kind for finding in ids.values()],
        [finding.subject for finding in ids.values()],
        [finding.detail for finding in ids.values()],
        list(times.values()),
    )
    new = [row["id"] for row in found if row["id"] in ids]
    await events.record(tx, [_event(id_, ids[id_]) for id_ in new])
    return new


async def raise_anomaly(tx: Tx, bank: UUID, kind: str, subject: str, detail: dict[str, Any]) -> None:
    """List something that does not fit, found by another room: `kind` names it (`deposited_after_cancel`),
    `subject` is what it is about. While it is open, the same again only counts up."""
    await note_findings(tx, [Finding(bank, kind, subject, detail)])


async def settle(tx: Tx, id_: UUID, note: str, *, who: str) -> AnomalyRow:
    """Close an anomaly with a `note` on what was found and done by `who`. One that is settled stays as it is.
    Raises NotFound, code `anomaly-not-found`."""
    before = await get_anomaly(tx, id_)
    data = {"bank": str(before.bank), "kind": before.kind, "about": before.subject, "by": who}
    (moved,) = await events.move(tx, ANOMALY, [id_], AnomalyTrigger.SETTLE, data={id_: data})
    if moved.before is AnomalyState.OPEN:
        await tx.run(tables.NOTE_ANOMALY, tx.tenant, id_, note)
    return await get_anomaly(tx, id_)


async def settle_about(tx: Tx, kind: str, subject: str, note: str, *, who: str) -> None:
    """What settles it has been done: nobody has to look at it any more."""
    for row in await tx.all(tables.OPEN_ABOUT, tx.tenant, kind, subject):
        await settle(tx, row["id"], note, who=who)


async def get_anomaly(tx: Tx, id_: UUID) -> AnomalyRow:
    """Raises NotFound, code `anomaly-not-found`."""
    record = await tx.one(tables.GET_ANOMALY, tx.tenant, id_)
    if record is None:
        raise NotFound(f"There is no anomaly {id_}.", code="anomaly-not-found")
    return rows.to(AnomalyRow, record)


def _event(id_: UUID, finding: Finding) -> NewEvent:
    data = {"bank": str(finding.bank), "kind": finding.kind, "about": finding.subject, "detail": finding.detail}
    return NewEvent("anomaly.found", f"anomalies/{id_}", data)
