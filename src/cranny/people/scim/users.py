"""Users of another system, and the persons that they are here."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import asyncpg
from scim2_models import Email, InvalidValueException, MutabilityException, Name, NotFoundException, UniquenessException

from cranny.core.errors import Invalid
from cranny.people import leaving
from cranny.people import tables as people_tables
from cranny.people.contacts import Contact, email_key, normal_email, normal_language, normal_name, normal_phone
from cranny.people.remember import remember
from cranny.people.roles import MEMBER, give, member_secret, told
from cranny.people.scim import tables
from cranny.people.scim.models import User
from cranny.people.scim.tables import GroupRow, UserRow
from cranny.people.tables import MembershipRow
from cranny.platform import directory, events, rows
from cranny.platform.db import Tx
from cranny.platform.keys import Keyring
from cranny.platform.permissions import Membership, Role

SOURCE: Final = "scim"
OURS: Final = frozenset({"schemas", "id", "meta", "groups"})
"""What is not kept: it is said anew each time."""


async def get(tx: Tx, id_: UUID, *, hold: bool = False) -> UserRow:
    """`hold` it until the end of the transaction. Raises NotFoundException."""
    record = await tx.one(tables.LOCK_USER if hold else tables.USER, tx.tenant, id_)
    if record is None:
        raise NotFoundException(detail=f"There is no user {id_}.")
    return rows.to(UserRow, record)


async def add(tx: Tx, keyring: Keyring, user: User, *, by: str) -> UserRow:
    """Raises UniquenessException, InvalidValueException."""
    person = await _person(tx, user, None)
    row = (person, user.user_name, user.external_id, user.active is not False, _kept(user))
    id_ = tx.ids.new()
    try:
        async with tx.attempt():
            await tx.run(tables.ADD_USER, tx.tenant, id_, *row, tx.now())
    except asyncpg.UniqueViolationError as error:
        raise UniquenessException(detail="There is a user of this name or address.") from error
    await sync(tx, keyring, [id_], by=by)
    return await get(tx, id_)


async def change(tx: Tx, keyring: Keyring, before: UserRow, user: User, *, by: str) -> UserRow:
    """Raises UniquenessException, InvalidValueException, MutabilityException."""
    if before.person is not None:
        await _readdress(tx, keyring, before.person, user)
    person = await _person(tx, user, before)
    row = (person, user.user_name, user.external_id, user.active is not False, _kept(user))
    try:
        async with tx.attempt():
            await tx.run(tables.SET_USER, tx.tenant, before.id, *row, tx.now())
    except asyncpg.UniqueViolationError as error:
        raise UniquenessException(detail="There is a user of this name or address.") from error
    await sync(tx, keyring, [before.id], by=by)
    return await get(tx, before.id)


async def drop(tx: Tx, row: UserRow, *, by: str) -> None:
    """Gone over there is moved out here."""
    if row.person is not None:
        await leaving.move_out(tx, row.person, by=by, why="scim")
    await tx.run(tables.DROP_USER, tx.tenant, row.id)


async def sync(tx: Tx, keyring: Keyring, ids: Sequence[UUID], *, by: str) -> None:
    """Let these users be what their roles and their groups make them. Raises InvalidValueException for the role
    `admin` that no group of an admin's choice gives."""
    groups = await groups_of(tx, ids)
    for id_ in sorted(ids):
        row = await get(tx, id_)
        if row.person is None:
            continue
        if not row.active:
            await leaving.move_out(tx, row.person, by=by, why="scim")
            continue
        await _sync(tx, keyring, row.person, _wanted(row, groups.get(id_, [])), by=by)


async def groups_of(tx: Tx, ids: Sequence[UUID]) -> dict[UUID, list[GroupRow]]:
    found: dict[UUID, list[GroupRow]] = {}
    for record in await tx.all(tables.GROUPS_OF, tx.tenant, list(ids)):
        found.setdefault(record["member"], []).append(rows.to(GroupRow, record))
    return found


