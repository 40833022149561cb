"""Links that let people in, or choose for themselves, sent to them and shown to nobody else.

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

Link = Literal["sign_in", "invitation", "preferences"]
_KINDS: Final[dict[str, tuple[Link, str, str]]] = {
    people.LINK_ASKED: ("sign_in", people.LINK, "link"),
    people.INVITED: ("invitation", people.INVITATION, "link"),
    people.PREFERENCES_ASKED: ("preferences", people.CHOICE, "choose"),
}
"""By what asks for one: the message, the directory's word, and the page that it leads to."""


def reaction(keyring: Keyring, url: str) -> Reaction:
    """`url` is where browsers find the server."""

    async def handle(tx: Tx, event: Event) -> None:
        kind, link, page = _KINDS[event.type]
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
            link=f"{url.rstrip('/')}/{page}#{token}",
        )
        await tell(tx, keyring, Telling(person, kind, event.id, 0, (), details))

    return Reaction("outreach.links", frozenset(_KINDS), handle)
