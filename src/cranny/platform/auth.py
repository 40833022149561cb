"""Who is asking: `Authorization: Bearer crn_…` → the tenant. Every route asks, unless it is marked public."""

import hmac
from dataclasses import dataclass
from typing import Any, Final, Literal
from uuid import UUID

from litestar.connection import ASGIConnection
from litestar.middleware.authentication import AbstractAuthenticationMiddleware, AuthenticationResult
from litestar.types import ASGIApp

from cranny.core.errors import Unauthenticated
from cranny.platform import directory, scopes, tenants
from cranny.platform.db import Database
from cranny.web.openapi import PUBLIC

REMEMBER_S: Final = 5.0
"""For so long a process trusts a key it has seen; a revoked key works on for as long."""
REMEMBER_AT_MOST: Final = 10_000


@dataclass(frozen=True, slots=True)
class Principal:
    """Who a request acts for: `request.user`."""

    tenant: UUID
    key_id: UUID
    kind: Literal["key"] = "key"
    scopes: tuple[str, ...] = scopes.EVERYTHING


class Keys:
    """Checks API keys, and remembers for a few seconds which ones were good."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._seen: dict[bytes, tuple[Principal, float]] = {}

    async def check(self, key: str) -> Principal | None:
        """Whose key it is; None when it is unknown, expired or revoked."""
        digest = tenants.key_hash(key)
        now = self._db.clock.monotonic()
        seen = self._seen.get(digest)
        if seen is not None and seen[1] > now:
            return seen[0]
        principal = await self._look_up(key, digest)
        if principal is not None:
            if len(self._seen) >= REMEMBER_AT_MOST:
                self._seen.clear()
            self._seen[digest] = (principal, now + REMEMBER_S)
        return principal

    async def _look_up(self, key: str, digest: bytes) -> Principal | None:
        found = await directory.find(self._db, tenants.KEY_KIND, key)
        if found is None:
            return None
        async with self._db.transaction(found.tenant) as tx:
            row = await tenants.get_key(tx, found.ref)
            if row is None or row.revoked is not None or not hmac.compare_digest(row.hash, digest):
                return None
            await tenants.note_use(tx, row.id)
        return Principal(found.tenant, found.ref, scopes=tuple(row.scopes))


class ApiKeys(AbstractAuthenticationMiddleware):
    """The middleware: `DefineMiddleware(ApiKeys, keys=Keys(db))`."""

    def __init__(self, app: ASGIApp, *, keys: Keys) -> None:
        super().__init__(app, exclude_from_auth_key=PUBLIC)
        self._keys = keys

    async def authenticate_request(self, connection: ASGIConnection[Any, Any, Any, Any]) -> AuthenticationResult:
        scheme, _, key = connection.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not key.strip():
            raise Unauthenticated("Send your API key: Authorization: Bearer crn_…", code="api-key-missing")
        principal = await self._keys.check(key.strip())
        if principal is None:
            raise Unauthenticated("This API key is unknown, expired or revoked.", code="api-key-invalid")
        scopes.insist(principal.scopes, str(connection.scope.get("method", "GET")), connection.scope["path_template"])
        return AuthenticationResult(user=principal, auth=None)
