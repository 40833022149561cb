"""What deliveries hold about their recipients: what was sent to whom, from whom, and what was said about it.

A delivery itself stays, with its door and its times: whoever runs banks counts them. Once its recipient is erased, the
id that it names them by stands for nobody.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from cranny import access, fleet, outreach, people
from cranny.platform import idempotency, rows, said, trail
from cranny.platform.db import Tx
from cranny.platform.keys import Keyring
from cranny.platform.personal import Kept, Personal
from cranny.usecases.deliveries import reading, tables
from cranny.usecases.deliveries.lifecycle import AWAITED, INSIDE, Delivery
from cranny.usecases.deliveries.tables import DeliveryRow

FIRST: Final = UUID(int=0)
"""Before every id there is."""
PAGE: Final = 1000


async def _export(tx: Tx, person: UUID) -> dict[str, Any]:
    found = await _of(tx, person)
    subjects = [f"deliveries/{row.id}" for row in found]
    grants = [f"grants/{id_}" for id_ in await access.giving(tx, subjects)]
    return {
        "deliveries": await reading.several(tx, [row.id for row in found]),
        "said": await said.about(tx, [*subjects, *grants]),
    }


async def _holds(tx: Tx, person: UUID) -> list[str]:
    return [sentence for row in await _of(tx, person) if (sentence := in_the_way(row))]


def in_the_way(row: DeliveryRow) -> str:
    """What has to happen to `row` before its recipient can be erased; empty when nothing has to. Pure."""
    if row.state in AWAITED:
        return f"deliveries/{row.id} is awaited: cancel it, or let somebody else collect it."
    if row.state is Delivery.RECALLING:
        return f"deliveries/{row.id} is being taken back: take it out first."
    if row.state in INSIDE:
        return f"deliveries/{row.id} waits behind a door: let it be collected, or cancel it and take it out."
    return ""


async def _erase(tx: Tx, _: Keyring, person: UUID) -> int:
    found = await _of(tx, person)
    ids = [row.id for row in found]
    grants = await access.giving(tx, [f"deliveries/{id_}" for id_ in ids])
    await fleet.forget_beside(tx, _places(found))
    await trail.erase_on(tx, [*ids, *grants])
    await idempotency.forget_about(tx, ids)
    return await tidy(tx, found)


async def tidy(tx: Tx, over: Sequence[DeliveryRow]) -> int:
    """Take off these, which are over, what may name somebody: references, tracking numbers, messages, and what anybody
    wrote about them, their grants and the doors they lay behind. Returns how many deliveries that was."""
    if not over:
        return 0
    ids = [row.id for row in over]
    subjects = [f"deliveries/{id_}" for id_ in ids]
    subjects += [f"grants/{id_}" for id_ in await access.giving(tx, subjects)]
    await fleet.unsay(tx, _places(over), subjects)
    await outreach.forget_about(tx, [row.recipient for row in over if row.recipient], ids)
    await tx.run(tables.TIDY, tx.tenant, ids)
    return len(over)


def _places(over: Sequence[DeliveryRow]) -> list[tuple[UUID, str, int]]:
    return [(row.bank, row.door, row.generation) for row in over if row.door is not None and row.generation]


async def _remains(tx: Tx, persons: Sequence[UUID]) -> list[str]:
    return [f"deliveries/{row['id']}" for row in await tx.all(tables.REMAINS, tx.tenant, list(persons))]


async def _let_go(tx: Tx, before: datetime, at_most: int) -> int:
    """How people are reached whom nothing awaits any more, and those for whom there never was anything. Whoever has a
    role is known for that. Looked at twice: without a lock, so that those who stay are kept from nobody, and once those
    who seem to go are held."""
    gone, after = 0, FIRST
    while gone < at_most:
        asked = await people.idle(tx, after=after, before=before, limit=PAGE)
        if not asked:
            return gone
        after = asked[-1]
        held = await people.hold_idle(tx, await _unneeded(tx, asked, before))
        leaving = await _unneeded(tx, held, before)
        await people.let_go(tx, leaving)
        gone += len(leaving)
    return gone


async def _unneeded(tx: Tx, persons: Sequence[UUID], before: datetime) -> list[UUID]:
    needed = {row["recipient"] for row in await tx.all(tables.STILL_NEEDED, tx.tenant, persons, before)}
    return [person for person in persons if person not in needed]


async def _tidy(tx: Tx, before: datetime, at_most: int) -> int:
    return await tidy(tx, rows.every(DeliveryRow, await tx.all(tables.ENDED_TO_TIDY, tx.tenant, before, at_most)))


async def _of(tx: Tx, person: UUID) -> list[DeliveryRow]:
    return rows.every(DeliveryRow, await tx.all(tables.OF_PERSON, tx.tenant, person))


PERSONAL: Final = Personal(
    "deliveries",
    "What was sent to you, by whom and when, where it lay, and what was written about it. Codes are erased as soon as "
    "they open nothing any more.",
    _export,
    _erase,
    _remains,
    _holds,
)
KEPT: Final = (
    Kept(
        "contacts",
        "Names, addresses, numbers and preferences of people without a role, from the end of their last delivery on, "
        "or from when they became known where there was none.",
        30,
        1,
        3650,
        _let_go,
    ),
    Kept(
        "deliveries",
        "References, senders, tracking numbers, messages and reasons of a delivery, from its end on; that it was "
        "there, and when, stays.",
        180,
        1,
        3650,
        _tidy,
    ),
)
