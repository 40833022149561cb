"""Whom somebody else's word for a person stands for.

Somebody is known by the provider's own name for them from their first sign-in on; their address matters that once, and
only where it was verified and lies in one of the provider's domains.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Protocol
from uuid import UUID

from cranny.core.clock import Clock, ago, ahead
from cranny.core.errors import Forbidden, Invalid
from cranny.core.events import NewEvent
from cranny.people import tables
from cranny.people.contacts import Contact, email_key, normal_email
from cranny.people.remember import remember
from cranny.people.roles import give, rights
from cranny.people.sessions import LASTS
from cranny.people.vouching.begun import Kind
from cranny.people.vouching.claims import Claims
from cranny.platform import events
from cranny.platform.db import Tx
from cranny.platform.gate import FRESH
from cranny.platform.keys import Keyring
from cranny.platform.permissions import Role

LEEWAY: Final = timedelta(minutes=1)
"""So much may the other side's clock be ahead."""


class Voucher(Protocol):
    """What an admin said of a provider."""

    @property
    def id(self) -> UUID: ...
    @property
    def domains(self) -> Sequence[str]: ...
    @property
    def role(self) -> Role | None: ...
    @property
    def site(self) -> UUID | None: ...
    @property
    def trusts_email(self) -> bool: ...
    @property
    def proves(self) -> bool: ...
    @property
    def acr(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Book:
    """Where subjects of one kind are written down: a statement that finds whose one is, and one that says so."""

    kind: Kind
    whose: str
    link: str


async def whose(tx: Tx, keyring: Keyring, book: Book, row: Voucher, claims: Claims) -> UUID:
    """The person. Raises Forbidden, codes `<kind>-email-missing`, `-email-unverified`, `-email-elsewhere`,
    `-not-invited`, `-somebody-else`, `-no-role`, `-too-long-ago`."""
    person: UUID | None = await tx.value(book.whose, tx.tenant, row.id, claims.subject)
    if person is None:
        person = await _link(tx, keyring, book, row, claims)
    if not (await rights(tx, person)).memberships:
        raise Forbidden("You have no role here any more.", code=f"{book.kind}-no-role")
    if claims.auth_time is not None and claims.auth_time <= ago(tx.clock, LASTS):
        raise Forbidden("You signed in over there too long ago: sign in there anew.", code=f"{book.kind}-too-long-ago")
    return person


def is_fresh(clock: Clock, row: Voucher, claims: Claims) -> bool:
    """Whether it counts as showing once more who one is: from when they signed in over there, not from now on."""
    at = claims.auth_time
    recent = at is not None and ago(clock, FRESH) <= at <= ahead(clock, LEEWAY)
    return row.proves and recent and (not row.acr or claims.acr == row.acr)


async def _link(tx: Tx, keyring: Keyring, book: Book, row: Voucher, claims: Claims) -> UUID:
    """The first sign-in of this subject."""
    kind, email = book.kind, _address(book.kind, row, claims)
    person: UUID | None = await tx.value(tables.WITH_EMAIL, tx.tenant, email_key(email))
    known = person is not None and bool((await rights(tx, person)).memberships)
    if not known and row.role is None:
        raise Forbidden("Nobody has invited this address.", code=f"{kind}-not-invited")
    if person is None:
        person = await remember(tx, Contact(_short(claims.name), email))
    if await tx.value(book.link, tx.tenant, row.id, claims.subject, person, tx.now()) is None:
        # The address was somebody else's before: they are not each other.
        raise Forbidden("Somebody else signs in with this address.", code=f"{kind}-somebody-else")
    await events.record(tx, [NewEvent(f"person.{kind}_linked", f"persons/{person}", {"provider": str(row.id)})])
    if not known and row.role is not None:
        who = f"{kind}-providers/{row.id}"
        await give(tx, keyring, person, row.role, site=row.site, by=who, source=f"{kind}:{row.id}")
    return person


def _address(kind: Kind, row: Voucher, claims: Claims) -> str:
    if claims.email is None:
        raise Forbidden("The other organisation does not name your address.", code=f"{kind}-email-missing")
    if not (claims.verified or (claims.verified is None and row.trusts_email)):
        raise Forbidden("The other organisation has not verified your address.", code=f"{kind}-email-unverified")
    try:
        email = normal_email(claims.email)
    except Invalid as error:
        raise Forbidden("The other organisation does not name your address.", code=f"{kind}-email-missing") from error
    if email.rpartition("@")[2] not in row.domains:
        raise Forbidden("Your address is none that this organisation vouches for.", code=f"{kind}-email-elsewhere")
    return email


def _short(name: str | None) -> str | None:
    printable = "".join(sign for sign in name or "" if sign.isprintable())
    return printable[:200].strip() or None
