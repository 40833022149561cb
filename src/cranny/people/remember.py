"""Who somebody is, by how they can be reached.

It is the same person when the e-mail address is the same; where one side has no address, when the phone number is.
Two addresses with one phone number are two persons who share a phone, as households do: neither must get the
other's codes, nor find parcels in one door.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import asyncpg
import msgspec

from cranny.core.errors import Conflict, NotFound
from cranny.people import tables
from cranny.people.contacts import Contact, checked, email_key
from cranny.people.tables import PersonRow
from cranny.platform import rows
from cranny.platform.db import Tx

_TRIES: Final = 4


@dataclass(frozen=True, slots=True)
class Remembered:
    """A person, and whether they want doors within seated reach."""

    id: UUID
    low_doors: bool = False


async def remember(tx: Tx, contact: Contact) -> UUID:
    """The person who is reached so; see `remembered`."""
    return (await remembered(tx, contact)).id


async def remembered(tx: Tx, contact: Contact) -> Remembered:
    """The person who is reached so; made when there is none. What is given replaces what was known, what is left
    out stays, and so does a language that they chose themselves. Raises Invalid, codes `name-invalid`,
    `email-invalid`, `phone-invalid`, `language-invalid`, `contact-missing`."""
    given = checked(contact)
    for sql in (tables.FIND, *[tables.FIND_AND_LOCK] * _TRIES):
        known = await _find(tx, sql, given)
        person = same(known, given)
        if person is None:
            if id_ := await _add(tx, given, known):
                return Remembered(id_)
        elif await _change(tx, person, merged(person, given, free_among(known))):
            return Remembered(person.id, person.low_doors)
    raise Conflict("The same person is just being written down by others. Try again.", retry=True)


async def contact(tx: Tx, person: UUID) -> Contact:
    """Raises NotFound, code `person-not-found`."""
    found = await contacts(tx, [person])
    if person not in found:
        raise NotFound("There is no such person.", code="person-not-found")
    return found[person]


async def contacts(tx: Tx, persons: Sequence[UUID]) -> dict[UUID, Contact]:
    """Those of `persons` that are known."""
    return {
        row["id"]: Contact(row["name"] or None, row["email"], row["phone"], row["language"])
        for row in await tx.all(tables.GET, tx.tenant, persons)
    }


async def known_by(tx: Tx, text: str) -> UUID | None:
    """Who is reached at this e-mail address or telephone number. Raises Invalid, codes `email-invalid`,
    `phone-invalid`."""
    given = checked(Contact(email=text) if "@" in text else Contact(phone=text))
    found = same(await _find(tx, tables.FIND, given), given)
    return None if found is None else found.id


async def lock(tx: Tx, person: UUID) -> None:
    """Nobody else changes or uses this person until the end of the transaction. Raises NotFound, code
    `person-not-found`."""
    if await tx.one(tables.LOCK, tx.tenant, person) is None:
        raise NotFound("There is no such person.", code="person-not-found")


def same(known: Sequence[PersonRow], given: Contact) -> PersonRow | None:
    """Which of those who have the address or the number of `given` it is. Pure."""
    key = given.email and email_key(given.email)
    for person in known:
        if key is not None and person.email_key == key:
            return person
    for person in known:
        if given.phone is not None and person.phone_key == given.phone and None in (key, person.email_key):
            return person
    return None


def merged(person: PersonRow, given: Contact, free: Callable[[str], str | None]) -> PersonRow:
    """`person` with what is given; what is left out stays. `free` makes a number a key, or None where it is somebody
    else's key already: then it is a mere number here. Pure, as far as `free` is."""
    phone, phone_key = person.phone, person.phone_key
    if given.phone is not None and given.phone != phone_key:
        phone, phone_key = given.phone, free(given.phone)
    return msgspec.structs.replace(
        person,
        name=given.name or person.name,
        email=given.email or person.email,
        email_key=email_key(given.email) if given.email else person.email_key,
        phone=phone,
        phone_key=phone_key,
        language=person.language if person.language_own else given.language or person.language,
    )


def free_among(known: Sequence[PersonRow]) -> Callable[[str], str | None]:
    """The number, unless it is the key of one of `known`."""
    taken = {person.phone_key for person in known}
    return lambda phone: None if phone in taken else phone


async def _find(tx: Tx, sql: str, given: Contact) -> list[PersonRow]:
    key = given.email and email_key(given.email)
    return rows.every(PersonRow, await tx.all(sql, tx.tenant, key, given.phone))


async def _add(tx: Tx, given: Contact, known: Sequence[PersonRow]) -> UUID | None:
    """None when somebody else was faster."""
    row = PersonRow(
        tenant=tx.tenant,
        id=tx.ids.new(),
        name=given.name or "",
        email=given.email,
        phone=given.phone,
        language=given.language,
        email_key=given.email and email_key(given.email),
        phone_key=given.phone and free_among(known)(given.phone),
        created=tx.now(),
    )
    added: UUID | None = await tx.value(tables.ADD, *msgspec.structs.astuple(row))
    return added


async def _change(tx: Tx, before: PersonRow, after: PersonRow) -> bool:
    """False when the person was changed or erased since, or somebody else has just got a key that `after` has."""
    if after == before:
        return await tx.value(tables.HOLD, before.tenant, before.id) is not None
    (tenant, id_, *old, _, _, _), (_, _, *new, _, _, _) = (
        msgspec.structs.astuple(before),
        msgspec.structs.astuple(after),
    )
    try:
        async with tx.attempt():
            return bool(await tx.value(tables.CHANGE, tenant, id_, *new, *old))
    except asyncpg.UniqueViolationError:
        return False
