"""The rows of other organisations' sign-ins, and every statement on them."""

from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from cranny.platform.permissions import Role


class ProviderRow(msgspec.Struct, frozen=True):
    """Who vouches for people of the `domains`. `secret` is sealed, null for a client that has none. `role` and `site`
    are what somebody becomes who comes for the first time and is not known here; without a role only those come in who
    are. `trusts_email`: it never says whether an address was verified, and it was. `proves`: a fresh sign-in there is a
    fresh proof here; `acr` is what it must say of how, where that matters."""

    tenant: UUID
    id: UUID
    name: str
    issuer: str
    client_id: str
    secret: bytes | None
    domains: list[str]
    role: Role | None
    site: UUID | None
    trusts_email: bool
    proves: bool
    acr: str
    created: datetime
    changed: datetime


class SubjectRow(msgspec.Struct, frozen=True):
    """Whom a provider's `subject` stands for, from the first sign-in on: whatever addresses become of it."""

    tenant: UUID
    provider: UUID
    subject: str
    person: UUID
    linked: datetime


TABLES: Final[dict[str, type[msgspec.Struct]]] = {"oidc_providers": ProviderRow, "oidc_subjects": SubjectRow}

ADD: Final = """
INSERT INTO oidc_providers (tenant, id, name, issuer, client_id, secret, domains, role, site, trusts_email, proves, acr,
    created, changed)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13)
"""
CHANGE: Final = """
UPDATE oidc_providers SET name = $3, client_id = $4, secret = coalesce($5, secret), domains = $6, role = $7, site = $8,
    trusts_email = $9, proves = $10, acr = $11, changed = $12
WHERE tenant = $1 AND id = $2 RETURNING id
"""
GET: Final = "SELECT * FROM oidc_providers WHERE tenant = $1 AND id = $2"
EVERY: Final = "SELECT * FROM oidc_providers WHERE tenant = $1 ORDER BY id"
REMOVE: Final = "DELETE FROM oidc_providers WHERE tenant = $1 AND id = $2 RETURNING id"
WHOSE: Final = "SELECT person FROM oidc_subjects WHERE tenant = $1 AND provider = $2 AND subject = $3"
LINK: Final = """
INSERT INTO oidc_subjects (tenant, provider, subject, person, linked) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT DO NOTHING RETURNING person
"""
OF_PERSON: Final = """
SELECT p.* FROM oidc_providers p JOIN oidc_subjects s ON s.tenant = p.tenant AND s.provider = p.id
WHERE p.tenant = $1 AND s.person = $2 AND p.proves ORDER BY p.id
"""
