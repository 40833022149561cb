"""Sessions of browsers: short, bound, listed, and ended by whoever they belong to.

The browser holds 256 random bits; the directory has their hash, the row everything else. A session ends after `LASTS`,
after `IDLE` without use, when it comes from another browser than it was begun in, when its key is revoked or its person
has no role left, and when somebody ends it. What a person does that needs more than a session (`STEP_UP`) asks them to
show again that it is them.
"""

import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

from cranny.core.clock import ago, ahead
from cranny.core.errors import Forbidden, NotFound
from cranny.core.events import NewEvent
from cranny.people import tables
from cranny.people.browsers import browser
from cranny.people.roles import rights
from cranny.people.tables import How, SessionRow
from cranny.platform import directory, events, rows, tenants
from cranny.platform.auth import PLAIN, Principal
from cranny.platform.db import Tx
from cranny.platform.permissions import Rights

KIND: Final = "session"
"""The directory's word for it."""
LASTS: Final = timedelta(hours=12)
IDLE: Final = timedelta(hours=1)
NOTE_EVERY: Final = timedelta(minutes=1)
NOBODY: Final = UUID(int=0)
_BYTES: Final = 32

Holder = tuple[Literal["key", "person"], UUID]


async def begin(tx: Tx, holder: Holder, how: How, agent: str, *, proven: bool, since: datetime | None = None) -> str:
    """A new session of `holder`. `agent` is what the browser calls itself; `since` is when they showed who they are,
    where that was not just now. Returns the secret for its cookie."""
    id_, secret, now = tx.ids.new(), tx.rng.bytes(_BYTES).hex(), tx.now()
    shown = min(now, since or now)
    until = ahead(tx.clock, LASTS) - (now - shown)
    row = (*holder, how, browser(agent), binding(agent), now, until, shown if proven else None)
    await tx.run(tables.BEGIN, tx.tenant, id_, *row)
    await directory.put(tx, KIND, secret, tx.tenant, id_, expires=until)
    await events.record(tx, [NewEvent("session.begun", f"sessions/{id_}", {"by": _who(holder), "how": how})])
    return secret


async def look_up(tx: Tx, id_: UUID, agent: str) -> Principal | None:
    """Whose session it is; None when it is over, or comes from another browser."""
    record = await tx.one(tables.SESSION, tx.tenant, id_)
    row = None if record is None else rows.to(SessionRow, record)
    if row is None or not is_live(tx, row) or not hmac.compare_digest(row.binding, binding(agent)):
        return None
    has = await _rights(tx, row)
    if has is None:
        return None
    await touch(tx, id_)
    return Principal(tx.tenant, row.holder, row.kind, has, session=id_, until=row.until, proven=row.proven)


def is_live(tx: Tx, row: SessionRow) -> bool:
    return row.ended is None and row.until > tx.now() and row.seen > ago(tx.clock, IDLE)


async def touch(tx: Tx, id_: UUID) -> None:
    """It is in use."""
    await tx.run(tables.SEEN, tx.tenant, id_, tx.now(), ago(tx.clock, NOTE_EVERY))


async def still(tx: Tx, who: Principal) -> bool:
    """Whether what `who` began with their session may go on; that it goes on is a use of it."""
    record = await tx.one(tables.SESSION, tx.tenant, who.session)
    row = None if record is None else rows.to(SessionRow, record)
    if row is None or not is_live(tx, row) or await _rights(tx, row) != who.rights:
        return False
    await touch(tx, row.id)
    return True


async def prove(tx: Tx, id_: UUID, *, since: datetime | None = None) -> None:
    """Whoever holds the session has shown that it is them: `since` is when, where that was not just now."""
    now = tx.now()
    await tx.run(tables.PROVEN, tx.tenant, id_, min(now, since or now))


async def prove_of(tx: Tx, id_: UUID, person: UUID, *, since: datetime | None = None) -> None:
    """`prove` for a session that must be open and `person`'s. Raises Forbidden, code `session-somebody-elses`."""
    record = await tx.one(tables.SESSION, tx.tenant, id_)
    row = None if record is None else rows.to(SessionRow, record)
    if row is None or not is_live(tx, row) or (row.kind, row.holder) != ("person", person):
        raise Forbidden("The session that is open here is somebody else's, or over.", code="session-somebody-elses")
    await prove(tx, id_, since=since)


async def end(tx: Tx, id_: UUID, *, by: str) -> None:
    """From now on it opens nothing. Raises NotFound, code `session-not-found`."""
    if not await end_any(tx, id_, by=by):
        raise NotFound("There is no such open session.", code="session-not-found")


async def end_any(tx: Tx, id_: UUID, *, by: str) -> bool:
    """`end` for one that may be over, or none of this tenant's. Whether it was open."""
    ended = await tx.one(tables.END, tx.tenant, id_, tx.now()) is not None
    if ended:
        await events.record(tx, [NewEvent("session.ended", f"sessions/{id_}", {"by": by})])
    return ended


async def end_all(tx: Tx, holder: Holder, *, by: str, but: UUID | None = None) -> int:
    """Every session of `holder`, except for `but`. Returns how many that was."""
    ended = await tx.all(tables.END_ALL, tx.tenant, *holder, tx.now(), but or NOBODY)
    told = [NewEvent("session.ended", f"sessions/{row['id']}", {"by": by}) for row in ended]
    if told:
        await events.record(tx, told)
    return len(ended)


async def live(tx: Tx, holder: UUID | None = None) -> Sequence[SessionRow]:
    """The open sessions, of `holder` or of all; last used first, 500 at most."""
    found = await tx.all(tables.LIVE, tx.tenant, tx.now(), ago(tx.clock, IDLE), holder)
    return rows.every(SessionRow, found)


def binding(agent: str) -> bytes:
    """Another browser than the one it was begun in can't go on with a session."""
    return hashlib.sha256(agent.encode()).digest()


async def _rights(tx: Tx, row: SessionRow) -> Rights | None:
    """None where the holder opens nothing any more."""
    if row.kind == "key":
        return PLAIN if await tenants.is_good(tx, row.holder) else None
    found = await rights(tx, row.holder)
    return found if found.memberships else None


def _who(holder: Holder) -> str:
    return f"{holder[0]}s/{holder[1]}"
