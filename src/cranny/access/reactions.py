"""What banks report changes grants: bound at a deposit, used at a collection, switched off after wrong tries.

A bank can speak of its own grants only: what it says of any other is an anomaly and changes nothing. A grant that it
refuses is replaced by whoever it is for; a right to look inside is for nobody but who asks for it, and they ask again.
"""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import msgspec

from cranny import fleet
from cranny.access import ends
from cranny.access.issue import note_minted
from cranny.access.lifecycle import GRANT, Deed
from cranny.access.tables import BIND, CODE_OFF, LIVE_AT_DOOR, OF_SUBJECTS, GrantRow
from cranny.core.events import Event
from cranny.platform import events, rows
from cranny.platform.db import Tx
from cranny.platform.reactions import Reaction


class Deposited(msgspec.Struct):
    """What access needs of a `deposit.stored`."""

    bank: UUID
    door: str
    generation: int
    deliveries: list[UUID]
    grant: UUID | None
    superseded: list[UUID] = []
    minted: bool = False


class Emptied(msgspec.Struct):
    """What access needs of a `collect.finished`."""

    bank: UUID
    door: str
    generation: int
    grant: UUID | None


class Named(msgspec.Struct):
    """What access needs of a `code.exhausted` or a `grant.refused`."""

    bank: UUID
    grant: UUID


async def react(tx: Tx, event: Event) -> None:
    match event.type:
        case "deposit.stored":
            await _deposited(tx, event, msgspec.convert(event.data, Deposited))
        case "collect.finished":
            await _emptied(tx, event, msgspec.convert(event.data, Emptied))
        case "code.exhausted":
            await _exhausted(tx, event, msgspec.convert(event.data, Named))
        case "grant.refused":
            await _refused(tx, event, msgspec.convert(event.data, Named))


FACTS: Final = frozenset({"deposit.stored", "collect.finished", "code.exhausted", "grant.refused"})
REACTION: Final = Reaction("access", FACTS, react)


async def _deposited(tx: Tx, event: Event, fact: Deposited) -> None:
    subjects = [f"deliveries/{delivery}" for delivery in fact.deliveries]
    if fact.minted and fact.grant and subjects:
        await note_minted(tx, fact.bank, fact.grant, subjects[0], (fact.door, fact.generation))
    proofs = rows.every(GrantRow, await tx.all(OF_SUBJECTS, tx.tenant, fact.bank, subjects, "deposit"))
    await ends.use(tx, proofs)
    if bound := await _bound(tx, event, fact):
        data = {grant.id: ends.told(grant) for grant in bound}
        await events.move(tx, GRANT, list(data), Deed.BIND, data=data, when=event.time)
    await ends.supersede(tx, await _own(tx, event, fact.bank, fact.superseded), by=fact.grant)


async def _emptied(tx: Tx, event: Event, fact: Emptied) -> None:
    # Bound here as well, for the case that the deposit was never told: the log must say what was opened.
    await ends.use(tx, await _bound(tx, event, fact))
    # The occupancy is over: nothing is left behind the door for another grant to open.
    left = rows.every(GrantRow, await tx.all(LIVE_AT_DOOR, tx.tenant, fact.bank, fact.door, fact.generation))
    await ends.revoke(tx, [grant.id for grant in left], reason="door-emptied")


async def _refused(tx: Tx, event: Event, fact: Named) -> None:
    own = await _own(tx, event, fact.bank, [fact.grant])
    await ends.revoke(tx, [grant.id for grant in own if grant.purpose == "inspect"], reason="refused")


async def _exhausted(tx: Tx, event: Event, fact: Named) -> None:
    await _own(tx, event, fact.bank, [fact.grant])
    record = await tx.one(CODE_OFF, tx.tenant, fact.bank, fact.grant)
    if record is not None:
        grant = rows.to(GrantRow, record)
        await events.move(tx, GRANT, [grant.id], Deed.EXHAUST, data={grant.id: ends.told(grant)}, when=event.time)


async def _bound(tx: Tx, event: Event, fact: Deposited | Emptied) -> list[GrantRow]:
    """The grant that the fact names, for the door that it names unless it was for another one before."""
    own = await _own(tx, event, fact.bank, [fact.grant] if fact.grant else [])
    if not any(grant.door is None for grant in own):
        return own
    await tx.run(BIND, tx.tenant, fact.bank, [grant.id for grant in own], fact.door, fact.generation)
    return [msgspec.structs.replace(grant, door=fact.door, generation=fact.generation) for grant in own]


async def _own(tx: Tx, event: Event, bank: UUID, ids: Sequence[UUID]) -> list[GrantRow]:
    """Those of `ids` that are grants of `bank`; the others become an anomaly."""
    if not ids:
        return []
    own = [grant for grant in await ends.get(tx, ids) if grant.bank == bank]
    for stranger in set(ids) - {grant.id for grant in own}:
        await fleet.raise_anomaly(
            tx, bank, "unknown_grant", f"grants/{stranger}", {"event": str(event.id), "type": event.type}
        )
    return own
