"""Showing once more that it is them, before somebody opens doors, reads codes, or gives powers away."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromQuery
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from cranny import people
from cranny.core.errors import Forbidden, Invalid
from cranny.pages.operator.desk import PROVE, Desk, Told, inside
from cranny.pages.operator.own import person
from cranny.pages.operator.shown import HOME
from cranny.pages.operator.signing_in import Led, site
from cranny.platform.auth import Principal
from cranny.platform.db import Tx
from cranny.platform.permissions import Action


class Typed(msgspec.Struct, frozen=True):
    code: Annotated[str, msgspec.Meta(max_length=20)]
    next: Annotated[str, msgspec.Meta(max_length=500)] = HOME


class Shown(msgspec.Struct, frozen=True):
    key: Annotated[str, msgspec.Meta(max_length=200)]
    next: Annotated[str, msgspec.Meta(max_length=500)] = HOME


def prove_routes(desk: Desk) -> list[ControllerRouterHandler]:
    return [*_ask(desk), *_by_passkey(desk), _by_code(desk), _by_key(desk)]


def _ask(desk: Desk) -> list[ControllerRouterHandler]:
    page = desk.page(Action.SELF, narrows=True)

    @get(PROVE, **page)
    async def ask(request: Told, next: FromQuery[str] = HOME) -> Response[str]:  # noqa: A002 - the address says it
        return await _asked(desk, request, inside(next))

    @post(f"{PROVE}/link", status_code=200, **page)
    async def link(request: Told) -> Response[str]:
        """A new session, begun by a link, is proven."""
        desk.insist_on("link")
        who = person(desk, request)
        async with desk.db.transaction(who.tenant) as tx:
            await people.ask_link_of(tx, who.id)
        return desk.draw(request, "sign_in_sent.html")

    return [ask, link]


def _by_passkey(desk: Desk) -> list[ControllerRouterHandler]:
    page = desk.page(Action.SELF, narrows=True)

    @post(f"{PROVE}/passkey/begin", status_code=200, sync_to_thread=False, **page)
    def begin(request: Told) -> people.PasskeyBegun:
        return people.begin_showing(desk.db, desk.keyring, site(desk, request), person(desk, request).id)

    @post(f"{PROVE}/passkey", status_code=200, **page)
    async def shown(request: Told, data: Annotated[people.PasskeyAnswer, Body()]) -> Led:
        who = person(desk, request)
        found = await people.whose_passkey(desk.db, data)
        if found is None or found.tenant != who.tenant:
            raise Invalid("This passkey is not known here.", code="passkey-invalid")
        try:
            async with desk.db.transaction(who.tenant) as tx:
                shown = await people.show_passkey(tx, desk.keyring, site(desk, request), found.ref, data)
                await _prove_as(tx, who, shown)
        except Invalid as error:
            await desk.was_not(request, who.tenant, error.code, on=f"passkeys/{found.ref}", by=who.who)
            raise
        return Led(inside(data.next))

    return [begin, shown]


def _by_code(desk: Desk) -> ControllerRouterHandler:
    @post(f"{PROVE}/code", status_code=200, **desk.page(Action.SELF, narrows=True))
    async def typed(
        request: Told, data: Annotated[Typed, Body(media_type=RequestEncodingType.URL_ENCODED)]
    ) -> Response[Any]:
        who = person(desk, request)
        desk.codes.insist(str(who.id))
        try:
            async with desk.db.transaction(who.tenant) as tx:
                good = await people.take_code(tx, desk.keyring, who.id, data.code)
                if good:
                    await _prove(tx, who)
        except (Invalid, Forbidden) as error:
            await desk.was_not(request, who.tenant, error.code, on=who.who, by=who.who)
            return await _asked(desk, request, inside(data.next), wrong=error.code)
        if not good:
            desk.codes.wrong(str(who.id))
            await desk.was_not(request, who.tenant, "code-wrong", on=who.who, by=who.who)
            return await _asked(desk, request, inside(data.next), wrong="code")
        return Redirect(inside(data.next), status_code=303)

    return typed


def _by_key(desk: Desk) -> ControllerRouterHandler:
    @post(f"{PROVE}/key", status_code=200, **desk.page(Action.SELF, narrows=True))
    async def key(
        request: Told, data: Annotated[Shown, Body(media_type=RequestEncodingType.URL_ENCODED)]
    ) -> Response[Any]:
        """A session of an API key shows the key once more."""
        who = desk.who(request)
        shown = await desk.keys.check(data.key.strip())
        if who.kind != "key" or shown is None or (shown.tenant, shown.id) != (who.tenant, who.id):
            await desk.was_not(request, who.tenant, "key-wrong", on=who.who, by=who.who)
            desk.was_wrong(request)
            return await _asked(desk, request, inside(data.next), wrong="key")
        async with desk.db.transaction(who.tenant) as tx:
            await _prove(tx, who)
        return Redirect(inside(data.next), status_code=303)

    return key


async def _prove_as(tx: Tx, who: Principal, shown: UUID) -> None:
    if shown != who.id:
        raise Invalid("This passkey is somebody else's.", code="passkey-invalid")
    await _prove(tx, who)


async def _prove(tx: Tx, who: Principal) -> None:
    if who.session is not None:
        await people.prove_session(tx, who.session)


async def _asked(desk: Desk, request: Told, back: str, wrong: str = "") -> Response[str]:
    who = desk.who(request)
    if who.kind == "key":
        return desk.draw(request, "prove_key.html", back=back, wrong=wrong)
    async with desk.db.transaction(who.tenant) as tx:
        has_passkey = bool(await people.passkeys(tx, who.id))
        has_code = await people.has_code(tx, who.id)
        elsewhere = [(str(row.id), row.name) for row in await people.proving_providers(tx, who.id)]
    ways: dict[str, Any] = {"has_passkey": has_passkey, "has_code": has_code, "elsewhere": elsewhere}
    return desk.draw(request, "prove.html", back=back, wrong=wrong, **ways)
