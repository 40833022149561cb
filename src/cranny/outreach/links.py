"""Links that let people in, sent to their mailbox and shown to nobody else.

Whoever asks for one, or invites somebody, only records that: the link is made here, when the event's turn comes, and
leaves sealed into the job that sends it.
"""

from typing import Final, Literal
from uuid import UUID

from cranny import people
from cranny.core.clock import ago, ahead
from cranny.core.events import Event
from cranny.outreach.telling import Telling, tell
from cranny.outreach.texts import Details
from cranny.platform import tenants
from cranny.platform.db import Tx
from cranny.platform.keys import Keyring
from cranny.platform.reactions import Reaction

Link = Literal["sign_in", "invitation"]
_KINDS: Final[dict[str, tuple[Link, str]]] = {
    people.LINK_ASKED: ("sign_in", people.LINK),
    people.INVITED: ("invitation", people.INVITATION),
}


def reaction(keyring: Keyring, url: str) -> Reaction:
    """`url` is where browsers find the server."""

    async def handle(tx: Tx, event: Event) -> None:
        kind, link = _KINDS[event.type]
        good_for = people.GOOD_FOR[link]
        person = UUID(event.subject.removeprefix("persons/"))
        if event.time <= ago(tx.clock, good_for) or person not in await people.contacts(tx, [person]):
            return  # told too late, or to nobody
        token = await people.make_link(tx, link, person)
        details = Details(
            site="",
            bank=(await tenants.get_tenant(tx)).name,
            timezone="UTC",
            until=ahead(tx.clock, good_for),
            link=f"{url.rstrip('/')}/sign-in/{token}",
        )
        await tell(tx, keyring, Telling(person, kind, event.id, 0, (), details))

    return Reaction("outreach.links", frozenset(_KINDS), handle)
