"""Sites, the places where banks stand. A bank's file makes them; here they are listed and called otherwise, and banks
are."""

from collections.abc import Collection
from typing import Annotated
from uuid import UUID

import asyncpg
import msgspec
from msgspec import UNSET, Meta, UnsetType

from cranny.core.errors import Conflict, Invalid, NotFound
from cranny.core.events import NewEvent
from cranny.platform import events, rows
from cranny.platform.db import Tx
from cranny.sites import tables
from cranny.sites.bankfile import is_zone
from cranny.sites.banks import Bank, get_bank, lock_bank

Name = Annotated[str, Meta(min_length=1, max_length=80, pattern=r"^\S(.*\S)?\Z")]


class Site(msgspec.Struct, frozen=True):
    """A place, and how many banks stand there. Its time zone is that of the file which made it; banks have their
    own."""

    id: UUID
    name: str
    timezone: str
    banks: int
    """How many banks stand there."""


class SiteChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is left out stays. `timezone` is an IANA name, such as `Europe/Prague`."""

    name: Name | UnsetType = UNSET
    timezone: Annotated[str, Meta(min_length=1, max_length=64)] | UnsetType = UNSET


class BankChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is left out stays."""

    name: Name | UnsetType = UNSET


async def list_sites(
    tx: Tx, *, after: UUID | None = None, limit: int = 100, at: Collection[UUID] | None = None
) -> list[Site]:
    """In the order they were added, from the one behind `after`; those among `at` only, where some are given."""
    wanted = None if at is None else list(at)
    return rows.every(Site, await tx.all(tables.LIST_SITES, tx.tenant, after, limit, wanted))


async def get_site(tx: Tx, site: UUID, *, hold: bool = False) -> Site:
    """`hold`: nobody else changes it until this transaction ends. Raises NotFound, code `site-not-found`."""
    if hold:
        await tx.run(tables.LOCK_SITE, tx.tenant, site)
    record = await tx.one(tables.GET_SITE, tx.tenant, site)
    if record is None:
        raise NotFound(f"There is no site {site}.", code="site-not-found")
    return rows.to(Site, record)


async def change_site(tx: Tx, site: UUID, asked: SiteChange, *, by: str) -> None:
    """Records `site.changed`, unless nothing changes.

    Raises like `get_site`; Invalid, codes `name-invalid` and `timezone-invalid`; Conflict, code `site-name-taken`.
    """
    before = await get_site(tx, site, hold=True)
    name = before.name if asked.name is UNSET else _readable(asked.name)
    timezone = before.timezone if asked.timezone is UNSET else asked.timezone
    if not is_zone(timezone):
        raise Invalid("A time zone is an IANA name, such as Europe/Prague.", code="timezone-invalid")
    if (name, timezone) == (before.name, before.timezone):
        return
    try:
        await tx.run(tables.CHANGE_SITE, tx.tenant, site, name, timezone)
    except asyncpg.UniqueViolationError as error:
        raise Conflict(f"There is a site {name!r} already; choose another name.", code="site-name-taken") from error
    was = {"name": before.name, "timezone": before.timezone}
    data = {"site": str(site), "name": name, "timezone": timezone, "was": was, "by": by}
    await events.record(tx, [NewEvent("site.changed", f"sites/{site}", data)])


async def held_bank(tx: Tx, bank: UUID) -> Bank:
    """Nobody else changes it until this transaction ends, its policy included. Raises NotFound, code
    `bank-not-found`."""
    await lock_bank(tx, bank)
    return await get_bank(tx, bank)


async def change_bank(tx: Tx, bank: UUID, asked: BankChange, *, by: str) -> None:
    """Records `bank.changed`, unless nothing changes: its controller learns what it is called.

    Raises NotFound, code `bank-not-found`, and Invalid, code `name-invalid`.
    """
    before = await held_bank(tx, bank)
    name = before.name if asked.name is UNSET else _readable(asked.name)
    if name == before.name:
        return
    await tx.run(tables.RENAME_BANK, tx.tenant, bank, name)
    data = {"bank": str(bank), "name": name, "was": {"name": before.name}, "by": by}
    await events.record(tx, [NewEvent("bank.changed", f"banks/{bank}", data)])


def _readable(name: str) -> str:
    if not name.isprintable():
        raise Invalid("A name is one line of letters, digits and signs that can be seen.", code="name-invalid")
    return name
