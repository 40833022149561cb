"""Telling somebody something: a notice and the job that sends it, in the transaction of what there is to tell.

A notice holds no code and no address. The code goes sealed into the job, and is gone with it; the address is looked up
when the message goes out.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec

from cranny import people
from cranny.outreach import honouring
from cranny.outreach.lifecycle import NOTICE, Deed, Notice
from cranny.outreach.tables import ADD, OF_GRANTS, Kind, NoticeRow
from cranny.outreach.texts import Details
from cranny.platform import events, jobs, rows
from cranny.platform.db import Tx
from cranny.platform.keys import Keyring

SEND: Final = "outreach.send"
"""The kind of the job that sends a notice; payload `{"notice": id, "sealed": bytes}`."""
GIVE_UP_AFTER: Final = timedelta(hours=24)
"""Nobody wants to hear later than this."""

_PURPOSE: Final = "notice"

STAND: Final = frozenset({"operator_opened", "spoiled"})
"""What has happened once and for all."""


class Telling(msgspec.Struct, frozen=True):
    """`kind` to `person`, about the deliveries `about` that `grant` opens. (`grant`, `kind`, `number`) is told once."""

    person: UUID
    kind: Kind
    grant: UUID
    number: int
    about: tuple[UUID, ...]
    details: Details


async def tell(tx: Tx, keyring: Keyring, telling: Telling) -> UUID | None:
    """Queue it. Returns the notice's id; None when it was told before: then nothing happens."""
    id_, now = tx.ids.new(), tx.now()
    wanted = await people.preferences(tx, telling.person)
    held = honouring.held_until(telling.kind, now, telling.details.until, wanted, telling.details.timezone)
    added = await tx.value(
        ADD,
        tx.tenant,
        id_,
        telling.grant,
        telling.kind,
        telling.number,
        telling.person,
        telling.about,
        Notice.QUEUED,
        now,
        give_up_at(telling.details.until, held or now),
        held,
    )
    if added is None:
        return None
    await jobs.enqueue(tx, [job(tx.tenant, id_, seal(keyring, tx.tenant, id_, telling.details), run_at=held)])
    return id_


async def told(tx: Tx, grants: Sequence[UUID]) -> list[NoticeRow]:
    """Every notice about `grants`, withdrawn ones included."""
    return rows.every(NoticeRow, await tx.all(OF_GRANTS, tx.tenant, list(grants)))


async def withdraw(tx: Tx, grants: Sequence[UUID]) -> int:
    """What is still queued about `grants` is not so any more, except for what has happened once and for all. Returns
    how many notices that was."""
    queued = [row for row in await told(tx, grants) if row.state is Notice.QUEUED and row.kind not in STAND]
    data = {row.id: about(row) for row in queued}
    moved = await events.move(tx, NOTICE, list(data), Deed.WITHDRAW, data=data)
    return sum(one.after is Notice.WITHDRAWN for one in moved)


def about(row: NoticeRow) -> dict[str, Any]:
    """What every event says about a notice."""
    return {
        "kind": row.kind,
        "number": row.number,
        "grant": str(row.grant_id),
        "person": str(row.person),
        "for": [f"deliveries/{id_}" for id_ in row.about],
    }


def key(row: NoticeRow) -> str:
    """32 hexadecimal digits that stand for (grant, kind, number) and tell nothing of it: the same again even after the
    database was restored from a copy that had not seen this notice."""
    text = f"{row.tenant}/{row.grant_id}/{row.kind}/{row.number}"
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def job(tenant: UUID, notice: UUID, sealed: bytes, run_at: datetime | None = None) -> jobs.Job:
    """The job that sends `notice`, or tries again."""
    return jobs.Job(SEND, tenant, {"notice": str(notice), "sealed": sealed}, run_at=run_at)


def seal(keyring: Keyring, tenant: UUID, notice: UUID, details: Details) -> bytes:
    """`details`, for nobody to read in the queue."""
    return keyring.seal(_PURPOSE, tenant.bytes + notice.bytes, msgspec.msgpack.encode(details))


def unseal(keyring: Keyring, tenant: UUID, notice: UUID, sealed: bytes) -> Details:
    """The inverse of `seal`. Raises SealBroken."""
    plain = keyring.open(_PURPOSE, tenant.bytes + notice.bytes, sealed)
    return msgspec.msgpack.decode(plain, type=Details)


def give_up_at(until: datetime, now: datetime) -> datetime:
    """No "ready until six" after six. `now` is the first moment at which it may be said."""
    latest = now + GIVE_UP_AFTER
    return min(latest, until) if until > now else latest
