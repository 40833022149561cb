"""How grants end. An ended grant frees its locator, its secrets are erased, and it never comes back."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from cranny import fleet
from cranny.access.lifecycle import GRANT, LIVE, Deed, Grant
from cranny.access.tables import END, FOR, GET, GrantRow
from cranny.platform import events, rows
from cranny.platform.db import Tx
from cranny.platform.events import Moved
from cranny.wire.messages import GrantRevoked


async def get(tx: Tx, ids: Sequence[UUID]) -> list[GrantRow]:
    """Those of `ids` that exist."""
    return rows.every(GrantRow, await tx.all(GET, tx.tenant, list(ids)))


async def giving(tx: Tx, subjects: Sequence[str]) -> list[UUID]:
    """Every grant that gives, or gave, a right to one of `subjects`."""
    return [row["id"] for row in await tx.all(FOR, tx.tenant, list(subjects))]


async def use(tx: Tx, grants: Sequence[GrantRow]) -> list[Moved[Grant]]:
    """They opened what they were for."""
    return await _end(tx, grants, Deed.USE)


async def supersede(tx: Tx, grants: Sequence[GrantRow], *, by: UUID | None) -> list[Moved[Grant]]:
    """Grant `by` opens the same door for the same collector."""
    return await _end(tx, grants, Deed.SUPERSEDE, by=str(by) if by else None)


async def revoke(tx: Tx, ids: Sequence[UUID], *, reason: str) -> list[Moved[Grant]]:
    """End them, and tell their banks. `reason` is a word for the log (`cancelled`). Those that have ended
    already are left as they are. Raises NotFound, code `grant-not-found`."""
    if not ids:
        return []
    grants = await get(tx, ids)
    moved = await _end(tx, grants, Deed.REVOKE, asked=ids, reason=reason)
    banks: dict[UUID, list[GrantRevoked]] = defaultdict(list)
    ended = {one.id for one in moved if one.before in LIVE}
    for grant in grants:
        # A deposit grant is no entry of its own: the bank hears that the delivery is withdrawn.
        if grant.id in ended and grant.purpose != "deposit":
            banks[grant.bank].append(GrantRevoked(grant.id))
    for bank, entries in sorted(banks.items()):
        await fleet.append(tx, bank, entries)
    return moved


def told(grant: GrantRow) -> dict[str, Any]:
    """What every event about `grant` says."""
    return {
        "bank": str(grant.bank),
        "purpose": grant.purpose,
        "for": grant.subject,
        "door": grant.door,
        "generation": grant.generation,
    }


async def _end(
    tx: Tx, grants: Sequence[GrantRow], deed: Deed, *, asked: Iterable[UUID] | None = None, **more: str | None
) -> list[Moved[Grant]]:
    ids = [grant.id for grant in grants] if asked is None else list(asked)
    if not ids:
        return []
    data = {grant.id: {**told(grant), **more} for grant in grants}
    moved = await events.move(tx, GRANT, ids, deed, data=data)
    if ended := [one.id for one in moved if one.before in LIVE]:
        await tx.run(END, tx.tenant, ended, tx.now())
    return moved
