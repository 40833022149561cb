"""Signing in by way of another organisation: out to it, and back with proof.

What was begun is sealed into a cookie of the browser that began it, good for ten minutes and for one use: what comes
back in another browser, twice, or from another provider than the one that was asked, opens nothing. Somebody is
known by the provider's name for them (`sub`) from their first sign-in on; their address matters that once, and only
where it was verified and lies in one of the provider's domains.
"""

import base64
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

import asyncpg
import msgspec

from cranny.core.clock import ago, ahead
from cranny.core.errors import Forbidden, Invalid, NotFound
from cranny.core.events import NewEvent
from cranny.core.rng import Rng
from cranny.people import tables as people_tables
from cranny.people.contacts import Contact, email_key, normal_email
from cranny.people.oidc import tables, tokens
from cranny.people.oidc.providers import DOMAIN, PROVIDER, open_secret, provider
from cranny.people.oidc.tables import ProviderRow
from cranny.people.oidc.talking import Client, Metadata, Talking
from cranny.people.oidc.tokens import Claims, Expected
from cranny.people.remember import remember
from cranny.people.roles import give, rights
from cranny.people.sessions import LASTS
from cranny.platform import directory, events, rows, tenants
from cranny.platform.db import Database, Tx
from cranny.platform.gate import FRESH
from cranny.platform.keys import Keyring, SealBroken

GOOD_FOR: Final = timedelta(minutes=10)
LINKED: Final = "person.oidc_linked"
_PURPOSE: Final = "oidc-state"
_USED: Final = "oidc-state"
"""The directory's word for an answer that was used."""
_BYTES: Final = 32
LONGEST_CODE: Final = 4000
_OLDEST_S: Final = str(int(LASTS.total_seconds()))
"""Whoever signed in over there before that is asked there anew (`max_age`, OpenID Connect Core 3.1.2.1)."""

Why = Literal["sign_in", "prove"]


class State(msgspec.Struct, frozen=True):
    """What is sealed. `session` is the one to be proven, where somebody only shows once more that it is them; `before`
    the one that was open where they signed in."""

    provider: UUID
    state: str
    nonce: str
    verifier: str
    until: datetime
    next: str
    session: UUID | None = None
    before: UUID | None = None


@dataclass(frozen=True, slots=True)
class Begun:
    """Where the browser goes, and what its cookie holds meanwhile."""

    url: str
    cookie: str


@dataclass(frozen=True, slots=True)
class Came:
    """Who came back, and whether that is a fresh proof. `since` is when they signed in over there, where that is
    told: a session here is over when it would be, had it been begun then."""

    tenant: UUID
    person: UUID
    proven: bool
    state: State
    since: datetime | None = None


class Broken(Invalid):
    """What came back does not belong to what was begun here."""

    code = "oidc-state-refused"


