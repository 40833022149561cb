"""The job that sends a notice. It holds no lock while it speaks to the outside.

What is sent and what the database says of it can't be one step: a worker that dies between the two leaves a notice
that is sent again, under the same key. So a person may get a message twice, and never none without anybody seeing it.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import structlog

from cranny import people
from cranny.outreach import honouring, telling, texts, trying
from cranny.outreach.channels import Channel, ChannelError
from cranny.outreach.lifecycle import NOTICE, Deed, Notice
from cranny.outreach.tables import EXPIRED, GET, HOLD, TAKEN, TRIED, Kind, NoticeRow
from cranny.platform import events, jobs, rows
from cranny.platform.db import Database, Tx
from cranny.platform.jobs import JobHandler
from cranny.platform.keys import Keyring

NO_ADDRESS: Final = "no-address"
"""There is no channel that reaches this person, or none that is left."""
NO_CONSENT: Final = "no-consent"
"""There are channels that would reach them, and they want none of these."""
NO_ANSWER: Final = "no-answer"
TO_THE_MAILBOX: Final = frozenset({"sign_in", "invitation"})
"""They let somebody in who is known by this address, and by nothing else."""
NO_PERSON: Final = "person-unknown"
"""It was erased meanwhile."""
AT_ONCE: Final = 500

log = structlog.get_logger(__name__)


def send_job(keyring: Keyring, channels: Mapping[str, Channel]) -> JobHandler:
    """The handler of `outreach.send`. `channels` by name, in the order they are to be tried."""

    async def handle(tx: Tx, payload: dict[str, Any]) -> None:
        record = await tx.one(GET, tx.tenant, UUID(payload["notice"]))
        if record is None or record["state"] != Notice.QUEUED:
            return
        row, sealed = rows.to(NoticeRow, record), payload["sealed"]
        contact = (await people.contacts(tx, [row.person])).get(row.person)
        if contact is None or row.give_up_at <= tx.now():
            await _fail(tx, row, NO_PERSON if contact is None else row.error or NO_ANSWER)
            return
        details = telling.unseal(keyring, tx.tenant, row.id, sealed)
        wanted = await people.preferences(tx, row.person)
        if await _held(tx, row, details, wanted, sealed):
            return
        reach = _reach(row.kind, channels, contact)
        route = honouring.route(reach, row.kind, wanted)
        turn = trying.turn(row, route, tx.now())
        if turn is None or turn.channel is None:
            await _fail(tx, row, row.error or (NO_CONSENT if reach and not route else NO_ADDRESS))
            return
        to, key = reach[turn.channel], telling.key(row)
        message = texts.compose(row.kind, details, contact, key=key, to=to, created=row.created)
        try:
            receipt = await channels[turn.channel].send(message)
        except ChannelError as error:
            await _go_on(tx, turn, route, error, sealed)
        else:
            await _taken(tx, turn, receipt)

    return handle


def _reach(kind: Kind, channels: Mapping[str, Channel], contact: people.Contact) -> dict[str, str]:
    """Which channel would reach them where; what lets somebody in goes to their mailbox only."""
    reach = {name: address for name, channel in channels.items() if (address := channel.address(contact))}
    if kind in TO_THE_MAILBOX:
        return {name: address for name, address in reach.items() if address == contact.email}
    return reach


async def _held(tx: Tx, row: NoticeRow, details: texts.Details, wanted: people.Preferences, sealed: bytes) -> bool:
    """Whether it has to wait: quiet hours have begun, or were chosen, since it was written."""
    held = honouring.held_until(row.kind, tx.now(), details.until, wanted, details.timezone)
    if held is None:
        return False
    await tx.run(HOLD, tx.tenant, row.id, held, telling.give_up_at(details.until, held))
    await jobs.enqueue(tx, [telling.job(tx.tenant, row.id, sealed, run_at=held)])
    return True


async def _taken(tx: Tx, turn: NoticeRow, receipt: str) -> None:
    data = {**telling.about(turn), "channel": turn.channel, "tries": turn.tries + 1}
    await events.move(tx, NOTICE, [turn.id], Deed.SEND, data={turn.id: data})
    await tx.run(TAKEN, tx.tenant, turn.id, turn.channel, turn.since, turn.tries + 1, receipt, tx.now())


async def _go_on(tx: Tx, turn: NoticeRow, route: Sequence[str], error: ChannelError, sealed: bytes) -> None:
    log.warning("notice not sent", notice=str(turn.id), channel=turn.channel, reason=error.code, detail=error.detail)
    said = f"{error.code} {error.detail}".strip()
    what = trying.after_failure(turn, route, said, tx.now(), permanent=error.permanent)
    row = what.row
    if isinstance(what, trying.GiveUp):
        await _fail(tx, row, row.error)
        return
    if what.rerouted:
        data = {**telling.about(row), "from_channel": turn.channel, "channel": row.channel, "error": row.error}
        await events.move(tx, NOTICE, [row.id], Deed.REROUTE, data={row.id: data})
    await tx.run(TRIED, tx.tenant, row.id, row.channel, row.since, row.tries, row.refused, row.error)
    await jobs.enqueue(tx, [telling.job(tx.tenant, row.id, sealed, run_at=what.at)])


async def _fail(tx: Tx, row: NoticeRow, error: str) -> None:
    data = {**telling.about(row), "channel": row.channel, "error": error}
    await events.move(tx, NOTICE, [row.id], Deed.FAIL, data={row.id: data})
    await tx.run(TRIED, tx.tenant, row.id, row.channel, row.since, row.tries, row.refused, error)


async def give_up(db: Database, tenant: UUID) -> int:
    """A sweep: what nobody will send any more has failed, whatever became of its job."""
    async with db.transaction(tenant) as tx:
        late = rows.every(NoticeRow, await tx.all(EXPIRED, tenant, tx.now(), AT_ONCE))
        for row in late:
            await _fail(tx, row, row.error or NO_ANSWER)
    return len(late)
