"""Who is asking: an API key in `Authorization: Bearer crn_…`, or a person's session. Every route asks, unless it is
marked public. What they may do then, `gate.py` decides."""

import hmac
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, Protocol
from uuid import UUID

from litestar.connection import ASGIConnection
from litestar.middleware.authentication import AbstractAuthenticationMiddleware, AuthenticationResult
from litestar.types import ASGIApp

from cranny.core.errors import Unauthenticated
from cranny.platform import directory, scopes, tenants
from cranny.platform.db import Database, Tx
from cranny.platform.permissions import OF_A_PLAIN_KEY, Action, Rights, rights
from cranny.web.openapi import PUBLIC

REMEMBER_S: Final = 5.0
"""For so long a process trusts a key it has seen; a revoked key works on for as long."""
REMEMBER_AT_MOST: Final = 10_000
PLAIN: Final = rights(OF_A_PLAIN_KEY)
"""What a key may do; its scopes narrow it further."""
PROVISIONING: Final = Rights(PLAIN.memberships, frozenset({Action.PEOPLE_PROVISION}))

Connection = ASGIConnection[Any, Any, Any, Any]


@dataclass(frozen=True, slots=True)
class Principal:
    """Who a request acts for: `request.user`. `id` is the key's or the person's. `session` is there where a browser
    asks, `proven` is when its person last showed that it is them."""

    tenant: UUID
    id: UUID
    kind: Literal["key", "person"] = "key"
    rights: Rights = PLAIN
    scopes: tuple[str, ...] = scopes.EVERYTHING
    session: UUID | None = None
    until: datetime | None = None
    proven: datetime | None = None

    @property
    def who(self) -> str:
        """As events name them: `keys/<id>` or `persons/<id>`."""
        return f"{self.kind}s/{self.id}"


class Visitors(Protocol):
    """Knows browsers by their sessions."""

    async def who(self, connection: Connection) -> Principal | None:
        """Whose session the request carries; None when it has none that is good."""
        ...

    async def good(self, tx: Tx, who: Principal) -> bool:
        """Whether the session of `who` still is."""
        ...


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
        may = PROVISIONING if scopes.PROVISION in row.scopes else PLAIN
        return Principal(found.tenant, found.ref, rights=may, scopes=tuple(row.scopes))


class Authentication(AbstractAuthenticationMiddleware):
    """The middleware: `DefineMiddleware(Authentication, keys=Keys(db), visitors=…)`."""

    def __init__(self, app: ASGIApp, *, keys: Keys, visitors: Visitors | None) -> None:
        super().__init__(app, exclude_from_auth_key=PUBLIC)
        self._keys = keys
        self._visitors = visitors

    async def authenticate_request(self, connection: Connection) -> AuthenticationResult:
        return AuthenticationResult(user=await self._principal(connection), auth=None)

    async def _principal(self, connection: Connection) -> Principal:
        given = connection.headers.get("authorization")
        if given is None and self._visitors is not None:
            visitor = await self._visitors.who(connection)
            if visitor is not None:
                return visitor
        scheme, _, key = (given or "").partition(" ")
        if scheme.lower() != "bearer" or not key.strip():
            raise Unauthenticated("Send your API key: Authorization: Bearer crn_…", code="api-key-missing")
        principal = await self._keys.check(key.strip())
        if principal is None:
            raise Unauthenticated("This API key is unknown, expired or revoked.", code="api-key-invalid")
        connection.scope["user"] = principal  # also where it is refused: who was it?
        scopes.insist(principal.scopes, str(connection.scope.get("method", "GET")), connection.scope["path_template"])
        return principal


async def still_good(tx: Tx, who: Principal, visitors: Visitors | None) -> bool:
    """Whether whoever began something long may still go on with it: a revoked key or an ended session ends it."""
    if who.session is not None:
        return visitors is not None and await visitors.good(tx, who)
    return await tenants.is_good(tx, who.id)
