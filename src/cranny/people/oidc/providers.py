"""Who vouches for people: what an admin has said of another organisation's sign-in."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import asyncpg
import msgspec

from cranny.core.errors import Invalid, NotFound
from cranny.core.events import NewEvent
from cranny.people.contacts import normal_email
from cranny.people.oidc import tables
from cranny.people.oidc.tables import ProviderRow
from cranny.platform import directory, events, rows
from cranny.platform.db import Tx
from cranny.platform.keys import Keyring
from cranny.platform.permissions import Role

PROVIDER: Final = "oidc-provider"
DOMAIN: Final = "oidc-domain"
"""The directory's words for a provider by its id, and for the domain of an address in a tenant."""
_PURPOSE: Final = "oidc-secret"


class Said(msgspec.Struct, frozen=True):
    """What an admin says of a provider; see `ProviderRow`."""

    name: str
    issuer: str
    client_id: str
    secret: str | None
    domains: Sequence[str]
    role: Role | None
    site: UUID | None
    trusts_email: bool
    proves: bool
    acr: str

    def __repr__(self) -> str:
        """Without the secret, wherever it is printed."""
        return f"Said({self.issuer})"


async def add(tx: Tx, keyring: Keyring, said: Said, *, by: str) -> UUID:
    """Raises Invalid, codes `domain-invalid`, `role-refused`; NotFound, code `site-not-found`."""
    id_, domains = tx.ids.new(), _domains(said)
    sealed = _seal(keyring, tx.tenant, id_, said.secret)
    row = (said.name, said.issuer, said.client_id, sealed, domains, said.role, said.site)
    try:
        async with tx.attempt():
            await tx.run(tables.ADD, tx.tenant, id_, *row, said.trusts_email, said.proves, said.acr, tx.now())
    except asyncpg.ForeignKeyViolationError as error:
        raise NotFound("There is no such site.", code="site-not-found") from error
    await directory.put(tx, PROVIDER, id_.bytes, tx.tenant, id_)
    await _tell_domains(tx, id_, domains)
    await events.record(tx, [NewEvent("oidc_provider.added", f"oidc-providers/{id_}", {"by": by})])
    return id_


async def change(tx: Tx, keyring: Keyring, id_: UUID, said: Said, *, by: str) -> None:
    """All but its issuer; without a secret it keeps the one it has. Raises like `add`, NotFound, code
    `oidc-provider-not-found`, and Invalid, code `issuer-fixed`."""
    before, domains = await provider(tx, id_), _domains(said)
    if said.issuer != before.issuer:
        raise Invalid("People are known by this issuer: add another provider for another one.", code="issuer-fixed")
    sealed = _seal(keyring, tx.tenant, id_, said.secret)
    row = (said.name, said.client_id, sealed, domains, said.role, said.site)
    try:
        async with tx.attempt():
            await tx.run(tables.CHANGE, tx.tenant, id_, *row, said.trusts_email, said.proves, said.acr, tx.now())
    except asyncpg.ForeignKeyViolationError as error:
        raise NotFound("There is no such site.", code="site-not-found") from error
    await _forget_domains(tx, before)
    await _tell_domains(tx, id_, domains)
    await events.record(tx, [NewEvent("oidc_provider.changed", f"oidc-providers/{id_}", {"by": by})])


async def remove(tx: Tx, id_: UUID, *, by: str) -> None:
    """Who came by it is known by their other ways in. Raises NotFound, code `oidc-provider-not-found`."""
    before = await provider(tx, id_)
    await tx.run(tables.REMOVE, tx.tenant, id_)
    await directory.forget(tx, PROVIDER, id_.bytes)
    await _forget_domains(tx, before)
    await events.record(tx, [NewEvent("oidc_provider.removed", f"oidc-providers/{id_}", {"by": by})])


async def provider(tx: Tx, id_: UUID) -> ProviderRow:
    """Raises NotFound, code `oidc-provider-not-found`."""
    record = await tx.one(tables.GET, tx.tenant, id_)
    if record is None:
        raise NotFound("There is no such way to sign in.", code="oidc-provider-not-found")
    return rows.to(ProviderRow, record)


async def providers(tx: Tx) -> list[ProviderRow]:
    return rows.every(ProviderRow, await tx.all(tables.EVERY, tx.tenant))


async def proving(tx: Tx, person: UUID) -> list[ProviderRow]:
    """Where `person` can show once more that it is them."""
    return rows.every(ProviderRow, await tx.all(tables.OF_PERSON, tx.tenant, person))


def open_secret(keyring: Keyring, row: ProviderRow) -> str | None:
    return None if row.secret is None else keyring.open(_PURPOSE, row.tenant.bytes + row.id.bytes, row.secret).decode()


def _seal(keyring: Keyring, tenant: UUID, id_: UUID, secret: str | None) -> bytes | None:
    return None if secret is None else keyring.seal(_PURPOSE, tenant.bytes + id_.bytes, secret.encode())


def _domains(said: Said) -> list[str]:
    if said.role is Role.ADMIN:
        raise Invalid("Nobody becomes an admin by signing in: give the role by hand.", code="role-refused")
    try:
        return sorted({normal_email(f"x@{domain}").rpartition("@")[2] for domain in said.domains})
    except Invalid as error:
        raise Invalid("This is no domain; it should look like example.org.", code="domain-invalid") from error


async def _tell_domains(tx: Tx, id_: UUID, domains: Sequence[str]) -> None:
    secrets = [f"{tx.tenant}:{domain}".encode() for domain in domains]
    await directory.put_many(tx, DOMAIN, secrets, [id_] * len(secrets))


async def _forget_domains(tx: Tx, before: ProviderRow) -> None:
    """Those that no other provider of the tenant has."""
    others = {domain for row in await providers(tx) if row.id != before.id for domain in row.domains}
    for domain in before.domains:
        if domain not in others:
            await directory.forget(tx, DOMAIN, f"{tx.tenant}:{domain}")
