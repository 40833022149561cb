"""What this room holds about a person: who they are, how they are reached, how they sign in."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from cranny.people import roles, tables
from cranny.people.face import templates
from cranny.people.preferring import clock, consents, low_doors, preferences
from cranny.people.remember import contact
from cranny.platform import directory
from cranny.platform.db import Tx
from cranny.platform.keys import Keyring
from cranny.platform.personal import Kept, Personal, count


async def export(tx: Tx, person: UUID) -> dict[str, Any]:
    """Raises NotFound, code `person-not-found`."""
    known, wanted = await contact(tx, person), await preferences(tx, person)
    quiet = wanted.quiet
    return {
        "name": known.name,
        "email": known.email,
        "phone": known.phone,
        "language": known.language,
        "low_doors": person in await low_doors(tx, [person]),
        "channels": list(wanted.channels),
        "quiet": quiet and {"from": clock(quiet.start), "to": clock(quiet.end), "zone": quiet.zone},
        "chosen": wanted.chosen,
        "consents": [
            {"channel": row.channel, "given": row.given, "at": row.at, "how": row.how}
            for row in await consents(tx, person)
        ],
        "roles": [
            {"role": row["role"], "site": row["site"], "since": row["created"]} for row in await _roles(tx, person)
        ],
        "lists": [dict(row) for row in await tx.all(tables.EXPORT_LISTS, tx.tenant, person)],
        "organisations": [dict(row) for row in await tx.all(tables.EXPORT_ORGANISATIONS, tx.tenant, person)],
        "provisioned": [dict(row) for row in await tx.all(tables.EXPORT_PROVISIONED, tx.tenant, person)],
        "sessions": [dict(row) for row in await tx.all(tables.EXPORT_SESSIONS, tx.tenant, person)],
        "passkeys": [dict(row) for row in await tx.all(tables.EXPORT_PASSKEYS, tx.tenant, person)],
        "code_app_since": await tx.value(tables.EXPORT_CODE, tx.tenant, person),
        "face": await templates.export(tx, person),
    }


async def holds(tx: Tx, person: UUID) -> list[str]:
    """Somebody with a role works here, or lives here: that ends first."""
    found = sorted({one.role.value for one in (await roles.rights(tx, person)).memberships})
    return [f"They are still {', '.join(found)}: take their roles first."] if found else []


async def erase(tx: Tx, _: Keyring, person: UUID) -> int:
    return await let_go(tx, [person])


async def let_go(tx: Tx, persons: Sequence[UUID]) -> int:
    """Nothing of how these are reached, or sign in, stays. Returns how many rows that were."""
    refs = [row["id"] for row in await tx.all(tables.REFS_OF, tx.tenant, list(persons))]
    gone = await directory.forget_of(tx, [*persons, *refs])
    gone += count(await tx.run(tables.FORGET_SESSIONS_OF, tx.tenant, list(persons)))
    return gone + count(await tx.run(tables.LET_GO, tx.tenant, list(persons)))


async def remains(tx: Tx, persons: Sequence[UUID]) -> list[str]:
    found = [f"persons/{row['id']}" for row in await tx.all(tables.REMAINS, tx.tenant, list(persons))]
    return [*found, *(f"directory/{ref}" for ref in await directory.known(tx, persons))]


async def idle(tx: Tx, *, after: UUID, before: datetime, limit: int) -> list[UUID]:
    """Those without a role who were known `before` that, in the order of their ids from the one behind `after` on."""
    return [row["id"] for row in await tx.all(tables.IDLE, tx.tenant, after, before, limit)]


async def hold_idle(tx: Tx, persons: Sequence[UUID]) -> list[UUID]:
    """Those of `persons` whom nobody else uses now and who have no role: until the end of the transaction nobody finds
    them, or gives them one. What else they might be needed for is to be asked after this."""
    held = [row["id"] for row in await tx.all(tables.HOLD_FREE, tx.tenant, list(persons))]
    return [row["id"] for row in await tx.all(tables.STILL_IDLE, tx.tenant, held)]


async def _roles(tx: Tx, person: UUID) -> Sequence[Any]:
    return await tx.all(tables.OF_PERSON, tx.tenant, person)


PERSONAL: Final = Personal(
    "person",
    "Who you are, also for another system or organisation that says so, "
    "how you are reached, how you want to be told and what you have agreed to, what you may do here, and "
    "the browsers and devices you sign in with. What they look at, a finger or a face, was never here.",
    export,
    erase,
    remains,
    holds,
)


async def forget_sessions(tx: Tx, before: datetime, at_most: int) -> int:
    return count(await tx.run(tables.FORGET_SESSIONS, tx.tenant, before, at_most))


KEPT: Final = (
    Kept(
        "sessions",
        "That a browser was signed in, and which, from the session's end on.",
        30,
        1,
        365,
        forget_sessions,
    ),
    Kept(
        "faces",
        "The template of a face, from when it was last recognized, or made, on.",
        180,
        1,
        365,
        templates.forget_old,
    ),
)
