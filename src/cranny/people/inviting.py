"""Letting people in: by an invitation of an admin, and by a link that somebody asks for with their e-mail address.

What sends the links, and makes them, follows the events that are recorded here: nobody but the mailbox's owner gets to
see one, and whoever asks learns nothing of who is known.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from cranny.core.clock import ago
from cranny.core.events import NewEvent
from cranny.people import tables
from cranny.people.contacts import Contact, email_key, normal_email
from cranny.people.links import GOOD_FOR, LINK
from cranny.people.remember import remember
from cranny.people.roles import MEMBER, give, member_secret
from cranny.platform import directory, events, tenants
from cranny.platform.db import Database, Tx
from cranny.platform.keys import Keyring
from cranny.platform.permissions import Membership

INVITED: Final = "person.invited"
LINK_ASKED: Final = "person.link_asked"
MOST_AN_HOUR: Final = 5
"""Links that one person is sent without a pause; then one for each that has grown old."""


async def invite(tx: Tx, keyring: Keyring, contact: Contact, memberships: Sequence[Membership], *, by: str) -> UUID:
    """Make somebody what `memberships` say and send them a link. Returns the person. Raises what `remember` and `give`
    raise."""
    person = await remember(tx, contact)
    for one in memberships:
        await give(tx, keyring, person, one.role, site=one.site, by=by)
    await events.record(tx, [NewEvent(INVITED, f"persons/{person}", {"by": by})])
    return person


async def ask_link(db: Database, keyring: Keyring, email: str) -> None:
    """Send a link to whoever signs in with this address, in each tenant where somebody does. Raises Invalid, code
    `email-invalid`; of somebody unknown it says nothing."""
    address = email_key(normal_email(email))
    digests = [member_secret(keyring, tenant, address) for tenant in await tenants.every(db)]
    for found in await directory.find_all(db, MEMBER, digests):
        async with db.transaction(found.tenant) as tx:
            await ask_link_of(tx, found.ref)


async def ask_link_of(tx: Tx, person: UUID) -> None:
    """Send a link to `person`, unless they have got many already and one of them is still good: whoever asks for
    links in somebody's name keeps none from them."""
    subject = f"persons/{person}"
    lately = await tx.value(tables.ASKED_LATELY, tx.tenant, subject, LINK_ASKED, ago(tx.clock, timedelta(hours=1)))
    live = await tx.value(tables.ASKED_LATELY, tx.tenant, subject, LINK_ASKED, ago(tx.clock, GOOD_FOR[LINK]))
    if (lately < MOST_AN_HOUR or not live) and await tx.all(tables.OF_PERSON, tx.tenant, person):
        await events.record(tx, [NewEvent(LINK_ASKED, subject)])
