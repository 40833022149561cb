"""What this room holds about a person: to whom events that name them by id were sent, and what the other side answered,
which are its own words."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from cranny.platform.db import Tx
from cranny.platform.keys import Keyring
from cranny.platform.personal import Kept, Personal, count
from cranny.webhooks import tables


async def _export(tx: Tx, person: UUID) -> list[dict[str, Any]]:
    return [dict(row) for row in await tx.all(tables.SENT, tx.tenant, str(person))]


async def _erase(tx: Tx, _: Keyring, __: UUID) -> int:
    """All answers that are kept: they are somebody else's words, and may name anybody."""
    return count(await tx.run(tables.UNSAY, tx.tenant))


async def _remains(tx: Tx, persons: Sequence[UUID]) -> list[str]:
    return [f"persons/{row['person']}" for row in await tx.all(tables.ANSWERS, tx.tenant, list(persons))]


async def _messages(tx: Tx, before: datetime, at_most: int) -> int:
    return count(await tx.run(tables.FORGET, tx.tenant, before, at_most))


PERSONAL: Final = Personal(
    "webhooks",
    "To which programs events were sent that name you by an id, without name, address or number.",
    _export,
    _erase,
    _remains,
)
KEPT: Final = (
    Kept(
        "webhooks",
        "What was sent to programs and what they answered, from when it was delivered or given up.",
        30,
        1,
        365,
        _messages,
    ),
)
