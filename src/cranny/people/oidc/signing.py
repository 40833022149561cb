"""Signing in by way of another organisation: out to it, and back with proof."""

from typing import Final
from uuid import UUID

from cranny.core.errors import Forbidden
from cranny.people.oidc import tables, tokens
from cranny.people.oidc.providers import open_secret, provider
from cranny.people.oidc.tables import ProviderRow
from cranny.people.oidc.talking import Client, Metadata, Talking
from cranny.people.oidc.tokens import Expected
from cranny.people.sessions import LASTS
from cranny.people.vouching.begun import Begun, Came, State, Waiting, random
from cranny.people.vouching.linking import Book, is_fresh, whose
from cranny.people.vouching.providers import Way, tenant_of, ways_for
from cranny.platform.db import Database
from cranny.platform.keys import Keyring

LONGEST_CODE: Final = 4000
_OLDEST_S: Final = str(int(LASTS.total_seconds()))
"""Whoever signed in over there before that is asked there anew (`max_age`, OpenID Connect Core 3.1.2.1)."""
_BOOK: Final = Book("oidc", tables.WHOSE, tables.LINK)


class Signing:
    def __init__(self, db: Database, keyring: Keyring, talking: Talking, url: str) -> None:
        """`url` is where browsers find the server."""
        self._db = db
        self._keyring = keyring
        self._talking = talking
        self._url = url.rstrip("/")
        self._waiting = Waiting(db, keyring, "oidc")

    async def begin(
        self,
        provider_id: UUID,
        back: str,
        *,
        session: UUID | None = None,
        before: UUID | None = None,
        anew: bool = False,
    ) -> Begun:
        """`anew`: they sign in there though they are signed in.

        Raises NotFound, code `oidc-provider-not-found`, and what `Talking.discover` raises."""
        row = await self._row(provider_id)
        client = self._client(row)
        metadata = await self._talking.discover(client.issuer)
        rng, until = self._db.rng, self._waiting.until()
        secrets = {"nonce": random(rng), "verifier": random(rng)}
        made = State(provider_id, random(rng), until, back, session=session, before=before, **secrets)
        more = {"prompt": "login", "max_age": "0"} if session is not None else {"max_age": _OLDEST_S}
        more |= {"prompt": "login"} if anew else {}
        more |= {"acr_values": row.acr} if row.acr else {}
        url = self._talking.url(client, metadata, state=made.state, nonce=made.nonce, verifier=made.verifier, **more)
        return Begun(url, self._waiting.seal(made))

    async def finish(
        self, provider_id: UUID, cookie: str, *, state: str, code: str, issuer: str | None, error: str
    ) -> Came:
        """Raises Invalid, code `oidc-state-refused`; Unproven; Forbidden, code `oidc-refused` (over there); and what
        `linking.whose`, `begin` and `Talking` raise."""
        begun = self._waiting.opened(cookie, provider_id)
        self._waiting.insist_answers(begun, state)
        row = await self._row(provider_id)
        client = self._client(row)
        metadata = await self._talking.discover(client.issuer)
        self._same_issuer(metadata, issuer)
        await self._waiting.use_up(row.tenant, begun)
        if error or not 0 < len(code) <= LONGEST_CODE:
            raise Forbidden("The other organisation did not let you in.", code="oidc-refused")
        token = await self._talking.trade(client, metadata, code, begun.verifier)
        expected = Expected(client.issuer, client.client_id, begun.nonce)
        claims = tokens.verify(token, await self._talking.keys(metadata), expected, self._db.clock.now())
        async with self._db.transaction(row.tenant) as tx:
            person = await whose(tx, self._keyring, _BOOK, row, claims)
            return Came("oidc", row.tenant, person, is_fresh(tx.clock, row, claims), begun, claims.auth_time)

    async def find(self, email: str) -> list[Way]:
        """Who vouches for people with such an address, in all tenants. Raises Invalid, code `email-invalid`."""
        return await ways_for(self._db, "oidc", email, tables.EVERY)

    def _client(self, row: ProviderRow) -> Client:
        secret = open_secret(self._keyring, row)
        return Client(row.issuer, row.client_id, secret, f"{self._url}/sign-in/with/{row.id}/back")

    async def _row(self, provider_id: UUID) -> ProviderRow:
        async with self._db.transaction(await tenant_of(self._db, "oidc", provider_id)) as tx:
            return await provider(tx, provider_id)

    def _same_issuer(self, metadata: Metadata, issuer: str | None) -> None:
        """RFC 9207: an answer of another provider than the one that was asked (mix-up)."""
        required = metadata.authorization_response_iss_parameter_supported
        if (issuer is None and required) or (issuer is not None and issuer != metadata.issuer):
            raise self._waiting.broken("This answer comes from another organisation than the one that was asked.")
