"""Asking a bank for something from its wall: a dialog with a reason, what will happen, and what came of it.

A session acts as the person or key that began it. The id of the command stands in the form, so a form that is sent
twice is one command.
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
from cranny.core.errors import CrannyError
from cranny.pages.operator import reading
from cranny.pages.operator.desk import Desk, Told
from cranny.pages.operator.shown import HOME, command_views
from cranny.platform.auth import Principal
from cranny.platform.db import Tx
from cranny.platform.permissions import Action
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
    @get(f"{_BASE}/ask", **desk.page(Action.COMMANDS_ASK))
    async def ask(
        request: Told, bank: FromPath[UUID], action: FromQuery[CommandAction], door: FromQuery[str] = ""
    ) -> Response[str]:
        """The question, before anything happens."""
        who = desk.who(request)
        async with desk.db.transaction(who.tenant) as tx:
            view = await _question(tx, bank, Asked(tx.ids.new(), action, door=door), who)
        return _draw(desk, request, "ask", a=view)

    @post(f"{_BASE}/commands", status_code=200, **desk.page(Action.COMMANDS_ASK))
    async def send(request: Told, bank: FromPath[UUID], data: Form) -> Response[str]:
        """Ask the bank, and show what came of it."""
        who = desk.who(request)
        reason = " ".join(data.reason.split())
        if not SHORTEST <= len(reason) <= LONGEST:
            async with desk.db.transaction(who.tenant) as tx:
                view = await _question(tx, bank, data, who)
            return _draw(desk, request, "ask", a=msgspec.structs.replace(view, wrong=True))
        asked = fleet.CommandAsked(data.action, reason, data.door)

        async def deed(tx: Tx) -> Outgoing:
            return (await fleet.ask_command(tx, bank, asked, by=who, id_=data.id))[1]

        return await _do(desk, request, who, (bank, data.id), deed)

    @get(f"{_BASE}/commands/{{command:uuid}}", **desk.page(Action.COMMANDS_READ))
    async def look(request: Told, bank: FromPath[UUID], command: FromPath[UUID]) -> Response[str]:
        who = desk.who(request)
        return await _show(desk, request, who, bank, command)

    return [ask, send, look]


def _agreeing(desk: Desk) -> list[ControllerRouterHandler]:
    @post(f"{_BASE}/commands/{{command:uuid}}/confirm", status_code=200, **desk.page(Action.COMMANDS_AGREE))
    async def confirm(request: Told, bank: FromPath[UUID], command: FromPath[UUID]) -> Response[str]:
        who = desk.who(request)

        async def deed(tx: Tx) -> Outgoing:
            return await fleet.agree_to_command(tx, command, by=who)

        return await _do(desk, request, who, (bank, command), deed)

    @post(f"{_BASE}/commands/{{command:uuid}}/decline", status_code=200, **desk.page(Action.COMMANDS_AGREE))
    async def decline(request: Told, bank: FromPath[UUID], command: FromPath[UUID]) -> Response[str]:
        who = desk.who(request)

        async def deed(tx: Tx) -> None:
            await fleet.decline_command(tx, command, by=who)

        return await _do(desk, request, who, (bank, command), deed)

    return [confirm, decline]


async def _do(
    desk: Desk,
    request: Told,
    who: Principal,
    about: tuple[UUID, UUID],
    deed: Callable[[Tx], Awaitable[Outgoing]],
) -> Response[str]:
    """`about` a bank's command. A refusal is shown, and nothing of it is done."""
    bank, command = about
    try:
        async with desk.db.transaction(who.tenant) as tx:
            outgoing = await deed(tx)
    except CrannyError as refused:
        return _draw(desk, request, "refused", code=refused.code, bank=f"{HOME}/{bank}")
    if outgoing is not None:
        desk.dispatcher.dispatch(outgoing)
        await desk.dispatcher.outcome(who.tenant, command)
    return await _show(desk, request, who, bank, command)


async def _show(desk: Desk, request: Told, who: Principal, bank: UUID, command: UUID) -> Response[str]:
    async with desk.db.transaction(who.tenant) as tx:
        (view,) = await command_views(tx, [await fleet.get_command(tx, command)])
        zone = await reading.zone(tx, bank)
    return _draw(desk, request, "asked", zone, c=view, me=str(who.id), bank=f"{HOME}/{bank}")


async def _question(tx: Tx, bank: UUID, asked: Asked, who: Principal) -> AskView:
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
        needs=await fleet.foresee_second_person(tx, bank, asked.action, asked.door, by=who),
        offline=not wall.online,
        back=f"{HOME}/{bank}" + (f"?door={asked.door}" if asked.door else ""),
    )


def _draw(desk: Desk, request: Told, what: str, zone: str = "UTC", **values: Any) -> Response[str]:
    """A fragment for the page's dialog; the same as a page of its own where there is no script."""
    fragment = bool(request.headers.get("hx-request"))
    return desk.draw(request, "dialog.html" if fragment else "dialog_page.html", zone, what=what, **values)
