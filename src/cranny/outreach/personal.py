"""What this room holds about a person: which messages they were sent, and when. What was said in them went with the job
that sent them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from cranny.outreach import tables, telling
from cranny.outreach.lifecycle import NOTICE, Deed, Notice
from cranny.outreach.tables import NoticeRow
from cranny.platform import events, rows
from cranny.platform.db import Tx
from cranny.platform.keys import Keyring
from cranny.platform.personal import Kept, Personal, count


async def forget_about(tx: Tx, persons: Sequence[UUID], deliveries: Sequence[UUID]) -> int:
    """What these were told of `deliveries`, which are over. Returns how many messages that was."""
    return count(await tx.run(tables.FORGET_ABOUT, tx.tenant, list(persons), list(deliveries)))


async def _export(tx: Tx, person: UUID) -> list[dict[str, Any]]:
    return [
        {
            "kind": row.kind,
            "about": [f"deliveries/{id_}" for id_ in row.about],
            "state": row.state,
            "channel": row.channel,
            "created": row.created,
            "sent_at": row.sent_at,
            "receipt": row.receipt,
        }
        for row in await _of(tx, person)
    ]


async def _erase(tx: Tx, _: Keyring, person: UUID) -> int:
    """What still waits is withdrawn first, and its job finds nothing to send."""
    waiting = {row.id: telling.about(row) for row in await _of(tx, person) if row.state is Notice.QUEUED}
    await events.move(tx, NOTICE, list(waiting), Deed.WITHDRAW, data=waiting)
    return count(await tx.run(tables.FORGET_OF, tx.tenant, person))


async def _remains(tx: Tx, persons: Sequence[UUID]) -> list[str]:
    return [f"persons/{row['person']}" for row in await tx.all(tables.REMAINS, tx.tenant, list(persons))]


async def _of(tx: Tx, person: UUID) -> list[NoticeRow]:
    return rows.every(NoticeRow, await tx.all(tables.OF_PERSON, tx.tenant, person))


async def _links(tx: Tx, before: datetime, at_most: int) -> int:
    return count(await tx.run(tables.FORGET_LINKS, tx.tenant, before, at_most))


PERSONAL: Final = Personal(
    "messages",
    "Which messages you were sent, by which channel and when. Their texts and codes are not kept.",
    _export,
    _erase,
    _remains,
)
KEPT: Final = (
    Kept("links", "That a link to sign in or to choose was sent, from when it was written.", 30, 1, 365, _links),
)
