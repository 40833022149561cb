"""Somebody has moved out: what was on its way to them is called off, what lies in a door stays theirs.

A parcel behind a door was handed over to this person: nobody else may have it, so its code and its QR open as long as
they would have. A badge is the house's and was handed back: it opens nothing any more. What nobody has brought yet must
not come to somebody who is not there to fetch it: the carrier takes it back to its sender.
"""

from typing import Final
from uuid import UUID

from cranny import access
from cranny.core.errors import Refused
from cranny.core.events import Event
from cranny.platform import rows
from cranny.platform.db import Tx
from cranny.platform.keys import Keyring
from cranny.platform.reactions import Reaction
from cranny.usecases.deliveries import tables
from cranny.usecases.deliveries.actions.cancel import cancel
from cranny.usecases.deliveries.lifecycle import AWAITED
from cranny.usecases.deliveries.tables import DeliveryRow

REASON: Final = "moved-out"
FOLLOWS: Final = frozenset({"person.moved_out"})


def reaction(keyring: Keyring) -> Reaction:
    """Follows `person.moved_out`."""

    async def handle(tx: Tx, event: Event) -> None:
        person = UUID(event.subject.partition("/")[2])
        for row in rows.every(DeliveryRow, await tx.all(tables.OPEN_OF, tx.tenant, person)):
            if row.created > event.time:
                continue  # whoever announced it knew more than the list
            if row.state in AWAITED:
                await cancel(tx, keyring, row.id, reason=REASON)
            elif row.collect_grant is not None:
                await _hand_badge_in(tx, keyring, row.collect_grant)

    return Reaction("deliveries.moved_out", FOLLOWS, handle)


async def _hand_badge_in(tx: Tx, keyring: Keyring, grant: UUID) -> None:
    try:
        await access.give_badge(tx, keyring, grant, None, who="moved-out")
    except Refused as refused:
        # It has ended, or has no code of ours: then no badge opens it either.
        if refused.code not in {"grant-ended", "grant-has-no-code"}:
            raise
