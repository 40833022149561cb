"""What banks report, told to the deliveries it is about."""

import msgspec

from cranny.core.events import Event
from cranny.platform.db import Tx
from cranny.platform.keys import Keyring
from cranny.platform.reactions import Reaction
from cranny.usecases.deliveries.actions.deposited import deposited
from cranny.usecases.deliveries.actions.emptied import emptied
from cranny.usecases.deliveries.facts import Deposited, Emptied


def reaction(keyring: Keyring) -> Reaction:
    """Follows `deposit.stored` and `collect.finished`."""

    async def handle(tx: Tx, event: Event) -> None:
        if event.type == "deposit.stored":
            await deposited(tx, keyring, msgspec.convert(event.data, Deposited), event.time)
        else:
            await emptied(tx, msgspec.convert(event.data, Emptied), event.time)

    return Reaction("deliveries", frozenset({"deposit.stored", "collect.finished"}), handle)
