"""Persons and sessions as they travel over the API."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

import msgspec
from msgspec import Meta

from cranny.people.contacts import Contact
from cranny.people.tables import How, MembershipRow, SessionRow
from cranny.platform.permissions import Membership, Role

MOST_ROLES: Final = 50


class RoleAt(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A role for one `site`, or for the whole tenant where `site` is null."""

    role: Role
    """What somebody may do: docs/people.md has the table."""
    site: UUID | None = None


Roles = Annotated[list[RoleAt], Meta(max_length=MOST_ROLES)]


class PersonAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody to invite. They are reached, and known, by `email`."""

    email: Annotated[str, Meta(max_length=254, examples=["ada@example.org"])]
    roles: Annotated[list[RoleAt], Meta(min_length=1, max_length=MOST_ROLES)]
    name: Annotated[str, Meta(max_length=200, examples=["Ada Example"])] | None = None
    language: Annotated[str, Meta(min_length=2, max_length=35, examples=["de"])] | None = None
    """As a BCP 47 tag; left out, what is known stays, and what they chose themselves always stays."""


class RolesAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All the roles that a person is to have; none ends what they may do."""

    roles: Roles


class PersonShown(msgspec.Struct, frozen=True):
    """A person with the roles that they have now."""

    id: UUID
    name: str | None
    email: str | None
    phone: str | None
    language: str | None
    roles: list[RoleAt]


class SessionShown(msgspec.Struct, frozen=True):
    """A browser that is signed in: as a person or, with `key`, as an API key; `how` it was begun. `own`: it is the one
    that asks."""

    id: UUID
    person: UUID | None
    key: UUID | None
    how: How
    browser: str
    """Which browser and system, such as `Firefox, Linux`; empty where neither is known."""
    created: datetime
    seen: datetime
    """When it was last used."""
    until: datetime
    own: bool


class Self(msgspec.Struct, frozen=True):
    """Who asks: a person or an API key, and as what."""

    person: UUID | None
    key: UUID | None
    roles: list[RoleAt]


def show_person(id_: UUID, contact: Contact, rows: Sequence[MembershipRow]) -> PersonShown:
    roles = [RoleAt(row.role, row.site) for row in rows]
    return PersonShown(id_, contact.name, contact.email, contact.phone, contact.language, roles)


def show_session(row: SessionRow, own: UUID | None) -> SessionShown:
    person, key = (row.holder, None) if row.kind == "person" else (None, row.holder)
    return SessionShown(row.id, person, key, row.how, row.browser, row.created, row.seen, row.until, own=row.id == own)


def as_memberships(roles: Sequence[RoleAt]) -> list[Membership]:
    return [Membership(one.role, one.site) for one in roles]
