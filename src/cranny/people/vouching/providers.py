"""What there is to say of every provider: where its people come from, and what they become."""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Protocol
from uuid import UUID

import asyncpg
import msgspec

from cranny.core.errors import Invalid, NotFound
from cranny.people.contacts import normal_email
from cranny.people.vouching.begun import Kind
from cranny.platform import directory, rows, tenants
from cranny.platform.db import Database, Tx
from cranny.platform.permissions import Role


class Way(msgspec.Struct, frozen=True):
    """A provider, as far as whoever signs in is told of it."""

    id: UUID
    name: str
    domains: list[str]


class Vouching(Protocol):
    """A row of a provider."""

    @property
    def id(self) -> UUID: ...
    @property
    def domains(self) -> Sequence[str]: ...


def fit(domains: Iterable[str], role: Role | None) -> list[str]:
    """The domains as they are compared. Raises Invalid, codes `domain-invalid`, `role-refused`."""
    if role is Role.ADMIN:
        raise Invalid("Nobody becomes an admin by signing in: give the role by hand.", code="role-refused")
    try:
        return sorted({normal_email(f"x@{domain}").rpartition("@")[2] for domain in domains})
    except Invalid as error:
        raise Invalid("This is no domain; it should look like example.org.", code="domain-invalid") from error


@asynccontextmanager
async def written(tx: Tx) -> AsyncIterator[None]:
    """Around the statement that writes a provider down. Raises NotFound, code `site-not-found`."""
    try:
        async with tx.attempt():
            yield
    except asyncpg.ForeignKeyViolationError as error:
        raise NotFound("There is no such site.", code="site-not-found") from error


async def tenant_of(db: Database, kind: Kind, provider: UUID) -> UUID:
    """Raises NotFound, code `<kind>-provider-not-found`."""
    found = await find_tenant(db, kind, provider)
    if found is None:
        raise not_found(kind)
    return found


async def find_tenant(db: Database, kind: Kind, provider: UUID) -> UUID | None:
    found = await directory.find(db, _provider(kind), provider.bytes)
    return None if found is None else found.tenant


async def is_known(db: Database, kind: Kind, provider: UUID) -> bool:
    return await find_tenant(db, kind, provider) is not None


def not_found(kind: Kind) -> NotFound:
    return NotFound("There is no such way to sign in.", code=f"{kind}-provider-not-found")


async def list_it(tx: Tx, kind: Kind, provider: UUID, domains: Sequence[str]) -> None:
    """From now on it is found by its id, and by the domains of its people."""
    await directory.put_again(tx, _provider(kind), provider.bytes, tx.tenant, provider)
    secrets = [_domain(tx.tenant, domain) for domain in domains]
    await directory.put_many(tx, f"{kind}-domain", secrets, [provider] * len(secrets))


async def unlist_domains(tx: Tx, kind: Kind, before: Vouching, every: Iterable[Vouching]) -> None:
    """Those that no other provider of the tenant (`every`) has."""
    others = {domain for row in every if row.id != before.id for domain in row.domains}
    for domain in before.domains:
        if domain not in others:
            await directory.forget(tx, f"{kind}-domain", _domain(tx.tenant, domain))


async def unlist(tx: Tx, kind: Kind, before: Vouching, every: Iterable[Vouching]) -> None:
    await directory.forget(tx, _provider(kind), before.id.bytes)
    await unlist_domains(tx, kind, before, every)


async def ways_for(db: Database, kind: Kind, email: str, every: str) -> list[Way]:
    """Who vouches for people with such an address, in all tenants; `every` is the statement that lists those of one.
    Raises Invalid, code `email-invalid`."""
    domain = normal_email(email).rpartition("@")[2]
    secrets = [_domain(tenant, domain) for tenant in await tenants.every(db)]
    found: list[Way] = []
    for one in await directory.find_all(db, f"{kind}-domain", secrets):
        async with db.transaction(one.tenant) as tx:
            found += [way for way in rows.every(Way, await tx.all(every, tx.tenant)) if domain in way.domains]
    return found


def _provider(kind: Kind) -> str:
    """The directory's word for one by its id."""
    return f"{kind}-provider"


def _domain(tenant: UUID, domain: str) -> bytes:
    return f"{tenant}:{domain}".encode()
