"""All ways to sign in by way of another organisation, for the pages that lead out and back."""

from uuid import UUID

from cranny.people.oidc import tables as oidc_tables
from cranny.people.oidc.signing import Signing as Oidc
from cranny.people.saml import tables as saml_tables
from cranny.people.saml.signing import Signing as Saml
from cranny.people.vouching.begun import Begun, Kind
from cranny.people.vouching.providers import Way, find_tenant, is_known
from cranny.platform import rows
from cranny.platform.db import Database, Tx


class Ways:
    def __init__(self, db: Database, oidc: Oidc, saml: Saml) -> None:
        self._db = db
        self.oidc = oidc
        self.saml = saml

    async def begin(
        self, provider: UUID, back: str, *, session: UUID | None = None, before: UUID | None = None, anew: bool = False
    ) -> Begun:
        """Raises what the provider's own kind raises."""
        kind = self.saml if await is_known(self._db, "saml", provider) else self.oidc
        return await kind.begin(provider, back, session=session, before=before, anew=anew)

    async def tenant_of(self, kind: Kind, provider: UUID) -> UUID | None:
        """Whose provider it is; None where there is none."""
        return await find_tenant(self._db, kind, provider)

    async def find(self, email: str) -> list[Way]:
        """Who vouches for people with such an address, in all tenants. Raises Invalid, code `email-invalid`."""
        return [*await self.oidc.find(email), *await self.saml.find(email)]


async def proving(tx: Tx, person: UUID) -> list[Way]:
    """Where `person` can show once more that it is them."""
    found = [await tx.all(sql, tx.tenant, person) for sql in (oidc_tables.OF_PERSON, saml_tables.OF_PERSON)]
    return [way for records in found for way in rows.every(Way, records)]
