"""Moving out: what ends at once for somebody who has no role left, and what does not.

Sessions end in the same transaction. What they were still to get, and what lies in a door for them, follows the event:
see `usecases/deliveries/moved_out.py`.
"""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from cranny.core.errors import Conflict
from cranny.core.events import NewEvent
from cranny.people import tables
from cranny.people.roles import told
from cranny.people.tables import MembershipRow
from cranny.platform import events, rows
from cranny.platform.db import Tx

MOVED_OUT: Final = "person.moved_out"


async def leave(tx: Tx, persons: Sequence[UUID], *, by: str, why: str) -> None:
    """`persons` have no role left. `why` is a word for the log (`list`, `scim`, `hand`)."""
    if not persons:
        return
    ended = await tx.all(tables.END_OF_MANY, tx.tenant, list(persons), tx.now())
    told = [NewEvent("session.ended", f"sessions/{row['id']}", {"by": by}) for row in ended]
    told += [NewEvent(MOVED_OUT, f"persons/{person}", {"by": by, "why": why}) for person in persons]
    await events.record(tx, told)


async def move_out(tx: Tx, person: UUID, *, by: str, why: str) -> bool:
    """Take every role of `person`, whoever gave it. False where there was none. Raises Conflict, code `last-admin`."""
    held = rows.every(MembershipRow, await tx.all(tables.TAKE_EVERY, tx.tenant, person))
    if not held:
        return False
    await keep_an_admin(tx, held)
    told = [taken_event(row, by) for row in held]
    await events.record(tx, told)
    await leave(tx, [person], by=by, why=why)
    return True


async def keep_an_admin(tx: Tx, taken: Sequence[MembershipRow]) -> None:
    """Raises Conflict, code `last-admin`, where `taken` were the last ones who could give roles. Two who take at once
    wait for each other at the rows that are left."""
    if not any(row.role == "admin" and row.site is None for row in taken):
        return
    if not await tx.all(tables.LOCK_ADMINS, tx.tenant):
        raise Conflict("Nobody would be left as an admin: make somebody else one first.", code="last-admin")


def taken_event(row: MembershipRow, by: str) -> NewEvent:
    return told("person.role_taken", row.person, row.role, row.site, by)
