"""What banks report, told to the deliveries it is about."""

from typing import Final

import msgspec

from cranny.core.events import Event
from cranny.platform.db import Tx
from cranny.platform.keys import Keyring
from cranny.platform.reactions import Reaction
from cranny.usecases.deliveries.actions.deposited import deposited
from cranny.usecases.deliveries.actions.emptied import emptied
from cranny.usecases.deliveries.actions.replace import replace
from cranny.usecases.deliveries.actions.spoil import spoiled
from cranny.usecases.deliveries.actions.turned_away import turned_away
from cranny.usecases.deliveries.facts import Deposited, Emptied, NoRoom, Refused, Spoiled

FACTS: Final = frozenset({"deposit.stored", "deposit.no_room", "goods.spoiled", "collect.finished", "grant.refused"})


def reaction(keyring: Keyring) -> Reaction:
    """Follows `FACTS`."""

    async def handle(tx: Tx, event: Event) -> None:
        if event.type == "deposit.stored":
            await deposited(tx, keyring, msgspec.convert(event.data, Deposited), event.time)
        elif event.type == "deposit.no_room":
            await turned_away(tx, msgspec.convert(event.data, NoRoom))
        elif event.type == "goods.spoiled":
            await spoiled(tx, msgspec.convert(event.data, Spoiled), event.time)
        elif event.type == "grant.refused":
            await replace(tx, keyring, msgspec.convert(event.data, Refused))
        else:
            await emptied(tx, keyring, msgspec.convert(event.data, Emptied), event.time)

    return Reaction("deliveries", FACTS, handle)
