"""Telling recipients what they have to know: that something waits and what opens the door, that time runs out, that it
is gone. Here the code passes from access to outreach, inside one transaction; each reading is in the log.

Everything is told as often as it is new: what a notice has told already, no event makes anybody tell again.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from cranny import access, outreach, sites
from cranny.core.errors import Refused
from cranny.core.events import Event
from cranny.platform import rows
from cranny.platform.db import Database, Tx
from cranny.platform.keys import Keyring
from cranny.platform.reactions import Reaction
from cranny.usecases.deliveries import tables
from cranny.usecases.deliveries.lifecycle import COLLECTABLE, Delivery
from cranny.usecases.deliveries.tables import DeliveryRow

WHO: Final = "deliveries/telling"
"""Who read the code, in the log."""
REMIND_BEFORE: Final = timedelta(hours=24)
"""How long before the deadline somebody is reminded."""
NOT_BEFORE: Final = timedelta(hours=12)
"""Whoever was told within this time needs no reminder."""
AT_ONCE: Final = 200

_TYPES: Final = frozenset(
    {
        "grant.activated",
        "delivery.stored",
        "delivery.overdue",
        "delivery.extended",
        "delivery.recalling",
        "delivery.rerouting",
        "delivery.returned",
        "delivery.collected",
    }
)


def reaction(keyring: Keyring) -> Reaction:
    """Follows grants that begin to open, and deliveries."""

    async def handle(tx: Tx, event: Event) -> None:
        id_ = UUID(event.subject.partition("/")[2])
        if event.type == "grant.activated":
            await _ready(tx, keyring, id_)
            return
        row = rows.to(DeliveryRow, await tx.one(tables.GET, tx.tenant, [id_]) or {})
        if row.collect_grant is None or row.recipient is None:
            return
        if event.type in {"delivery.collected", "delivery.extended"}:
            # What waits to be sent is not so any more: it is over, or there is more time.
            await outreach.withdraw(tx, [row.collect_grant])
        if event.type in {"delivery.stored", "delivery.extended"}:
            await _ready(tx, keyring, row.collect_grant)
        elif event.type == "delivery.overdue":
            await _overdue(tx, keyring, row.collect_grant)
        elif event.type in {"delivery.recalling", "delivery.rerouting", "delivery.returned"}:
            await _gone(tx, keyring, row, row.collect_grant)

    return Reaction("deliveries.telling", _TYPES, handle)


def remind(keyring: Keyring) -> Callable[[Database, UUID], Awaitable[int]]:
    """A sweep: whose time runs out is told once more, once for each deadline."""

    async def sweep(db: Database, tenant: UUID) -> int:
        reminded, place = 0, (datetime.min.replace(tzinfo=UTC), UUID(int=0))
        while True:
            async with db.transaction(tenant) as tx:
                now = tx.now()
                found = await tx.all(tables.SOON, tenant, now, now + REMIND_BEFORE, now - NOT_BEFORE, *place, AT_ONCE)
                soon = rows.every(DeliveryRow, found)
                reminded += await _remind(tx, keyring, soon)
            if len(soon) < AT_ONCE:
                return reminded
            place = (soon[-1].collect_by or now, soon[-1].id)

    return sweep


async def _ready(tx: Tx, keyring: Keyring, id_: UUID) -> None:
    """All that lies behind the grant's door is told of, once. When more was put there since, all of it is told again:
    in place of the earlier message, where that has not gone out yet."""
    grant = await _opens(tx, id_)
    if grant is None:
        return
    waiting = [row for row in await _behind(tx, grant) if row.state in COLLECTABLE]
    before = [notice for notice in await outreach.told(tx, [id_]) if notice.kind == "ready_to_collect"]
    known = {one for notice in before if notice.state is not outreach.Notice.WITHDRAWN for one in notice.about}
    if known.issuperset(row.id for row in waiting):
        return
    await outreach.withdraw(tx, [id_])
    number = 1 + max((notice.number for notice in before), default=0)
    await _tell(tx, keyring, grant, waiting, kind="ready_to_collect", number=number)


async def _overdue(tx: Tx, keyring: Keyring, id_: UUID) -> None:
    grant = await _opens(tx, id_)
    if grant is None:
        return
    waiting = [row for row in await _behind(tx, grant) if row.state in COLLECTABLE]
    late = [row for row in waiting if row.state is Delivery.OVERDUE]
    if late and not await _told_for(tx, "overdue", {id_: _deadline(late)}):
        # In place of whatever has not gone out yet, so it is about all that lies there.
        await outreach.withdraw(tx, [id_])
        await _tell(tx, keyring, grant, waiting, kind="overdue", number=_deadline(late))


async def _remind(tx: Tx, keyring: Keyring, soon: Sequence[DeliveryRow]) -> int:
    by_grant: dict[UUID, list[DeliveryRow]] = defaultdict(list)
    for row in soon:
        if row.collect_grant is not None:
            by_grant[row.collect_grant].append(row)
    told = await _told_for(tx, "reminder", {id_: _deadline(found) for id_, found in by_grant.items()})
    reminded = 0
    for id_ in sorted(by_grant.keys() - told):
        if grant := await _opens(tx, id_):
            about = by_grant[id_]
            await _tell(tx, keyring, grant, about, kind="reminder", number=_deadline(about))
            reminded += 1
    return reminded


async def _gone(tx: Tx, keyring: Keyring, row: DeliveryRow, id_: UUID) -> None:
    """It can't be collected any more. Who was never told that it waits need not hear that it does not."""
    before = await outreach.told(tx, [id_])
    if any(notice.kind == "taken_back" for notice in before):
        return
    await outreach.withdraw(tx, [id_])
    if not any(row.id in notice.about for notice in before if notice.state is outreach.Notice.SENT):
        return
    (grant,) = await access.get(tx, [id_])
    gone = [one for one in await _behind(tx, grant) if one.state in {Delivery.RECALLING, Delivery.RETURNED}]
    await _tell(tx, keyring, grant, gone, kind="taken_back", number=1)


