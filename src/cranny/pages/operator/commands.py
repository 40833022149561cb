"""Asking a bank for something from its wall: a dialog with a reason, what will happen, and what came of it.

A session acts as the key that it was begun with. The id of the command stands in the form, so a form that is sent twice
is one command.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath, FromQuery
from litestar.types import ControllerRouterHandler

from cranny import fleet
from cranny.core.errors import CrannyError, Unauthenticated
from cranny.pages.operator import reading
from cranny.pages.operator.desk import Desk, Told
from cranny.pages.operator.session import Session
from cranny.pages.operator.shown import HOME, command_view
from cranny.platform.db import Tx
from cranny.ui.models import AskView, CommandAction

SHORTEST: Final = 3
LONGEST: Final = 200

Outgoing = fleet.Outgoing | None


class Asked(msgspec.Struct, frozen=True):
    id: UUID
    action: CommandAction
    reason: Annotated[str, msgspec.Meta(max_length=2000)] = ""
    door: Annotated[str, msgspec.Meta(max_length=32)] = ""


Form = Annotated[Asked, Body(media_type=RequestEncodingType.URL_ENCODED)]


_BASE: Final = f"{HOME}/{{bank:uuid}}"


def command_routes(desk: Desk) -> list[ControllerRouterHandler]:
    return [*_asking(desk), *_agreeing(desk)]


def _asking(desk: Desk) -> list[ControllerRouterHandler]:
    @get(f"{_BASE}/ask", **desk.behind_the_sign_in)
    async def ask(
        request: Told, bank: FromPath[UUID], action: FromQuery[CommandAction], door: FromQuery[str] = ""
    ) -> Response[str]:
        """The question, before anything happens."""
        session = desk.session(request)
        async with desk.db.transaction(session.tenant) as tx:
            await desk.enter(tx, session)
            view = await _question(tx, bank, Asked(tx.ids.new(), action, door=door), session)
        return _draw(desk, request, "ask", a=view)

    @post(f"{_BASE}/commands", status_code=200, **desk.behind_the_sign_in)
    async def send(request: Told, bank: FromPath[UUID], data: Form) -> Response[str]:
        """Ask the bank, and show what came of it."""
        session = _actor(desk, request)
        reason = " ".join(data.reason.split())
        if not SHORTEST <= len(reason) <= LONGEST:
            async with desk.db.transaction(session.tenant) as tx:
                await desk.enter(tx, session)
                view = await _question(tx, bank, data, session)
            return _draw(desk, request, "ask", a=msgspec.structs.replace(view, wrong=True))
        asked = fleet.CommandAsked(data.action, reason, data.door)

        async def deed(tx: Tx) -> Outgoing:
            return (await fleet.ask_command(tx, bank, asked, key=session.key, id_=data.id))[1]

        return await _do(desk, request, session, (bank, data.id), deed)

    @get(f"{_BASE}/commands/{{command:uuid}}", **desk.behind_the_sign_in)
    async def look(request: Told, bank: FromPath[UUID], command: FromPath[UUID]) -> Response[str]:
        session = desk.session(request)
        return await _show(desk, request, session, bank, command)

    return [ask, send, look]


def _agreeing(desk: Desk) -> list[ControllerRouterHandler]:
    @post(f"{_BASE}/commands/{{command:uuid}}/confirm", status_code=200, **desk.behind_the_sign_in)
    async def confirm(request: Told, bank: FromPath[UUID], command: FromPath[UUID]) -> Response[str]:
        session = _actor(desk, request)

        async def deed(tx: Tx) -> Outgoing:
            return await fleet.confirm_command(tx, command, key=session.key)

        return await _do(desk, request, session, (bank, command), deed)

    @post(f"{_BASE}/commands/{{command:uuid}}/decline", status_code=200, **desk.behind_the_sign_in)
    async def decline(request: Told, bank: FromPath[UUID], command: FromPath[UUID]) -> Response[str]:
        session = _actor(desk, request)

        async def deed(tx: Tx) -> None:
            await fleet.decline_command(tx, command, key=session.key)

        return await _do(desk, request, session, (bank, command), deed)

    return [confirm, decline]


def _actor(desk: Desk, request: Told) -> Session:
    desk.refuse_foreign(request)
    return desk.session(request)


async def _do(
    desk: Desk,
    request: Told,
    session: Session,
    about: tuple[UUID, UUID],
    deed: Callable[[Tx], Awaitable[Outgoing]],
) -> Response[str]:
    """`about` a bank's command. A refusal is shown, and nothing of it is done."""
    bank, command = about
    try:
        async with desk.db.transaction(session.tenant) as tx:
            await desk.enter(tx, session)
            outgoing = await deed(tx)
    except Unauthenticated:
        raise
    except CrannyError as refused:
        return _draw(desk, request, "refused", code=refused.code, bank=f"{HOME}/{bank}")
    if outgoing is not None:
        desk.dispatcher.dispatch(outgoing)
        await desk.dispatcher.outcome(session.tenant, command)
    return await _show(desk, request, session, bank, command)


async def _show(desk: Desk, request: Told, session: Session, bank: UUID, command: UUID) -> Response[str]:
    async with desk.db.transaction(session.tenant) as tx:
        await desk.enter(tx, session)
        shown, zone = await fleet.get_command(tx, command), await reading.zone(tx, bank)
    view = command_view(shown)
    return _draw(desk, request, "asked", zone, c=view, me=str(session.key), bank=f"{HOME}/{bank}")


async def _question(tx: Tx, bank: UUID, asked: Asked, session: Session) -> AskView:
    """Raises NotFound, codes `bank-not-found` and `door-not-found`; Invalid, code `door-missing`."""
    wall = await reading.wall(tx, bank, asked.door or None)
    chosen = wall.selected
    return AskView(
        id=str(asked.id),
        post=f"{HOME}/{bank}/commands",
        action=asked.action,
        bank=wall.bank,
        door=asked.door,
        state=chosen.door.state if chosen else "unknown",
        holds=tuple(reference.text for reference in chosen.holds) if chosen else (),
        needs=await fleet.foresee_second_person(tx, bank, asked.action, asked.door, key=session.key),
        offline=not wall.online,
        back=f"{HOME}/{bank}" + (f"?door={asked.door}" if asked.door else ""),
    )


def _draw(desk: Desk, request: Told, what: str, zone: str = "UTC", **values: Any) -> Response[str]:
    """A fragment for the page's dialog; the same as a page of its own where there is no script."""
    fragment = bool(request.headers.get("hx-request"))
    return desk.draw(request, "dialog.html" if fragment else "dialog_page.html", zone, what=what, **values)
