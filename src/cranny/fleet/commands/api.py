"""Commands over HTTP: asked for, agreed to, and read."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.openapi.spec import Example
from litestar.params import Body, FromPath, FromQuery, QueryParameter
from litestar.types import ControllerRouterHandler

from cranny.fleet.commands import api_examples as examples
from cranny.fleet.commands import asking, reading
from cranny.fleet.commands.asking import Outgoing
from cranny.fleet.commands.lifecycle import CommandState
from cranny.fleet.commands.sending import Dispatcher
from cranny.fleet.commands.shapes import CommandAsked, CommandShown
from cranny.platform import paging
from cranny.platform.auth import Principal
from cranny.platform.db import Database, Tx
from cranny.platform.idempotency import Reply, once
from cranny.platform.permissions import Action
from cranny.web.responses import answer

LISTING: Final = "commands"

Asking = Request[Principal, None, Any]
Limit = Annotated[int, QueryParameter(ge=1, le=paging.MOST)]
Deed = Callable[[Tx], Awaitable[tuple[UUID, Outgoing | None]]]


class Desk:
    """Does a deed once, sends what it asks for once, and waits for what becomes of it."""

    def __init__(self, db: Database, dispatcher: Dispatcher) -> None:
        self.db = db
        self._dispatcher = dispatcher

    async def act(self, request: Asking, deed: Deed, status: int) -> Response[bytes]:
        """The command as it is once it is settled, or after a while. Whoever sends the same `Idempotency-Key` again
        gets the same command as it is by then, and sends nothing."""
        to_send: list[Outgoing] = []

        async def whole(tx: Tx) -> Reply:
            to_send.clear()  # an earlier try was rolled back
            id_, outgoing = await deed(tx)
            to_send.extend([outgoing] if outgoing else [])
            return Reply(status, await reading.shown(tx, id_), location=f"/v1/commands/{id_}")

        given = await once(self.db, request, whole)
        for outgoing in to_send:
            self._dispatcher.dispatch(outgoing)
        id_ = msgspec.json.decode(given.content, type=CommandShown).id
        await self._dispatcher.outcome(request.user.tenant, id_)
        async with self.db.transaction(request.user.tenant) as tx:
            given.content = msgspec.json.encode(await reading.shown(tx, id_))
        return given


def routes(db: Database, cursors: paging.Cursors, dispatcher: Dispatcher) -> Sequence[ControllerRouterHandler]:
    """Every route of commands."""
    desk = Desk(db, dispatcher)
    return [_ask(desk), *_agree(desk), *_read(db, cursors)]


def _ask(desk: Desk) -> ControllerRouterHandler:
    @post(
        "/v1/banks/{bank:uuid}/commands",
        needs=Action.COMMANDS_ASK,
        tags=["commands"],
        responses={201: answer(CommandShown, "The command, settled if that was quick.", examples.EXECUTED)},
    )
    async def ask_command(
        request: Asking,
        bank: FromPath[UUID],
        data: Annotated[
            CommandAsked,
            _examples(
                ("Open a door", examples.OPEN),
                ("Take a door out of service", examples.OUT),
                ("Restart the controller", examples.REBOOT),
            ),
        ],
    ) -> Response[bytes]:
        """Ask a bank to do something now. It is sent once, never queued and never again: where no answer comes it is
        `unknown` until the bank's journal tells.

        `open` one door, `open_all`, `reboot` the controller, `take_out` of service and `put_back` a door, begin an
        `inventory`. `token` sends nothing: it is the leave to have a token signed for a door, also while the bank is
        offline, for whoever needs a second person for that. The answer waits up to 25 seconds for the outcome; read on
        with `GET /v1/commands/{id}`. A door behind which something else lies than when you looked stays shut. Above the
        bank's `second_person_above` openings in ten minutes, for high-security doors, for `open_all` and for an
        `inventory` it is `awaiting_confirmation` for five minutes. A recipient whose door was opened is told.

        Problems: `bank-offline`, `bank-not-found`, `door-not-found`, `door-missing`, `door-unwanted`."""

        async def deed(tx: Tx) -> tuple[UUID, Outgoing | None]:
            return await asking.ask(tx, bank, data, by=request.user)

        return await desk.act(request, deed, 201)

    return ask_command


def _agree(desk: Desk) -> Sequence[ControllerRouterHandler]:
    @post(
        "/v1/commands/{command:uuid}/confirm",
        needs=Action.COMMANDS_AGREE,
        tags=["commands"],
        status_code=200,
        responses={200: answer(CommandShown, "The command, settled if that was quick.", examples.EXECUTED)},
    )
    async def confirm_command(request: Asking, command: FromPath[UUID]) -> Response[bytes]:
        """Agree to what somebody else asked for: then it is sent. Needs another person, or key, than asked for it.
        Problems `own-command`, `confirmation-expired`, `command-confirm-when-…`, `bank-offline`,
        `command-not-found`."""

        async def deed(tx: Tx) -> tuple[UUID, Outgoing | None]:
            return command, await asking.agree(tx, command, by=request.user)

        return await desk.act(request, deed, 200)

    @post(
        "/v1/commands/{command:uuid}/decline",
        needs=Action.COMMANDS_AGREE,
        tags=["commands"],
        status_code=200,
        responses={200: answer(CommandShown, "The command, which is not sent.", examples.AWAITING)},
    )
    async def decline_command(request: Asking, command: FromPath[UUID]) -> Response[bytes]:
        """Say no to what waits for a second person; whoever asked may take it back this way, too. Problems
        `command-decline-when-…`, `command-not-found`."""

        async def deed(tx: Tx) -> tuple[UUID, Outgoing | None]:
            await asking.decline(tx, command, by=request.user)
            return command, None

        return await desk.act(request, deed, 200)

    return [confirm_command, decline_command]


def _read(db: Database, cursors: paging.Cursors) -> Sequence[ControllerRouterHandler]:
    page_of = {"items": [examples.AWAITING, examples.EXECUTED], "next": None}

    @get(
        "/v1/commands",
        needs=Action.COMMANDS_READ,
        tags=["commands"],
        responses={200: answer(paging.Page[CommandShown], "A page.", page_of)},
    )
    async def list_commands(
        request: Asking,
        after: FromQuery[str | None] = None,
        bank: FromQuery[UUID | None] = None,
        wanted: Annotated[CommandState | None, QueryParameter(name="state")] = None,
        limit: Limit = paging.LIMIT,
    ) -> Response[paging.Page[CommandShown]]:
        """Commands, newest first."""
        tenant = request.user.tenant
        before = reading.NEWEST if after is None else UUID(cursors.read(tenant, LISTING, after)[0])
        async with db.transaction(tenant) as tx:
            found = await reading.newest(tx, limit=limit + 1, before=before, bank=bank, state=wanted)
        return paging.respond(
            request, paging.page(found, limit, lambda row: cursors.make(tenant, LISTING, [str(row.id)]))
        )

    @get(
        "/v1/commands/{command:uuid}",
        needs=Action.COMMANDS_READ,
        tags=["commands"],
        responses={200: answer(CommandShown, "The command.", examples.EXECUTED)},
    )
    async def get_command(request: Asking, command: FromPath[UUID]) -> CommandShown:
        """One command. Problem `command-not-found`."""
        async with db.transaction(request.user.tenant) as tx:
            return await reading.shown(tx, command)

    return [list_commands, get_command]


def _examples(*shown: tuple[str, object]) -> Any:
    return Body(examples=[Example(summary=summary, value=value) for summary, value in shown])