class Signing:
    def __init__(self, db: Database, keyring: Keyring, talking: Talking, url: str) -> None:
        """`url` is where browsers find the server."""
        self._db = db
        self._keyring = keyring
        self._talking = talking
        self._url = url.rstrip("/")

    async def begin(
        self, provider_id: UUID, back: str, *, session: UUID | None = None, before: UUID | None = None
    ) -> Begun:
        """Raises NotFound, code `oidc-provider-not-found`, and what `Talking.discover` raises."""
        row = await self._row(provider_id)
        client = self._client(row)
        metadata = await self._talking.discover(client.issuer)
        rng = self._db.rng
        made = State(provider_id, _random(rng), _random(rng), _random(rng), self._until(), back, session, before)
        more = {"prompt": "login", "max_age": "0"} if session is not None else {"max_age": _OLDEST_S}
        more |= {"acr_values": row.acr} if row.acr else {}
        url = self._talking.url(client, metadata, state=made.state, nonce=made.nonce, verifier=made.verifier, **more)
        sealed = self._keyring.seal(_PURPOSE, b"", msgspec.msgpack.encode(made))
        return Begun(url, base64.urlsafe_b64encode(sealed).decode())

    async def finish(
        self, provider_id: UUID, cookie: str, *, state: str, code: str, issuer: str | None, error: str
    ) -> Came:
        """Raises Broken; Unproven; Forbidden, codes `oidc-refused` (over there), `oidc-email-missing`,
        `oidc-email-unverified`, `oidc-email-elsewhere`, `oidc-not-invited`, `oidc-somebody-else`, `oidc-no-role`,
        `oidc-too-long-ago`; and
        what `begin` and `Talking` raise."""
        begun = self._opened(cookie, provider_id, state)
        row = await self._row(provider_id)
        client = self._client(row)
        metadata = await self._talking.discover(client.issuer)
        _same_issuer(metadata, issuer)
        await self._use_up(row.tenant, begun)
        if error or not 0 < len(code) <= LONGEST_CODE:
            raise Forbidden("The other organisation did not let you in.", code="oidc-refused")
        token = await self._talking.trade(client, metadata, code, begun.verifier)
        expected = Expected(client.issuer, client.client_id, begun.nonce)
        claims = tokens.verify(token, await self._talking.keys(metadata), expected, self._db.clock.now())
        async with self._db.transaction(row.tenant) as tx:
            person = await self._whose(tx, row, claims)
            if claims.auth_time is not None and claims.auth_time <= ago(tx.clock, LASTS):
                raise Forbidden("You signed in over there too long ago: sign in there anew.", code="oidc-too-long-ago")
            return Came(row.tenant, person, _is_fresh(tx, row, claims), begun, claims.auth_time)

    async def find(self, email: str) -> list[ProviderRow]:
        """Who vouches for people with such an address, in all tenants. Raises Invalid, code `email-invalid`."""
        domain = normal_email(email).rpartition("@")[2]
        secrets = [f"{tenant}:{domain}".encode() for tenant in await tenants.every(self._db)]
        found: list[ProviderRow] = []
        for one in await directory.find_all(self._db, DOMAIN, secrets):
            async with self._db.transaction(one.tenant) as tx:
                every = rows.every(ProviderRow, await tx.all(tables.EVERY, tx.tenant))
                found += [row for row in every if domain in row.domains]
        return found

    def _client(self, row: ProviderRow) -> Client:
        secret = open_secret(self._keyring, row)
        return Client(row.issuer, row.client_id, secret, f"{self._url}/sign-in/with/{row.id}/back")

    async def _row(self, provider_id: UUID) -> ProviderRow:
        found = await directory.find(self._db, PROVIDER, provider_id.bytes)
        if found is None:
            raise NotFound("There is no such way to sign in.", code="oidc-provider-not-found")
        async with self._db.transaction(found.tenant) as tx:
            return await provider(tx, provider_id)

    def _until(self) -> datetime:
        return ahead(self._db.clock, GOOD_FOR)

    def _opened(self, cookie: str, provider_id: UUID, state: str) -> State:
        try:
            sealed = base64.urlsafe_b64decode(cookie)
            begun = msgspec.msgpack.decode(self._keyring.open(_PURPOSE, b"", sealed), type=State)
        except (SealBroken, ValueError) as error:
            raise Broken("This sign-in was not begun in this browser.") from error
        if not hmac.compare_digest(begun.state.encode(), state.encode()) or begun.provider != provider_id:
            raise Broken("This answer belongs to another sign-in.")
        if begun.until <= self._db.clock.now():
            raise Broken("This took too long: begin again.")
        return begun

    async def _use_up(self, tenant: UUID, begun: State) -> None:
        try:
            async with self._db.transaction(tenant) as tx, tx.attempt():
                await directory.put(tx, _USED, begun.state, tx.tenant, begun.provider, expires=begun.until)
        except asyncpg.UniqueViolationError as error:
            raise Broken("This answer was used already.") from error

    async def _whose(self, tx: Tx, row: ProviderRow, claims: Claims) -> UUID:
        person: UUID | None = await tx.value(tables.WHOSE, tx.tenant, row.id, claims.subject)
        if person is None:
            person = await self._link(tx, row, claims)
        if not (await rights(tx, person)).memberships:
            raise Forbidden("You have no role here any more.", code="oidc-no-role")
        return person

    async def _link(self, tx: Tx, row: ProviderRow, claims: Claims) -> UUID:
        """The first sign-in of this subject."""
        email = _address(row, claims)
        person: UUID | None = await tx.value(people_tables.WITH_EMAIL, tx.tenant, email_key(email))
        known = person is not None and bool((await rights(tx, person)).memberships)
        if not known and row.role is None:
            raise Forbidden("Nobody has invited this address.", code="oidc-not-invited")
        if person is None:
            person = await remember(tx, Contact(_short(claims.name), email))
        if await tx.value(tables.LINK, tx.tenant, row.id, claims.subject, person, tx.now()) is None:
            # The address was somebody else's before: they are not each other.
            raise Forbidden("Somebody else signs in with this address.", code="oidc-somebody-else")
        await events.record(tx, [NewEvent(LINKED, f"persons/{person}", {"provider": str(row.id)})])
        if not known and row.role is not None:
            who = f"oidc-providers/{row.id}"
            await give(tx, self._keyring, person, row.role, site=row.site, by=who, source=f"oidc:{row.id}")
        return person


def _address(row: ProviderRow, claims: Claims) -> str:
    if claims.email is None:
        raise Forbidden("The other organisation does not name your address.", code="oidc-email-missing")
    if not (claims.verified or (claims.verified is None and row.trusts_email)):
        raise Forbidden("The other organisation has not verified your address.", code="oidc-email-unverified")
    try:
        email = normal_email(claims.email)
    except Invalid as error:
        raise Forbidden("The other organisation does not name your address.", code="oidc-email-missing") from error
    if email.rpartition("@")[2] not in row.domains:
        raise Forbidden("Your address is none that this organisation vouches for.", code="oidc-email-elsewhere")
    return email


def _same_issuer(metadata: Metadata, issuer: str | None) -> None:
    """RFC 9207: an answer of another provider than the one that was asked (mix-up)."""
    required = metadata.authorization_response_iss_parameter_supported
    if (issuer is None and required) or (issuer is not None and issuer != metadata.issuer):
        raise Broken("This answer comes from another organisation than the one that was asked.")


def _is_fresh(tx: Tx, row: ProviderRow, claims: Claims) -> bool:
    """Whether it counts as showing once more who one is."""
    recent = claims.auth_time is not None and ago(tx.clock, FRESH) <= claims.auth_time <= ahead(tx.clock, FRESH)
    return row.proves and recent and (not row.acr or claims.acr == row.acr)


def _random(rng: Rng) -> str:
    return base64.urlsafe_b64encode(rng.bytes(_BYTES)).rstrip(b"=").decode()


def _short(name: str | None) -> str | None:
    printable = "".join(sign for sign in name or "" if sign.isprintable())
    return printable[:200].strip() or None
