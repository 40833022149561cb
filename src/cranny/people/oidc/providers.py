"""Who vouches for people: what an admin has said of another organisation's sign-in."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import msgspec

from cranny.core.errors import Invalid
from cranny.core.events import NewEvent
from cranny.people.oidc import tables
from cranny.people.oidc.tables import ProviderRow
from cranny.people.vouching import providers as vouching
from cranny.platform import events, rows
from cranny.platform.db import Tx
from cranny.platform.keys import Keyring
from cranny.platform.permissions import Role

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
    id_, domains = tx.ids.new(), vouching.fit(said.domains, said.role)
    sealed = _seal(keyring, tx.tenant, id_, said.secret)
    row = (said.name, said.issuer, said.client_id, sealed, domains, said.role, said.site)
    async with vouching.written(tx):
        await tx.run(tables.ADD, tx.tenant, id_, *row, said.trusts_email, said.proves, said.acr, tx.now())
    await vouching.list_it(tx, "oidc", id_, domains)
    await events.record(tx, [NewEvent("oidc_provider.added", f"oidc-providers/{id_}", {"by": by})])
    return id_


async def change(tx: Tx, keyring: Keyring, id_: UUID, said: Said, *, by: str) -> None:
    """All but its issuer; without a secret it keeps the one it has. Raises like `add`, NotFound, code
    `oidc-provider-not-found`, and Invalid, code `issuer-fixed`."""
    before, domains = await provider(tx, id_), vouching.fit(said.domains, said.role)
    if said.issuer != before.issuer:
        raise Invalid("People are known by this issuer: add another provider for another one.", code="issuer-fixed")
    sealed = _seal(keyring, tx.tenant, id_, said.secret)
    row = (said.name, said.client_id, sealed, domains, said.role, said.site)
    async with vouching.written(tx):
        await tx.run(tables.CHANGE, tx.tenant, id_, *row, said.trusts_email, said.proves, said.acr, tx.now())
    await vouching.unlist_domains(tx, "oidc", before, await providers(tx))
    await vouching.list_it(tx, "oidc", id_, domains)
    await events.record(tx, [NewEvent("oidc_provider.changed", f"oidc-providers/{id_}", {"by": by})])


async def remove(tx: Tx, id_: UUID, *, by: str) -> None:
    """Who came by it is known by their other ways in. Raises NotFound, code `oidc-provider-not-found`."""
    before = await provider(tx, id_)
    await tx.run(tables.REMOVE, tx.tenant, id_)
    await vouching.unlist(tx, "oidc", before, await providers(tx))
    await events.record(tx, [NewEvent("oidc_provider.removed", f"oidc-providers/{id_}", {"by": by})])


async def provider(tx: Tx, id_: UUID) -> ProviderRow:
    """Raises NotFound, code `oidc-provider-not-found`."""
    record = await tx.one(tables.GET, tx.tenant, id_)
    if record is None:
        raise vouching.not_found("oidc")
    return rows.to(ProviderRow, record)


async def providers(tx: Tx) -> list[ProviderRow]:
    return rows.every(ProviderRow, await tx.all(tables.EVERY, tx.tenant))


def open_secret(keyring: Keyring, row: ProviderRow) -> str | None:
    return None if row.secret is None else keyring.open(_PURPOSE, row.tenant.bytes + row.id.bytes, row.secret).decode()


def _seal(keyring: Keyring, tenant: UUID, id_: UUID, secret: str | None) -> bytes | None:
    return None if secret is None else keyring.seal(_PURPOSE, tenant.bytes + id_.bytes, secret.encode())
