"""Webhook endpoints, and what became of the messages to them, over HTTP."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from litestar import Request, Response, delete, get, patch, post
from litestar.openapi.spec import Example
from litestar.params import Body, FromPath, FromQuery, QueryParameter
from litestar.types import ControllerRouterHandler

from cranny.core.errors import Invalid
from cranny.platform import etags, paging, rows
from cranny.platform.auth import Principal
from cranny.platform.db import Database, Tx
from cranny.platform.idempotency import Reply, once
from cranny.platform.keys import Keyring
from cranny.platform.outside import Guard, Resolve
from cranny.platform.permissions import Action
from cranny.web.responses import answer
from cranny.webhooks import endpoints, messages, shapes, signing, tables
from cranny.webhooks.lifecycle import Message
from cranny.webhooks.shapes import (
    EndpointAsked,
    EndpointChange,
    EndpointMade,
    EndpointShown,
    MessageInFull,
    MessageShown,
)
from cranny.webhooks.tables import AttemptRow, EndpointRow, MessageRow

ENDPOINTS: Final = "webhook-endpoints"
MESSAGES: Final = "webhook-messages"
OLDEST: Final = UUID(int=0)
NEWEST: Final = UUID(int=2**128 - 1)
TAGS: Final = ["webhooks"]
_ONE: Final = "/v1/webhook-endpoints/{endpoint:uuid}"

Limit = Annotated[int, QueryParameter(ge=1, le=paging.MOST, description="How many at most.")]
Asking = Request[Principal, None, Any]


def routes(
    db: Database, keyring: Keyring, cursors: paging.Cursors, guard: Guard, resolve: Resolve
) -> Sequence[ControllerRouterHandler]:
    return [
        _add(db, keyring, guard, resolve),
        *_look(db, cursors),
        *_change(db, guard, resolve),
        *_secret_and_test(db, keyring),
        *_switch(db),
        *_messages(db, cursors),
        _resend(db),
    ]


def _add(db: Database, keyring: Keyring, guard: Guard, resolve: Resolve) -> ControllerRouterHandler:
    @post(
        "/v1/webhook-endpoints",
        needs=Action.WEBHOOKS_EDIT,
        tags=TAGS,
        responses={201: answer(EndpointMade, "The endpoint, and its secret this once.", shapes.MADE)},
    )
    async def add_endpoint(
        request: Asking,
        data: Annotated[EndpointAsked, _examples(("What happens to deliveries", shapes.ASKED))],
    ) -> Response[bytes]:
        """Add an endpoint: from now on every event that it wants is POSTed to it as a CloudEvent, signed as the
        Standard Webhooks specification says, in order for each subject, again for three days until the answer is 2xx.

        Problems: `webhook-url-refused` for an address that is not on the public internet, has no TLS or an odd port,
        `webhook-name-unknown`, `too-many-endpoints`."""
        await _insist_on_outside(guard, resolve, data.url)

        async def deed(tx: Tx) -> Reply:
            row, secret = await endpoints.add(tx, keyring, data)
            return Reply(201, _made(row, secret), secret=True, location=f"/v1/webhook-endpoints/{row.id}")

        return await once(db, request, deed)

    return add_endpoint


def _look(db: Database, cursors: paging.Cursors) -> Sequence[ControllerRouterHandler]:
    @get(
        "/v1/webhook-endpoints",
        needs=Action.WEBHOOKS_READ,
        tags=TAGS,
        responses={200: answer(paging.Page[EndpointShown], "A page.", {"items": [shapes.SHOWN], "next": None})},
    )
    async def list_endpoints(
        request: Asking, after: FromQuery[str | None] = None, limit: Limit = paging.LIMIT
    ) -> Response[paging.Page[EndpointShown]]:
        """The endpoints, the oldest first, and how each is doing."""
        tenant = request.user.tenant
        place = OLDEST if after is None else UUID(cursors.read(tenant, ENDPOINTS, after)[0])
        async with db.transaction(tenant) as tx:
            found = rows.every(EndpointRow, await tx.all(tables.LIST_ENDPOINTS, tenant, place, limit + 1))
        page = paging.page(
            [shapes.endpoint(row) for row in found],
            limit,
            lambda shown: cursors.make(tenant, ENDPOINTS, [str(shown.id)]),
        )
        return paging.respond(request, page)

    @get(
        _ONE,
        needs=Action.WEBHOOKS_READ,
        tags=TAGS,
        responses={200: answer(EndpointShown, "The endpoint.", shapes.SHOWN)},
    )
    async def get_endpoint(request: Asking, endpoint: FromPath[UUID]) -> Response[EndpointShown]:
        """One endpoint, without its secret. Problem `endpoint-not-found`."""
        async with db.transaction(request.user.tenant) as tx:
            return etags.respond(shapes.endpoint(await endpoints.get(tx, endpoint)))

    return [list_endpoints, get_endpoint]


def _change(db: Database, guard: Guard, resolve: Resolve) -> Sequence[ControllerRouterHandler]:
    @patch(
        _ONE,
        needs=Action.WEBHOOKS_EDIT,
        tags=TAGS,
        responses={200: answer(EndpointShown, "The endpoint as it is now.", shapes.SHOWN)},
    )
    async def change_endpoint(
        request: Asking,
        endpoint: FromPath[UUID],
        data: Annotated[EndpointChange, _examples(("Everything, please", {"types": []}))],
    ) -> Response[EndpointShown]:
        """Change the address, what it is told of, or the description; what is left out stays. What waits goes to the
        new address. Problems `endpoint-not-found`, `webhook-url-refused`, `webhook-name-unknown`."""
        if isinstance(data.url, str):
            await _insist_on_outside(guard, resolve, data.url)
        async with db.transaction(request.user.tenant) as tx:
            etags.insist(request, shapes.endpoint(await endpoints.get(tx, endpoint, hold=True)))
            return etags.respond(shapes.endpoint(await endpoints.change(tx, endpoint, data)))

    @delete(_ONE, needs=Action.WEBHOOKS_EDIT, tags=TAGS)
    async def remove_endpoint(request: Asking, endpoint: FromPath[UUID]) -> None:
        """Remove it: nothing is sent there any more, and what waits is dropped. Problem `endpoint-not-found`."""
        async with db.transaction(request.user.tenant) as tx:
            etags.insist(request, shapes.endpoint(await endpoints.get(tx, endpoint, hold=True)))
            await endpoints.remove(tx, endpoint)

    return [change_endpoint, remove_endpoint]


def _secret_and_test(db: Database, keyring: Keyring) -> Sequence[ControllerRouterHandler]:
    @post(
        f"{_ONE}/rotate",
        needs=Action.WEBHOOKS_EDIT,
        tags=TAGS,
        status_code=200,
        responses={200: answer(EndpointMade, "The endpoint, and its new secret this once.", shapes.MADE)},
    )
    async def rotate_secret(
        request: Asking,
        endpoint: FromPath[UUID],
        data: Annotated[shapes.RotateAsked, _examples(("A day to change over", {"overlap_hours": 24}))],
    ) -> Response[bytes]:
        """Make a new secret. For `overlap_hours` messages carry two signatures, one by each secret, so that the
        receiver can change over at any moment of them. Problem `endpoint-not-found`."""

        async def deed(tx: Tx) -> Reply:
            row, secret = await endpoints.rotate(tx, keyring, endpoint, timedelta(hours=data.overlap_hours))
            return Reply(200, _made(row, secret), secret=True)

        return await once(db, request, deed)

    @post(
        f"{_ONE}/test",
        needs=Action.WEBHOOKS_EDIT,
        tags=TAGS,
        status_code=202,
        responses={202: answer(MessageShown, "The message, on its way.", {**shapes.MESSAGE, "type": "webhook.test"})},
    )
    async def test_endpoint(request: Asking, endpoint: FromPath[UUID]) -> Response[bytes]:
        """Send it a message of the type `webhook.test`, signed like all others. What came of it is at the address in
        `Location` a moment later. Problems `endpoint-not-found`, `endpoint-off`."""

        async def deed(tx: Tx) -> Reply:
            row = await messages.test(tx, await endpoints.get(tx, endpoint))
            return Reply(202, shapes.message(row), location=f"/v1/webhook-messages/{row.id}")

        return await once(db, request, deed)

    return [rotate_secret, test_endpoint]


def _switch(db: Database) -> Sequence[ControllerRouterHandler]:
    @post(
        f"{_ONE}/switch-off",
        needs=Action.WEBHOOKS_EDIT,
        tags=TAGS,
        status_code=200,
        responses={200: answer(EndpointShown, "It is off.", {**shapes.SHOWN, "state": "off"})},
    )
    async def switch_endpoint_off(request: Asking, endpoint: FromPath[UUID]) -> Response[bytes]:
        """Send nothing there until it is switched on again. Problem `endpoint-not-found`."""
        return await once(db, request, _switching(endpoint, on=False))

    @post(
        f"{_ONE}/switch-on",
        needs=Action.WEBHOOKS_EDIT,
        tags=TAGS,
        status_code=200,
        responses={200: answer(EndpointShown, "It is on.", shapes.SHOWN)},
    )
    async def switch_endpoint_on(request: Asking, endpoint: FromPath[UUID]) -> Response[bytes]:
        """Go on with what happens from now on, also after it was switched off because it had answered 410 Gone. What
        happened meanwhile is not sent; read it from `/v1/events`. Problem `endpoint-not-found`."""
        return await once(db, request, _switching(endpoint, on=True))

    return [switch_endpoint_off, switch_endpoint_on]


def _switching(endpoint: UUID, *, on: bool) -> Any:
    async def deed(tx: Tx) -> Reply:
        return Reply(200, shapes.endpoint(await endpoints.switch(tx, endpoint, on=on)))

    return deed


def _messages(db: Database, cursors: paging.Cursors) -> Sequence[ControllerRouterHandler]:
    @get(
        "/v1/webhook-messages",
        needs=Action.WEBHOOKS_READ,
        tags=TAGS,
        responses={200: answer(paging.Page[MessageShown], "A page.", {"items": [shapes.MESSAGE], "next": None})},
    )
    async def list_messages(
        request: Asking,
        endpoint: FromQuery[UUID | None] = None,
        state_: Annotated[Message | None, QueryParameter(name="state")] = None,
        after: FromQuery[str | None] = None,
        limit: Limit = paging.LIMIT,
    ) -> Response[paging.Page[MessageShown]]:
        """Messages of the last 30 days, newest first; `state=failed` for those that could not be delivered."""
        tenant = request.user.tenant
        before = NEWEST if after is None else UUID(cursors.read(tenant, MESSAGES, after)[0])
        async with db.transaction(tenant) as tx:
            if endpoint is None:
                found = await tx.all(tables.LIST_MESSAGES, tenant, before, limit + 1, state_)
            else:
                found = await tx.all(tables.LIST_MESSAGES_TO, tenant, before, limit + 1, state_, endpoint)
        page = paging.page(
            [shapes.message(row) for row in rows.every(MessageRow, found)],
            limit,
            lambda shown: cursors.make(tenant, MESSAGES, [str(shown.id)]),
        )
        return paging.respond(request, page)

    @get(
        "/v1/webhook-messages/{message:uuid}",
        needs=Action.WEBHOOKS_READ,
        tags=TAGS,
        responses={200: answer(MessageInFull, "The message.", shapes.MESSAGE_IN_FULL)},
    )
    async def get_message(request: Asking, message: FromPath[UUID]) -> MessageInFull:
        """A message and every try to deliver it: HTTP status, duration, and how the answer began. Problem
        `message-not-found`."""
        async with db.transaction(request.user.tenant) as tx:
            row = await messages.get(tx, message)
            tries = rows.every(AttemptRow, await tx.all(tables.ATTEMPTS, tx.tenant, message))
        shown = msgspec.structs.asdict(shapes.message(row))
        return MessageInFull(**shown, attempts=[shapes.attempt(one) for one in tries])

    return [list_messages, get_message]


def _resend(db: Database) -> ControllerRouterHandler:
    @post(
        "/v1/webhook-messages/{message:uuid}/resend",
        needs=Action.WEBHOOKS_EDIT,
        tags=TAGS,
        status_code=202,
        responses={202: answer(MessageShown, "The message, on its way.", {**shapes.MESSAGE, "state": "waiting"})},
    )
    async def resend_message(request: Asking, message: FromPath[UUID]) -> Response[bytes]:
        """Send a message once more, with the same id, whatever became of it before. Problems `message-not-found`,
        `endpoint-off`, `endpoint-removed`."""

        async def deed(tx: Tx) -> Reply:
            return Reply(202, shapes.message(await messages.resend(tx, message)))

        return await once(db, request, deed)

    return resend_message


async def _insist_on_outside(guard: Guard, resolve: Resolve, url: str) -> None:
    try:
        await guard.find(url, resolve)
    except OSError as error:
        raise Invalid(
            "The name in the address is not known: is it spelled right, and published?", code="webhook-name-unknown"
        ) from error


def _made(row: EndpointRow, secret: bytes) -> EndpointMade:
    return EndpointMade(**msgspec.structs.asdict(shapes.endpoint(row)), secret=signing.shown(secret))


def _examples(*shown: tuple[str, object]) -> Any:
    return Body(examples=[Example(summary=summary, value=value) for summary, value in shown])
