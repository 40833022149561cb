"""Measurements and alarms over HTTP."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from litestar.types import ControllerRouterHandler
from msgspec import Meta

from cranny.fleet.climate import alarms, api_examples, reading
from cranny.fleet.climate.lifecycle import AlarmState
from cranny.fleet.climate.reading import Resolution, TelemetryShown
from cranny.fleet.climate.tables import AlarmRow, Kind
from cranny.platform import paging
from cranny.platform.auth import Principal
from cranny.platform.db import Database, Tx
from cranny.platform.idempotency import Reply, once
from cranny.platform.permissions import Action
from cranny.web.responses import answer
from cranny.wire.sensors import HUNDREDTHS

LISTING: Final = "alarms"
USUAL: Final = timedelta(days=1)

Asking = Request[Principal, None, Any]
Limit = Annotated[int, QueryParameter(ge=1, le=paging.MOST)]


class SeenAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`note` says what was seen or done."""

    note: Annotated[str, Meta(max_length=1000, examples=["The fridge's plug had come out."])] = ""


class AlarmShown(msgspec.Struct, frozen=True):
    """`channel` is the sensor's name or the door's label. Values in °C or %; `for_s`: how long it had lasted when
    it became an alarm. `cause`: why it ended: `back`, `removed`, `shut`, `looked`, `replaced`."""

    id: UUID
    bank: UUID
    kind: Kind
    channel: str
    doors: list[str]
    state: AlarmState
    value: float | None
    """The worst that had been measured when it was raised; null where nothing is measured."""
    limit: float | None
    """What it should not have passed; null where there is no such limit."""
    worst: float | None
    """The worst while it lasted, known once it has ended; until then the same as `value`."""
    for_s: int
    raised: datetime
    """When it was raised."""
    ended: datetime | None
    cause: str
    acknowledged: datetime | None
    """When somebody said that they have seen it; null where nobody has."""
    acknowledged_by: str
    """Who that was, as `persons/…` or `keys/…`; empty where nobody has."""
    note: str


def routes(db: Database, cursors: paging.Cursors) -> Sequence[ControllerRouterHandler]:
    return [_telemetry(db), *_alarms(db, cursors), _acknowledging(db)]


def _telemetry(db: Database) -> ControllerRouterHandler:
    @get(
        "/v1/banks/{bank:uuid}/telemetry",
        needs=Action.BANKS_READ,
        tags=["banks"],
        responses={200: answer(TelemetryShown, "Each sensor's line.", api_examples.TELEMETRY)},
    )
    async def get_telemetry(  # noqa: PLR0917 - the parameters are the query's
        request: Asking,
        bank: FromPath[UUID],
        since: FromQuery[datetime | None] = None,
        until: FromQuery[datetime | None] = None,
        channel: FromQuery[str | None] = None,
        resolution: FromQuery[Resolution] = "15m",
    ) -> TelemetryShown:
        """What the bank's sensors measured, the last day when nothing is said. `resolution` is `15m`, `1h` or `1d` with
        the least, mean and most of each, or `points`: where a value changed. What is not known is a gap, not a line: a
        bank that is offline tells it later. Problems `bank-not-found`, `channel-unknown`, `window-invalid`."""
        async with db.transaction(request.user.tenant) as tx:
            end = until or tx.now()
            begin = since or end - USUAL
            return await reading.telemetry(tx, bank, since=begin, until=end, resolution=resolution, channel=channel)

    return get_telemetry


def _alarms(db: Database, cursors: paging.Cursors) -> Sequence[ControllerRouterHandler]:
    @get(
        "/v1/alarms",
        needs=Action.TROUBLE_READ,
        tags=["alarms"],
        responses={
            200: answer(paging.Page[AlarmShown], "A page.", {"items": [api_examples.ALARM], "next": None}),
        },
    )
    async def list_alarms(  # noqa: PLR0917 - the parameters are the query's
        request: Asking,
        after: FromQuery[str | None] = None,
        wanted: Annotated[AlarmState | None, QueryParameter(name="state")] = None,
        live: Annotated[bool | None, QueryParameter(description="Only those that are not over, or only those.")] = None,
        bank: FromQuery[UUID | None] = None,
        limit: Limit = paging.LIMIT,
    ) -> Response[paging.Page[AlarmShown]]:
        """What the banks' sensors and doors raised, newest first."""
        tenant = request.user.tenant
        before = UUID(cursors.read(tenant, LISTING, after)[0]) if after else None
        async with db.transaction(tenant) as tx:
            found = await alarms.list_alarms(tx, limit=limit + 1, before=before, state=wanted, bank=bank, live=live)
        page = paging.page(
            [_shown(row) for row in found], limit, lambda row: cursors.make(tenant, LISTING, [str(row.id)])
        )
        return paging.respond(request, page)

    @get(
        "/v1/alarms/{alarm:uuid}",
        needs=Action.TROUBLE_READ,
        tags=["alarms"],
        responses={200: answer(AlarmShown, "The alarm.", api_examples.ALARM)},
    )
    async def get_alarm(request: Asking, alarm: FromPath[UUID]) -> AlarmShown:
        """An alarm. Problem `alarm-not-found`."""
        async with db.transaction(request.user.tenant) as tx:
            return _shown(await alarms.get_alarm(tx, alarm))

    return [list_alarms, get_alarm]


def _acknowledging(db: Database) -> ControllerRouterHandler:
    @post(
        "/v1/alarms/{alarm:uuid}/acknowledge",
        needs=Action.TROUBLE_SETTLE,
        tags=["alarms"],
        status_code=200,
        responses={200: answer(AlarmShown, "The alarm, seen.", api_examples.ALARM)},
    )
    async def acknowledge(request: Asking, alarm: FromPath[UUID], data: JSONBody[SeenAsked]) -> Response[bytes]:
        """Say that somebody has seen it. It ends by itself, when the bank says that it is over; one that is over
        already keeps the note. The first word stays. Problem `alarm-not-found`."""

        async def deed(tx: Tx) -> Reply:
            who = request.user.who
            return Reply(200, _shown(await alarms.acknowledge(tx, alarm, data.note, who=who)))

        return await once(db, request, deed)

    return acknowledge


def _shown(row: AlarmRow) -> AlarmShown:
    return AlarmShown(
        id=row.id,
        bank=row.bank,
        kind=row.kind,
        channel=row.channel,
        doors=row.doors,
        state=row.state,
        value=_whole(row.value),
        limit=_whole(row.bound),
        worst=_whole(row.worst),
        for_s=row.for_s,
        raised=row.raised,
        ended=row.ended,
        cause=row.cause,
        acknowledged=row.acknowledged,
        acknowledged_by=row.acknowledged_by,
        note=row.note,
    )


def _whole(value: int | None) -> float | None:
    return None if value is None else value / HUNDREDTHS
