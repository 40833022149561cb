"""A server that was restored from a backup gives numbers that it has given before, and a bank that holds others under
them would pass them over for ever.

So an entry has a tag, drawn anew whenever something is given, and a bank that asks for what comes next names the number
and the tag of the last entry that it holds. Where they are no entry of this server's, the bank has been told what a
backup does not know. Then the numbers go on behind whatever it holds, and all rights are told once more, before it
hears anything else. What the bank knows of them changes nothing for it; what can't be, it refuses, and that is a fact
(`grant.refused`): another grant takes its place. What it holds and the server has lost goes on opening: whoever was
told of it comes to their things.

Who holds the broker can repeat an old pull. One that names an entry of ours is answered like any other; one of the lost
history has been seen to before, unless no bank has asked since, and then it is right.
"""

from dataclasses import dataclass
from uuid import UUID

from cranny.core.errors import Invalid, NotFound
from cranny.fleet import tables
from cranny.fleet.renewal import realign
from cranny.fleet.rules import BIGGEST
from cranny.platform.db import Tx
from cranny.wire.messages import Pull


@dataclass(frozen=True, slots=True)
class Place:
    """What the server knows of a bank's place in the downlink: its `head`, up to where it has `aligned` the two, and
    the `tag` of the entry that the bank names, None when there is no such entry."""

    head: int
    aligned: int
    tag: int | None


def is_ours(place: Place, pull: Pull) -> bool:
    """Whether the bank stands where this server has led it, or was told all anew since. A bank that names no tag is
    believed its number, if there is such a one."""
    if pull.applied == 0 or pull.applied <= place.aligned:
        return True
    if pull.applied > place.head:
        return False
    return 0 in (pull.tag, place.tag) or pull.tag == place.tag


async def align(tx: Tx, bank: UUID, pull: Pull) -> None:
    """Before `pull` is answered. Raises NotFound, code `bank-not-found`; Invalid, code `pull-malformed`."""
    if max(pull.applied, pull.tag) > BIGGEST:
        raise Invalid("No entry has such a number.", code="pull-malformed")
    place = await tx.one(tables.GET_PLACE, tx.tenant, bank, pull.applied)
    if place is None:
        raise NotFound(f"There is no bank {bank} that takes rights.", code="bank-not-found")
    if not is_ours(Place(place["head"], place["aligned"], place["tag"]), pull):
        await realign(tx, bank, pull.applied)
