"""Groups of another system, and the roles that they stand for here."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg
from scim2_models import InvalidValueException, NotFoundException, UniquenessException

from cranny.core.errors import NotFound
from cranny.core.events import NewEvent
from cranny.people.scim import tables, users
from cranny.people.scim.models import Group
from cranny.people.scim.tables import GroupRow
from cranny.platform import events, rows
from cranny.platform.db import Tx
from cranny.platform.keys import Keyring
from cranny.platform.permissions import Role


async def get(tx: Tx, id_: UUID, *, hold: bool = False) -> GroupRow:
    """`hold` it until the end of the transaction. Raises NotFoundException."""
    record = await tx.one(tables.LOCK_GROUP if hold else tables.GROUP, tx.tenant, id_)
    if record is None:
        raise NotFoundException(detail=f"There is no group {id_}.")
    return rows.to(GroupRow, record)


async def members(tx: Tx, ids: Sequence[UUID]) -> dict[UUID, list[tuple[UUID, str]]]:
    """(id, name) of the users in each."""
    found: dict[UUID, list[tuple[UUID, str]]] = {}
    for record in await tx.all(tables.MEMBERS, tx.tenant, list(ids)):
        found.setdefault(record["circle"], []).append((record["id"], record["user_name"]))
    return found


async def add(tx: Tx, keyring: Keyring, group: Group, *, by: str) -> GroupRow:
    """A group that is called like a role stands for it, but for `admin`. Raises UniquenessException,
    InvalidValueException."""
    id_, name = tx.ids.new(), group.display_name or ""
    word = name.casefold()
    role = next((one for one in Role if one == word and one is not Role.ADMIN), None)
    try:
        async with tx.attempt():
            await tx.run(tables.ADD_GROUP, tx.tenant, id_, name, group.external_id, role, tx.now())
    except asyncpg.UniqueViolationError as error:
        raise UniquenessException(detail="There is a group of this name.") from error
    await _let(tx, keyring, id_, _named(group), by=by)
    return await get(tx, id_)


async def change(tx: Tx, keyring: Keyring, before: GroupRow, group: Group, *, by: str) -> GroupRow:
    """What role it stands for does not change with its name. Raises UniquenessException, InvalidValueException."""
    try:
        async with tx.attempt():
            name = group.display_name or ""
            await tx.run(tables.SET_GROUP, tx.tenant, before.id, name, group.external_id, tx.now())
    except asyncpg.UniqueViolationError as error:
        raise UniquenessException(detail="There is a group of this name.") from error
    await _let(tx, keyring, before.id, _named(group), by=by)
    return await get(tx, before.id)


async def drop(tx: Tx, keyring: Keyring, row: GroupRow, *, by: str) -> None:
    was = [id_ for id_, _ in (await members(tx, [row.id])).get(row.id, [])]
    await tx.run(tables.DROP_GROUP, tx.tenant, row.id)
    await users.sync(tx, keyring, was, by=by)


async def stand_for(tx: Tx, keyring: Keyring, id_: UUID, role: Role | None, site: UUID | None, *, by: str) -> GroupRow:
    """From now on its members are `role`, at `site` or everywhere; without a role, nothing. Raises NotFound, codes
    `group-not-found`, `site-not-found`."""
    try:
        async with tx.attempt():
            done = await tx.value(tables.MAP_GROUP, tx.tenant, id_, role, site if role else None, tx.now())
    except asyncpg.ForeignKeyViolationError as error:
        raise NotFound("There is no such site.", code="site-not-found") from error
    if done is None:
        raise NotFound("There is no such group.", code="group-not-found")
    what = {"by": by, "role": str(role) if role else None, "site": str(site) if site else None}
    await events.record(tx, [NewEvent("scim_group.mapped", f"scim-groups/{id_}", what)])
    await users.sync(tx, keyring, [member for member, _ in (await members(tx, [id_])).get(id_, [])], by=by)
    return await get(tx, id_)


async def every(tx: Tx, limit: int) -> list[GroupRow]:
    return rows.every(GroupRow, await tx.all(tables.GROUPS, tx.tenant, limit, 0))


async def _let(tx: Tx, keyring: Keyring, id_: UUID, wanted: frozenset[UUID], *, by: str) -> None:
    """Let it have these members and no others."""
    known = {record["id"] for record in await tx.all(tables.KNOWN, tx.tenant, list(wanted))}
    if missing := wanted - known:
        raise InvalidValueException(detail=f"There is no user {min(missing)}: members are users that are known here.")
    was = frozenset(member for member, _ in (await members(tx, [id_])).get(id_, []))
    await tx.run(tables.JOIN, tx.tenant, id_, sorted(wanted - was))
    await tx.run(tables.PART, tx.tenant, id_, sorted(was - wanted))
    await users.sync(tx, keyring, sorted(was ^ wanted), by=by)


def _named(group: Group) -> frozenset[UUID]:
    try:
        return frozenset(UUID(one.value) for one in group.members or [] if one.value)
    except ValueError as error:
        raise InvalidValueException(detail="Members are named by the ids of users here.") from error
