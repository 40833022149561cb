"""Who is what: roles of persons, for the whole tenant or for one site."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

import asyncpg

from cranny.core.errors import Conflict, NotFound, Refused
from cranny.core.events import NewEvent
from cranny.people import tables
from cranny.people.contacts import Contact, email_key
from cranny.people.tables import MembershipRow
from cranny.people.within import Sites, insist_known, insist_on
from cranny.platform import directory, events, rows
from cranny.platform.db import Tx
from cranny.platform.keys import Keyring
from cranny.platform.permissions import Membership, Rights, Role

MEMBER: Final = "member"
"""The directory's word for somebody who may sign in, by e-mail address. The address is digested with a key: a plain
hash of it could be guessed."""


async def give(
    tx: Tx, keyring: Keyring, person: UUID, role: Role, *, site: UUID | None = None, by: str, source: str = ""
) -> bool:
    """Whether it is new. `source` is what gives it, where that is no person: it takes it back as well. Raises NotFound,
    codes `person-not-found`, `site-not-found`; Refused, code `no-address`, for somebody without an e-mail address, who
    could not sign in."""
    record = await tx.one(tables.ADDRESS, tx.tenant, person)
    if record is None:
        raise NotFound("There is no such person.", code="person-not-found")
    if record["email_key"] is None:
        raise Refused("This person has no e-mail address to sign in with: give one first.", code="no-address")
    try:
        async with tx.attempt():
            added = await tx.value(tables.GIVE, tx.tenant, tx.ids.new(), person, role, site, tx.now(), by, source)
    except asyncpg.ForeignKeyViolationError as error:
        raise NotFound("There is no such site.", code="site-not-found") from error
    if added is None:
        return False
    await directory.put_again(tx, MEMBER, member_secret(keyring, tx.tenant, record["email_key"]), tx.tenant, person)
    await events.record(tx, [told("person.role_given", person, role, site, by)])
    return True


async def take(tx: Tx, person: UUID, role: Role, *, site: UUID | None = None, by: str) -> None:
    """Sessions of somebody without any role open nothing any more. Raises NotFound, code `role-not-found`; Conflict,
    code `last-admin`."""
    if role is Role.ADMIN and site is None:
        admins = await tx.all(tables.LOCK_ADMINS, tx.tenant)
        if len(admins) == 1:
            raise Conflict("This is the only admin: make somebody else one first.", code="last-admin")
    if await tx.value(tables.TAKE, tx.tenant, person, role, site) is None:
        raise NotFound("This person has no such role.", code="role-not-found")
    await events.record(tx, [told("person.role_taken", person, role, site, by)])


async def set_all(
    tx: Tx, keyring: Keyring, person: UUID, wanted: Sequence[Membership], *, by: str, at: Sites = None
) -> None:
    """`person` is what `wanted` says and nothing else, `at` some sites or everywhere. Raises like `give` and `take`,
    and Forbidden, code `not-yours`."""
    insist_on(wanted, at)
    await insist_known(tx, person, at)
    has, wants = (await rights(tx, person)).memberships, frozenset(wanted)
    if at is not None:
        has = frozenset(one for one in has if one.site in at)
    for one in sorted(wants - has, key=str):
        await give(tx, keyring, person, one.role, site=one.site, by=by)
    for one in sorted(has - wants, key=str):
        await take(tx, person, one.role, site=one.site, by=by)


async def rights(tx: Tx, person: UUID) -> Rights:
    """What all roles of `person` come to."""
    found = rows.every(MembershipRow, await tx.all(tables.OF_PERSON, tx.tenant, person))
    return Rights(frozenset(Membership(row.role, row.site) for row in found))


async def memberships(tx: Tx) -> Mapping[UUID, Sequence[MembershipRow]]:
    """Everybody's roles, by person."""
    found: defaultdict[UUID, list[MembershipRow]] = defaultdict(list)
    for row in rows.every(MembershipRow, await tx.all(tables.OF_ALL, tx.tenant)):
        found[row.person].append(row)
    return found


async def members(tx: Tx, *, after: UUID, limit: int, at: Sites = None) -> list[tuple[UUID, Contact]]:
    """Those who have a role, everywhere or `at` some sites, in the order in which they were written down."""
    return [
        (row["id"], Contact(row["name"] or None, row["email"], row["phone"], row["language"]))
        for row in await tx.all(tables.MEMBERS, tx.tenant, after, limit, None if at is None else list(at))
    ]


async def members_by_name(
    tx: Tx, *, after: tuple[str, UUID], limit: int, at: Sites = None
) -> list[tuple[UUID, Contact]]:
    """The same by name, whatever its case; those without one come first. `after` is the name and
    the id of the one before."""
    return [
        (row["id"], Contact(row["name"] or None, row["email"], row["phone"], row["language"]))
        for row in await tx.all(tables.MEMBERS_BY_NAME, tx.tenant, *after, limit, None if at is None else list(at))
    ]


def member_secret(keyring: Keyring, tenant: UUID, key: str) -> bytes:
    """What the directory knows a member's address by."""
    return keyring.address_digest(tenant, email_key(key))


def told(type_: str, person: UUID, role: Role, site: UUID | None, by: str) -> NewEvent:
    where = {"site": str(site)} if site else {}
    return NewEvent(type_, f"persons/{person}", {"role": str(role), "by": by, **where})