def contact(user: User) -> Contact | None:
    """How they are reached; None without an address. What can't be read, such as a number without its country, is
    kept over there and not used here."""
    email = _email(user)
    if email is None:
        return None
    said = user.name or Name()
    name = user.display_name or said.formatted or _full(said.given_name, said.family_name)
    phone = next((one.value for one in user.phone_numbers or [] if one.value), None)
    return Contact(
        _read(normal_name, name), email, _read(normal_phone, phone), _read(normal_language, user.preferred_language)
    )


def _email(user: User) -> str | None:
    found: list[Email] = sorted(user.emails or [], key=lambda one: not one.primary)
    addresses = [one.value for one in found if one.value] + [user.user_name]
    return next((email for one in addresses if (email := _read(normal_email, one))), None)


def _full(*names: str | None) -> str:
    return " ".join(name for name in names if name)


def _read(normal: Any, text: str | None) -> str | None:
    try:
        return normal(text.replace("_", "-") if normal is normal_language else text) if text else None
    except Invalid:
        return None


def _kept(user: User) -> dict[str, Any]:
    found: dict[str, Any] = user.model_dump(mode="json")
    return {name: value for name, value in found.items() if name not in OURS}


async def _person(tx: Tx, user: User, before: UserRow | None) -> UUID | None:
    """Whoever has the address here, made when there is nobody."""
    known = contact(user)
    if known is None:
        return None if before is None else before.person
    try:
        person = await remember(tx, known)
    except Invalid as error:
        raise InvalidValueException(detail=error.detail) from error
    holder = await tx.value(tables.OF_PERSON, tx.tenant, person)
    if holder is not None and (before is None or holder != before.id):
        raise UniquenessException(detail="Another user has this address.")
    return person


async def _readdress(tx: Tx, keyring: Keyring, person: UUID, user: User) -> None:
    """Another address, which they sign in with from now on: only for those whose every role is from here."""
    known, record = contact(user), await tx.one(people_tables.ADDRESS, tx.tenant, person)
    before = record and record["email_key"]
    if known is None or known.email is None or email_key(known.email) == before:
        return
    after = email_key(known.email)
    if await tx.value(people_tables.WITH_EMAIL, tx.tenant, after) is not None:
        raise UniquenessException(detail="Somebody else has this address.")
    held = await _held(tx, person)
    if any(row.source != SOURCE for row in held):
        raise MutabilityException(detail="This person has roles that were given here: their address is changed here.")
    await tx.run(tables.SET_EMAIL, tx.tenant, person, known.email, after)
    if before:
        await directory.forget(tx, MEMBER, member_secret(keyring, tx.tenant, before))
    if held:
        await directory.put_again(tx, MEMBER, member_secret(keyring, tx.tenant, after), tx.tenant, person)


def _wanted(row: UserRow, groups: Sequence[GroupRow]) -> frozenset[Membership]:
    said = [str(one.get("value", "")).casefold() for one in row.resource.get("roles") or []]
    if Role.ADMIN in said:
        raise InvalidValueException(detail="Only a group that an admin has chosen for it makes admins.")
    own = {Membership(role) for role in Role if role in said}
    return frozenset(own | {Membership(group.role, group.site) for group in groups if group.role is not None})


async def _sync(tx: Tx, keyring: Keyring, person: UUID, wanted: frozenset[Membership], *, by: str) -> None:
    held = await _held(tx, person)
    has = {Membership(row.role, row.site) for row in held}
    for one in sorted(wanted - has, key=str):
        await give(tx, keyring, person, one.role, site=one.site, by=by, source=SOURCE)
    gone = [row for row in held if row.source == SOURCE and Membership(row.role, row.site) not in wanted]
    for row in gone:
        await tx.value(people_tables.TAKE, tx.tenant, person, row.role, row.site)
    await leaving.keep_an_admin(tx, gone)
    await events.record(tx, [told("person.role_taken", person, row.role, row.site, by) for row in gone])
    if held and len(gone) == len(held) and not wanted:
        await leaving.leave(tx, [person], by=by, why="scim")


async def _held(tx: Tx, person: UUID) -> list[MembershipRow]:
    return rows.every(MembershipRow, await tx.all(people_tables.OF_PERSON, tx.tenant, person))
