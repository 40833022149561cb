"""Settling from the wall what does not fit, and saying that an alarm was seen: each with a note on what was found."""

from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from cranny import fleet
from cranny.core.errors import NotFound
from cranny.pages.operator.desk import Desk, Told
from cranny.pages.operator.shown import HOME
from cranny.platform.db import Tx
from cranny.platform.permissions import Action
from cranny.ui.settling import SettleView

LONGEST: Final = 1000
_ANOMALY: Final = f"{HOME}/{{bank:uuid}}/anomalies/{{anomaly:uuid}}"
_ALARM: Final = f"{HOME}/{{bank:uuid}}/alarms/{{alarm:uuid}}"


class Noted(msgspec.Struct, frozen=True):
    note: Annotated[str, msgspec.Meta(max_length=4000)] = ""


Form = Annotated[Noted, Body(media_type=RequestEncodingType.URL_ENCODED)]


def settling_routes(desk: Desk) -> list[ControllerRouterHandler]:
    return [*_anomalies(desk), *_alarms(desk)]


def _anomalies(desk: Desk) -> list[ControllerRouterHandler]:
    page = desk.page(Action.TROUBLE_SETTLE)

    @get(_ANOMALY, **page)
    async def ask(request: Told, bank: FromPath[UUID], anomaly: FromPath[UUID]) -> Response[Any]:
        async with desk.db.transaction(desk.who(request).tenant) as tx:
            view = await _contradiction(tx, bank, anomaly)
        return _draw(desk, request, view)

    @post(_ANOMALY, status_code=200, **page)
    async def settle_anomaly(request: Told, bank: FromPath[UUID], anomaly: FromPath[UUID], data: Form) -> Response[Any]:
        """A note says what was found and done: without one nothing is settled."""
        who, note = desk.who(request), " ".join(data.note.split())
        async with desk.db.transaction(who.tenant) as tx:
            view = await _contradiction(tx, bank, anomaly)
            if 0 < len(note) <= LONGEST:
                await fleet.settle_anomaly(tx, anomaly, note, who=who.who)
                return Redirect(view.back, status_code=303)
        return _draw(desk, request, msgspec.structs.replace(view, wrong=True))

    return [ask, settle_anomaly]


def _alarms(desk: Desk) -> list[ControllerRouterHandler]:
    page = desk.page(Action.TROUBLE_SETTLE)

    @get(_ALARM, **page)
    async def ask(request: Told, bank: FromPath[UUID], alarm: FromPath[UUID]) -> Response[Any]:
        async with desk.db.transaction(desk.who(request).tenant) as tx:
            view = await _wrong(tx, bank, alarm)
        return _draw(desk, request, view)

    @post(_ALARM, status_code=200, **page)
    async def acknowledge_alarm(
        request: Told, bank: FromPath[UUID], alarm: FromPath[UUID], data: Form
    ) -> Response[Any]:
        """It ends by itself, when the bank says that it is over."""
        who = desk.who(request)
        async with desk.db.transaction(who.tenant) as tx:
            view = await _wrong(tx, bank, alarm)
            await fleet.acknowledge_alarm(tx, alarm, " ".join(data.note.split())[:LONGEST], who=who.who)
        return Redirect(view.back, status_code=303)

    return [ask, acknowledge_alarm]


async def _contradiction(tx: Tx, bank: UUID, id_: UUID) -> SettleView:
    """Raises NotFound, code `anomaly-not-found`."""
    one = await fleet.get_anomaly(tx, id_)
    if one.bank != bank:
        raise NotFound(f"There is no anomaly {id_} at this bank.", code="anomaly-not-found")
    deed = fleet.next_step(one.kind, one.bank, one.subject, one.detail).deed
    return SettleView(f"{HOME}/{bank}/anomalies/{id_}", f"{HOME}/{bank}", one.kind, deed=deed)


async def _wrong(tx: Tx, bank: UUID, id_: UUID) -> SettleView:
    """Raises NotFound, code `alarm-not-found`."""
    one = await fleet.get_alarm(tx, id_)
    if one.bank != bank:
        raise NotFound(f"There is no alarm {id_} at this bank.", code="alarm-not-found")
    return SettleView(f"{HOME}/{bank}/alarms/{id_}", f"{HOME}/{bank}", one.kind, channel=one.channel, alarm=True)


def _draw(desk: Desk, request: Told, view: SettleView) -> Response[str]:
    """A fragment for the page's dialog; the same as a page of its own where there is no script."""
    fragment = bool(request.headers.get("hx-request"))
    return desk.draw(request, "dialog.html" if fragment else "dialog_page.html", what="settle", s=view)
