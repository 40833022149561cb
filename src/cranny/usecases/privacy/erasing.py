"""A person's data: all of it in one document, and all of it gone.

Both go through what every feature says of itself (`platform/personal.py`), in one transaction each.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from cranny import people
from cranny.core.errors import Conflict
from cranny.core.events import NewEvent
from cranny.platform import events
from cranny.platform.db import Tx
from cranny.platform.keys import Keyring
from cranny.platform.personal import Personal, note_erased

EXPORTED: Final = "person.exported"
ERASED: Final = "person.erased"
Why = Literal["asked", "not_needed", "mistake"]
"""`asked`: by the person. `mistake`: it was somebody else, or a test."""


async def export(tx: Tx, personal: Sequence[Personal], person: UUID, *, by: str) -> dict[str, dict[str, Any]]:
    """Everything that is held about `person`, by section. Raises NotFound, code `person-not-found`."""
    await people.contact(tx, person)
    found = {one.section: {"about": one.about, "data": await one.export(tx, person)} for one in personal}
    await events.record(tx, [NewEvent(EXPORTED, f"persons/{person}", {"by": by})])
    return found


async def erase(
    tx: Tx, keyring: Keyring, personal: Sequence[Personal], person: UUID, *, why: Why, by: str
) -> tuple[datetime, int]:
    """Nothing of `person` stays but an id that stands for nobody. Returns when, and how many rows were touched. Raises
    NotFound, code `person-not-found`; Conflict, code `person-needed`, with `holds`: what has to end first."""
    await people.lock(tx, person)
    if holds := [sentence for one in personal for sentence in await one.holds(tx, person)]:
        raise Conflict(f"They can't be erased yet. {' '.join(holds[:5])}", code="person-needed", extra={"holds": holds})
    rows = 0
    for one in personal:
        rows += await one.erase(tx, keyring, person)
    await note_erased(tx, person, why=why, by=by)
    await events.record(tx, [NewEvent(ERASED, f"persons/{person}", {"by": by, "why": why})])
    return tx.now(), rows