async def _tell(
    tx: Tx, keyring: Keyring, grant: access.GrantRow, about: Sequence[DeliveryRow], *, kind: outreach.Kind, number: int
) -> None:
    """`about` lies, or lay, behind the door of `grant`, for one person. While it opens, the message says the code."""
    persons = {row.recipient for row in about if row.recipient}
    if not persons:
        return
    try:
        opens = grant.state in access.LIVE
        secret = await access.reveal(tx, keyring, grant.id, who=WHO, why=kind) if opens else None
    except Refused:
        # It has ended at this very moment: the event of what ended it is on its way, and says what there is to say.
        return
    bank = await sites.get_bank(tx, grant.bank)
    senders = {row.sender for row in about}
    details = outreach.Details(
        site=bank.site_name,
        bank=bank.name,
        timezone=bank.timezone,
        until=min(row.collect_by or tx.now() for row in about),
        count=len(about),
        code=secret.code if secret else None,
        qr=secret.qr if secret else None,
        sender=senders.pop() if len(senders) == 1 else "",
    )
    ids = tuple(row.id for row in about)
    await outreach.tell(tx, keyring, outreach.Telling(min(persons), kind, grant.id, number, ids, details))


async def _opens(tx: Tx, id_: UUID) -> access.GrantRow | None:
    """The grant, if somebody can collect with it now."""
    found = [grant for grant in await access.get(tx, [id_]) if grant.state is access.Grant.ACTIVE]
    return next((grant for grant in found if grant.purpose == "collect"), None)


async def _behind(tx: Tx, grant: access.GrantRow) -> list[DeliveryRow]:
    """The deliveries with a recipient that `grant` opens, or opened, the door for."""
    place = (grant.bank, grant.door, grant.generation)
    found = rows.every(DeliveryRow, await tx.all(tables.OF_GRANT, tx.tenant, *place, grant.id))
    return [row for row in found if row.recipient]


async def _told_for(tx: Tx, kind: outreach.Kind, deadlines: Mapping[UUID, int]) -> set[UUID]:
    """The grants of which `kind` was told for this very deadline."""
    notices = await outreach.told(tx, list(deadlines))
    return {one.grant_id for one in notices if one.kind == kind and one.number == deadlines[one.grant_id]}


def _deadline(about: Sequence[DeliveryRow]) -> int:
    """The day on which their time is over, as a number: so two that were stored minutes apart make one message, and a
    new deadline a new one."""
    return min(row.collect_by for row in about if row.collect_by).toordinal()
