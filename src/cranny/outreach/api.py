"""Notices over HTTP: who was told what, and who could not be. Neither codes nor addresses."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from litestar import Request, Response, get
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.types import ControllerRouterHandler
from msgspec import Meta

from cranny.core.errors import NotFound
from cranny.outreach import tables
from cranny.outreach.lifecycle import Notice
from cranny.outreach.tables import Kind, NoticeRow
from cranny.platform import paging, rows
from cranny.platform.auth import Principal
from cranny.platform.db import Database, Tx
from cranny.platform.permissions import Action
from cranny.web.responses import answer

LISTING: Final = "notices"
NEWEST: Final = UUID(int=2**128 - 1)
"""Behind every id there can be."""
SHOWN: Final = {
    "id": "019cadc6-9a80-7ad4-9d0e-2f5f6b1c5a10",
    "grant": "019cadc6-9a80-723a-832d-4982503f3d79",
    "kind": "ready_to_collect",
    "number": 1,
    "person": "019cadc6-9a80-7c5b-b0d2-0a8f0c9d7e11",
    "about": ["deliveries/019cadc6-9a80-7de4-9145-27ff8431312a"],
    "state": "sent",
    "channel": "email",
    "tries": 1,
    "error": "",
    "created": "2026-03-02T09:00:00Z",
    "give_up_at": "2026-03-03T09:00:00Z",
    "sent_at": "2026-03-02T09:00:01Z",
    "held_until": None,
}

Limit = Annotated[int, QueryParameter(ge=1, le=paging.MOST)]
Asking = Request[Principal, None, Any]


class NoticeShown(msgspec.Struct, frozen=True):
    """A message to `person` about the deliveries `about`. `channel` is the one it went out by, or is tried on, `tries`
    how often; `error` says why the last try failed (`no-consent`: they want none of the channels that reach them).
    `failed`: nobody was told, somebody has to see to it. `held_until`: it waits for the end of quiet hours."""

    id: UUID
    grant: UUID
    """The right to open that it is about. Of `sign_in`, `invitation` and `preferences`: the id of the event that asked
    for it."""
    kind: Kind
    number: int
    """Which message of this kind about this grant it is, counted from 1; 0 for a link."""
    person: UUID
    about: list[str]
    state: Notice
    channel: str | None
    tries: int
    error: Annotated[str, Meta(examples=["recipient-refused 550 5.1.1"])]
    created: datetime
    give_up_at: datetime
    sent_at: datetime | None
    """When it went out."""
    held_until: datetime | None


def routes(db: Database, cursors: paging.Cursors) -> Sequence[ControllerRouterHandler]:
    @get(
        "/v1/notices",
        needs=Action.NOTICES_READ,
        tags=["notices"],
        responses={200: answer(paging.Page[NoticeShown], "A page.", {"items": [SHOWN], "next": None})},
    )
    async def list_notices(
        request: Asking,
        state_: Annotated[Notice | None, QueryParameter(name="state")] = None,
        grant: FromQuery[UUID | None] = None,
        after: FromQuery[str | None] = None,
        limit: Limit = paging.LIMIT,
    ) -> Response[paging.Page[NoticeShown]]:
        """Messages to recipients, newest first: what was sent, and `state=failed` for what could not be."""
        tenant = request.user.tenant
        before = NEWEST if after is None else UUID(cursors.read(tenant, LISTING, after)[0])
        async with db.transaction(tenant) as tx:
            found = await _newest(tx, before, limit + 1, state_, grant)
        return paging.respond(
            request, paging.page(found, limit, lambda shown: cursors.make(tenant, LISTING, [str(shown.id)]))
        )

    @get(
        "/v1/notices/{notice:uuid}",
        needs=Action.NOTICES_READ,
        tags=["notices"],
        responses={200: answer(NoticeShown, "The notice.", SHOWN)},
    )
    async def get_notice(request: Asking, notice: FromPath[UUID]) -> NoticeShown:
        """A message. Problem `notice-not-found`."""
        async with db.transaction(request.user.tenant) as tx:
            record = await tx.one(tables.GET, tx.tenant, notice)
        if record is None:
            raise NotFound(f"There is no notice {notice}.", code="notice-not-found")
        return _shown(rows.to(NoticeRow, record))

    return [list_notices, get_notice]


async def _newest(tx: Tx, before: UUID, limit: int, state: Notice | None, grant: UUID | None) -> list[NoticeShown]:
    start = (tx.tenant, before, limit)
    if grant is not None:
        found = await tx.all(tables.LIST_GRANT, *start, grant, state)
    elif state is not None:
        found = await tx.all(tables.LIST_STATE, *start, state)
    else:
        found = await tx.all(tables.LIST, *start)
    return [_shown(row) for row in rows.every(NoticeRow, found)]


def _shown(row: NoticeRow) -> NoticeShown:
    return NoticeShown(
        id=row.id,
        grant=row.grant_id,
        kind=row.kind,
        number=row.number,
        person=row.person,
        about=[f"deliveries/{id_}" for id_ in row.about],
        state=row.state,
        channel=row.channel,
        tries=row.tries,
        error=row.error,
        created=row.created,
        give_up_at=row.give_up_at,
        sent_at=row.sent_at,
        held_until=row.held_until,
    )
