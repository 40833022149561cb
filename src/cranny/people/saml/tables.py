"""The rows of other organisations' sign-ins by SAML, and every statement on them."""

from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from cranny.platform.permissions import Role


class ProviderRow(msgspec.Struct, frozen=True):
    """Who vouches for people of the `domains`. `entity_id` is how it is called, `sso` where its sign-in is,
    `certificates` (DER in base64) whose signatures hold: two while it goes over to another one. The rest is as with
    OpenID Connect (`oidc.tables`); `subject_attribute` and `email_attribute` name what is gone by instead of the NameID
    and the usual attributes."""

    tenant: UUID
    id: UUID
    name: str
    entity_id: str
    sso: str
    certificates: list[str]
    domains: list[str]
    role: Role | None
    site: UUID | None
    trusts_email: bool
    subject_attribute: str
    email_attribute: str
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


TABLES: Final[dict[str, type[msgspec.Struct]]] = {"saml_providers": ProviderRow, "saml_subjects": SubjectRow}

ADD: Final = """
INSERT INTO saml_providers (tenant, id, name, entity_id, sso, certificates, domains, role, site, trusts_email,
    subject_attribute, email_attribute, proves, acr, created, changed)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $15)
"""
CHANGE: Final = """
UPDATE saml_providers SET name = $3, entity_id = $4, sso = $5, certificates = $6, domains = $7, role = $8, site = $9,
    trusts_email = $10, subject_attribute = $11, email_attribute = $12, proves = $13, acr = $14, changed = $15
WHERE tenant = $1 AND id = $2 RETURNING id
"""
GET: Final = "SELECT * FROM saml_providers WHERE tenant = $1 AND id = $2"
EVERY: Final = "SELECT * FROM saml_providers WHERE tenant = $1 ORDER BY id"
REMOVE: Final = "DELETE FROM saml_providers WHERE tenant = $1 AND id = $2 RETURNING id"
WHOSE: Final = "SELECT person FROM saml_subjects WHERE tenant = $1 AND provider = $2 AND subject = $3"
LINK: Final = """
INSERT INTO saml_subjects (tenant, provider, subject, person, linked) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT DO NOTHING RETURNING person
"""
OF_PERSON: Final = """
SELECT p.* FROM saml_providers p JOIN saml_subjects s ON s.tenant = p.tenant AND s.provider = p.id
WHERE p.tenant = $1 AND s.person = $2 AND p.proves ORDER BY p.id
"""
