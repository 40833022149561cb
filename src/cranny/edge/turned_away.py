"""A deposit that the bank refuses, and that the server has to hear of."""

from uuid import UUID

from cranny.core.errors import Refused
from cranny.edge import allowance, placing
from cranny.edge.journal import Journal
from cranny.edge.visits import Visit


async def tell_of(journal: Journal, visit: Visit, refused: Refused, free: int) -> None:
    """The server promised a place that is not there (`free` doors are, at all), or the bank takes in no more unknown
    parcels: the one is told once in a visit for each delivery, the other once a day."""
    delivery, paused = refused.extra.get("delivery"), refused.extra.get("paused")
    if isinstance(delivery, UUID) and refused.code == "full" and delivery not in visit.turned_away:
        await journal.commit(lambda state: placing.no_room(state, delivery, free))
        visit.turned_away.add(delivery)
    if isinstance(paused, str):
        now, reason = journal.moment, allowance.reason_of(paused)
        await journal.commit(lambda state: allowance.tell(state, reason, now))
