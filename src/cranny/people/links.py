"""Links that let somebody in once: for signing in, for an invitation, for choosing how to be told, and for the first
admin of a new tenant.

What a link holds is 160 random bits; the directory has their hash. Using one up is part of what it is used for.
"""

from datetime import timedelta
from typing import Final
from uuid import UUID

from cranny.core.clock import ahead
from cranny.core.errors import NotFound
from cranny.people.contacts import Contact
from cranny.people.remember import remember
from cranny.people.roles import give
from cranny.platform import directory
from cranny.platform.db import Tx
from cranny.platform.keys import Keyring
from cranny.platform.permissions import Role

LINK: Final = "person-link"
INVITATION: Final = "invitation"
CHOICE: Final = "choice"
FOUNDING: Final = "founding"
"""The directory's words for them. The last one stands for a tenant, the others for a person."""
GOOD_FOR: Final = {
    LINK: timedelta(minutes=10),
    INVITATION: timedelta(days=7),
    CHOICE: timedelta(days=30),
    FOUNDING: timedelta(days=7),
}
_BYTES: Final = 20


async def make_link(tx: Tx, kind: str, ref: UUID) -> str:
    """The secret part of a new link of `kind`."""
    token = tx.rng.bytes(_BYTES).hex()
    await directory.put(tx, kind, token, tx.tenant, ref, expires=ahead(tx.clock, GOOD_FOR[kind]))
    return token


async def found(tx: Tx, keyring: Keyring, token: str, contact: Contact) -> UUID:
    """Become the first admin, with the link that was shown when the tenant was made. Returns the person. Raises
    NotFound, code `link-unknown`, and what `remember` raises for the contact."""
    if not await directory.forget(tx, FOUNDING, token):
        raise NotFound("This link was used already, or it is too old.", code="link-unknown")
    person = await remember(tx, contact)
    await give(tx, keyring, person, Role.ADMIN, by="founding")
    return person
