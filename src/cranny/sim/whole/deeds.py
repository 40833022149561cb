"""What people ask of the server: the product's deeds, as its API calls them, in a transaction each."""

from typing import Final
from uuid import UUID

import msgspec

from cranny import access, fleet, sites
from cranny.core.errors import Refused
from cranny.platform.auth import Principal
from cranny.platform.db import Tx
from cranny.platform.keys import Keyring
from cranny.sim.reference.authority import Announced, Order, Unknown
from cranny.sim.whole.people import People
from cranny.usecases import deliveries
from cranny.usecases.deliveries import DeliveryAsked, ItemAsked, RecipientAsked

WHO: Final = "simulation"
RECIPIENT: Final = "SELECT recipient FROM deliveries WHERE tenant = $1 AND id = $2"
HANDED_OUT: Final = "SELECT token_mono FROM commands WHERE tenant = $1 AND id = $2"


async def announce(tx: Tx, keyring: Keyring, asked: Announced, people: People) -> None:
    """Raises Refused: there may be no room just now."""
    item = ItemAsked(asked.tracking, width=asked.size.width, height=asked.size.height, depth=asked.size.depth)
    recipient = RecipientAsked(email=people.address(asked.owner))
    shown = await deliveries.announce(tx, keyring, DeliveryAsked(asked.bank, [item], recipient, sender=WHO))
    if shown.recipient is not None:
        people.met(shown.recipient, asked.owner)


async def call_off(tx: Tx, keyring: Keyring, delivery: UUID) -> None:
    """Raises Refused when it is over."""
    await deliveries.cancel(tx, keyring, delivery, reason=WHO)


async def readdress(tx: Tx, keyring: Keyring, delivery: UUID, owner: UUID, people: People) -> None:
    """Raises Refused when that makes no sense any more."""
    await deliveries.readdress(tx, keyring, delivery, RecipientAsked(email=people.address(owner)))
    people.met(await tx.value(RECIPIENT, tx.tenant, delivery), owner)


async def reroute(tx: Tx, keyring: Keyring, delivery: UUID, bank: UUID) -> None:
    """As `readdress`; there may be no room at the other bank, either."""
    await deliveries.reroute(tx, keyring, delivery, bank, reason=WHO)


async def set_policy(tx: Tx, bank: UUID, unknown_tracking: Unknown) -> None:
    """As whoever runs the bank changes it."""
    before = (await sites.get_bank(tx, bank)).policy
    await sites.set_policy(tx, bank, msgspec.structs.replace(before, unknown_tracking=unknown_tracking))


async def inspect(tx: Tx, keyring: Keyring, bank: UUID, place: tuple[str, int]) -> None:
    """The right to look behind a door that is in doubt, once; `place` is (door, generation)."""
    door, generation = place
    await access.issue(tx, keyring, bank, "inspect", f"banks/{bank}", door=door, generation=generation)


async def order(tx: Tx, order: Order, who: Principal, second: Principal) -> tuple[UUID, fleet.Outgoing]:
    """One asks, and where two have to, the other one agrees. Raises Refused when the bank is out of reach."""
    asked = fleet.CommandAsked(action=order.action, reason="simulated", door=order.door)
    id_, outgoing = await fleet.ask_command(tx, order.bank, asked, by=who)
    if outgoing is None:
        outgoing = await fleet.confirm_command(tx, id_, by=second)
    order.sent(outgoing.command, await tx.value(HANDED_OUT, tx.tenant, id_))
    return id_, outgoing


async def reveal(tx: Tx, keyring: Keyring, grant: UUID) -> access.Revealed | None:
    """What staff reads on their screen before they go to the bank. None when it is over meanwhile."""
    try:
        return await access.reveal(tx, keyring, grant, who=WHO, why="looks after the bank")
    except Refused:
        return None
