"""Commands, read."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from cranny.fleet.commands import tables
from cranny.fleet.commands.asking import get
from cranny.fleet.commands.lifecycle import CommandState
from cranny.fleet.commands.shapes import CommandShown, show
from cranny.fleet.commands.tables import CommandRow
from cranny.platform import rows, tenants
from cranny.platform.db import Tx

NEWEST: Final = UUID(int=2**128 - 1)


async def shown(tx: Tx, id_: UUID) -> CommandShown:
    """Raises NotFound, code `command-not-found`."""
    (one,) = await _show(tx, [await get(tx, id_)])
    return one


async def newest(
    tx: Tx,
    *,
    limit: int,
    before: UUID = NEWEST,
    bank: UUID | None = None,
    state: CommandState | None = None,
    door: str | None = None,
) -> list[CommandShown]:
    """The newest first, from the one behind `before` on."""
    found = await tx.all(tables.NEWEST, tx.tenant, before, bank, state, door, limit)
    return await _show(tx, rows.every(CommandRow, found))


async def awaiting(tx: Tx, bank: UUID) -> list[CommandShown]:
    """Those of a bank that somebody has to confirm, the oldest first."""
    return await _show(tx, rows.every(CommandRow, await tx.all(tables.AWAITING, tx.tenant, bank, tx.now())))


async def _show(tx: Tx, found: Sequence[CommandRow]) -> list[CommandShown]:
    labels = {key.id: key.label for key in await tenants.list_keys(tx)} if found else {}
    return [show(row, labels) for row in found]
