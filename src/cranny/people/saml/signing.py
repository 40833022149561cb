"""Signing in by way of another organisation, by SAML: out to it, and back with what it signed.

The id of the request is what must come back: it lies in the sealed cookie of the browser that began it, so that nothing
is believed that was not asked for, and nothing twice.
"""

import base64
import binascii
from typing import Final
from uuid import UUID

from cranny.people.saml import answers, tables
from cranny.people.saml.answers import Answer, Expected, Unproven
from cranny.people.saml.engine import Engine, Ours
from cranny.people.saml.providers import known_as, provider
from cranny.people.saml.tables import ProviderRow
from cranny.people.vouching.begun import Begun, Came, State, Waiting, random
from cranny.people.vouching.linking import Book, is_fresh, whose
from cranny.people.vouching.providers import Way, tenant_of, ways_for
from cranny.platform.db import Database
from cranny.platform.keys import Keyring

LONGEST: Final = 300_000
"""Characters of an answer, as it is sent."""
_BOOK: Final = Book("saml", tables.WHOSE, tables.LINK)


class Signing:
    def __init__(self, db: Database, keyring: Keyring, url: str) -> None:
        """`url` is where browsers find the server."""
        self._db = db
        self._keyring = keyring
        self._engine = Engine()
        self._url = url
        self._waiting = Waiting(db, keyring, "saml")

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

        Raises NotFound, code `saml-provider-not-found`; Refused, codes `saml-not-installed`,
        `saml-program-missing`."""
        row = await self._row(provider_id)
        self._engine.insist()
        request = f"_{random(self._db.rng)}"  # XML's names don't begin with a figure
        made = State(provider_id, request, self._waiting.until(), back, session=session, before=before)
        our, anew = ours(self._url, row.id), anew or session is not None
        url = await self._engine.leave(known_as(row), our, request, anew=anew, acr=row.acr)
        return Begun(url, self._waiting.seal(made))

    async def finish(self, provider_id: UUID, cookie: str, sent: str) -> Came:
        """`sent` is what came by POST (`SAMLResponse`). Raises Invalid, code `saml-state-refused`; Unproven; Forbidden,
        code `saml-refused` (over there); and what `linking.whose` and `begin` raise."""
        self._engine.insist()
        begun = self._waiting.opened(cookie, provider_id)  # nothing is read for whoever has begun nothing
        answer = _decoded(sent)
        self._waiting.insist_answers(begun, answer.to)
        row = await self._row(provider_id)
        await self._waiting.use_up(row.tenant, begun)
        our = ours(self._url, row.id)
        attributes = {"subject_attribute": row.subject_attribute, "email_attribute": row.email_attribute}
        expected = Expected(row.entity_id, begun.state, our.here, our.us, **attributes)
        claims = answers.claims(answer, expected, self._db.clock.now())
        await self._engine.insist_signed(answer, known_as(row), expected)
        async with self._db.transaction(row.tenant) as tx:
            person = await whose(tx, self._keyring, _BOOK, row, claims)
            return Came("saml", row.tenant, person, is_fresh(tx.clock, row, claims), begun, claims.auth_time)

    async def describe(self, provider_id: UUID) -> str:
        """Our own metadata for this provider. Raises like `begin`."""
        row = await self._row(provider_id)
        self._engine.insist()
        return await self._engine.describe(known_as(row), ours(self._url, row.id))

    async def find(self, email: str) -> list[Way]:
        """Who vouches for people with such an address, in all tenants. Raises Invalid, code `email-invalid`."""
        return await ways_for(self._db, "saml", email, tables.EVERY)

    async def _row(self, provider_id: UUID) -> ProviderRow:
        async with self._db.transaction(await tenant_of(self._db, "saml", provider_id)) as tx:
            return await provider(tx, provider_id)


def begins(url: str, provider_id: UUID) -> str:
    """The link to sign in by."""
    return f"{url.rstrip('/')}/sign-in/with/{provider_id}"


def ours(url: str, provider_id: UUID) -> Ours:
    """Each provider knows us by another name: what is meant for one is nothing to another."""
    begin = begins(url, provider_id)
    return Ours(f"{begin}/metadata", f"{begin}/acs")


def _decoded(sent: str) -> Answer:
    try:
        text = base64.b64decode("".join(sent.split()), validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise Unproven("It can't be read.") from error
    return answers.parse(text)
