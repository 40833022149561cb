"""The event log over HTTP: in pages, and live."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from typing import Annotated, Any, Final

from litestar import Request, Response, get
from litestar.params import FromQuery, HeaderParameter, QueryParameter
from litestar.response import Stream
from litestar.types import ControllerRouterHandler

from cranny.core.errors import Invalid
from cranny.core.events import Event
from cranny.platform import log, paging
from cranny.platform.auth import Principal, Visitors, still_good
from cranny.platform.db import Database
from cranny.platform.feed import Feed, Wants
from cranny.platform.permissions import Action
from cranny.web import sse
from cranny.web.responses import answer

LISTING = "events"
LONGEST_POSITION = 18
"""Digits: whatever they are, the database can hold the number."""

EVENT: Final = {
    "specversion": "1.0",
    "id": "019cadc6-9a80-7b3c-8a31-70e1ab9c0b11",
    "source": "https://lockers.example",
    "type": "delivery.stored",
    "subject": "deliveries/019cadc6-9a80-7de4-9145-27ff8431312a",
    "time": "2026-03-02T09:00:00Z",
    "datacontenttype": "application/json",
    "data": {"from": "announced", "to": "stored", "door": "A09"},
    "position": 4711,
    "recordedtime": "2026-03-02T09:00:01Z",
}
STREAMED: Final = 'id: 4711\nevent: delivery.stored\ndata: {"specversion": "1.0", …}\n\n'

Types = Annotated[list[str] | None, QueryParameter(name="type", description="Only these types; may be repeated.")]
Subject = Annotated[str | None, QueryParameter(description="Only events about this, such as `deliveries/<id>`.")]
Limit = Annotated[int, QueryParameter(ge=1, le=paging.MOST)]


def routes(
    db: Database, feed: Feed, cursors: paging.Cursors, *, source: str, visitors: Visitors | None = None
) -> Sequence[ControllerRouterHandler]:
    """`source` is the CloudEvents source of this installation, a URI."""

    @get(
        "/v1/events",
        needs=Action.EVENTS_READ,
        tags=["events"],
        responses={200: answer(paging.Page[log.CloudEvent], "A page.", {"items": [EVENT], "next": "kK3v…"})},
    )
    async def list_events(
        request: Request[Principal, None, Any],
        after: FromQuery[str | None] = None,
        types: Types = None,
        subject: Subject = None,
        limit: Limit = paging.LIMIT,
    ) -> Response[paging.Page[log.CloudEvent]]:
        """The tenant's events in the order of its log. `next` is never null: ask with it again later for
        what has happened since."""
        tenant = request.user.tenant
        position = 0 if after is None else cursors.read(tenant, LISTING, after)[0]
        async with db.transaction(tenant) as tx:
            found = await log.read(tx, position, limit, types, subject)
            reached = found[-1].position if found else position
        items = [log.to_cloudevent(event, source) for event in found]
        return paging.respond(request, paging.Page(items, cursors.make(tenant, LISTING, [reached])))

    @get(
        "/v1/events/stream",
        needs=Action.EVENTS_READ,
        tags=["events"],
        media_type="text/event-stream",
        responses={200: answer(str, "For as long as the key is good.", STREAMED, media_type="text/event-stream")},
    )
    async def follow_events(
        request: Request[Principal, None, Any],
        types: Types = None,
        subject: Subject = None,
        last: Annotated[
            str | None, HeaderParameter(name="Last-Event-ID", description="The position to go on after.")
        ] = None,
    ) -> Stream:
        """The same as server-sent events, live: each message's id is its position, its data a CloudEvent."""
        frames = feed.follow(request.user.tenant, _position(last), _filter(types, subject))
        return sse.stream(while_good(db, request.user, frames, visitors))

    return [list_events, follow_events]


async def while_good(
    db: Database, who: Principal, frames: AsyncGenerator[bytes, None], visitors: Visitors | None = None
) -> AsyncIterator[bytes]:
    """`frames` for as long as the key, or the session, is good, which is asked again at each sign of life."""
    async with aclosing(frames):
        async for frame in frames:
            if frame == sse.BEAT:
                async with db.transaction(who.tenant) as tx:
                    if not await still_good(tx, who, visitors):
                        return
            yield frame


def _position(last: str | None) -> int | None:
    if not last:
        return None
    if not last.isascii() or not last.isdigit() or len(last) > LONGEST_POSITION:
        raise Invalid("Last-Event-ID is a position: a whole number.", code="position-invalid")
    return int(last)


def _filter(types: Sequence[str] | None, subject: str | None) -> Wants:
    wanted = frozenset(types or ())

    def wants(event: Event) -> bool:
        return (not wanted or event.type in wanted) and subject in (None, event.subject)

    return wants
