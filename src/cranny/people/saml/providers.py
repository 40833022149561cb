"""Who vouches for people by SAML: what an admin has said of another organisation's sign-in."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from cranny.core.errors import Invalid
from cranny.core.events import NewEvent
from cranny.people.saml import tables
from cranny.people.saml.metadata import Described
from cranny.people.saml.tables import ProviderRow
from cranny.people.vouching import providers as vouching
from cranny.platform import events, rows
from cranny.platform.db import Tx
from cranny.platform.permissions import Role


class Said(msgspec.Struct, frozen=True):
    """What an admin says of a provider; see `ProviderRow`."""

    name: str
    domains: Sequence[str]
    role: Role | None
    site: UUID | None
    trusts_email: bool
    subject_attribute: str
    email_attribute: str
    proves: bool
    acr: str


async def add(tx: Tx, said: Said, of: Described, *, by: str) -> UUID:
    """Raises Invalid, codes `domain-invalid`, `role-refused`; NotFound, code `site-not-found`."""
    id_, domains = tx.ids.new(), vouching.fit(said.domains, said.role)
    async with vouching.written(tx):
        await tx.run(tables.ADD, tx.tenant, id_, *_row(said, of, domains), tx.now())
    await vouching.list_it(tx, "saml", id_, domains)
    await events.record(tx, [NewEvent("saml_provider.added", f"saml-providers/{id_}", {"by": by})])
    return id_


async def change(tx: Tx, id_: UUID, said: Said, of: Described | None, *, by: str) -> None:
    """`of`: None for what it is already. Raises like `add`, NotFound, code `saml-provider-not-found`, and Invalid, code
    `entity-fixed`."""
    before, domains = await provider(tx, id_), vouching.fit(said.domains, said.role)
    of = of or known_as(before)
    if of.entity_id != before.entity_id:
        raise Invalid("People are known by this entityID: add another provider for another one.", code="entity-fixed")
    async with vouching.written(tx):
        await tx.run(tables.CHANGE, tx.tenant, id_, *_row(said, of, domains), tx.now())
    await vouching.unlist_domains(tx, "saml", before, await providers(tx))
    await vouching.list_it(tx, "saml", id_, domains)
    await events.record(tx, [NewEvent("saml_provider.changed", f"saml-providers/{id_}", {"by": by})])


async def remove(tx: Tx, id_: UUID, *, by: str) -> None:
    """Who came by it is known by their other ways in. Raises NotFound, code `saml-provider-not-found`."""
    before = await provider(tx, id_)
    await tx.run(tables.REMOVE, tx.tenant, id_)
    await vouching.unlist(tx, "saml", before, await providers(tx))
    await events.record(tx, [NewEvent("saml_provider.removed", f"saml-providers/{id_}", {"by": by})])


async def provider(tx: Tx, id_: UUID) -> ProviderRow:
    """Raises NotFound, code `saml-provider-not-found`."""
    record = await tx.one(tables.GET, tx.tenant, id_)
    if record is None:
        raise vouching.not_found("saml")
    return rows.to(ProviderRow, record)


async def providers(tx: Tx) -> list[ProviderRow]:
    return rows.every(ProviderRow, await tx.all(tables.EVERY, tx.tenant))


def known_as(row: ProviderRow) -> Described:
    return Described(row.entity_id, row.sso, tuple(row.certificates))


def _row(said: Said, of: Described, domains: list[str]) -> tuple[object, ...]:
    """As both statements take it, behind the tenant and the id."""
    who = (said.name, of.entity_id, of.sso, list(of.certificates), domains, said.role, said.site)
    return (*who, said.trusts_email, said.subject_attribute, said.email_attribute, said.proves, said.acr)
